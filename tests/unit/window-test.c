/* SPDX-License-Identifier: MIT */
/* mem/window: what the VMM knows for itself, whatever the guest's table says.
 */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem/window.h"

#define EXTENTS 5
#define PAGES	LAB_EXTENT_PAGES

static struct window window;
static void *table;

static int set_up(void **state)
{
	(void)state;
	table = aligned_alloc(LAB_PAGE_SIZE, share_bytes(EXTENTS));
	assert_non_null(table);
	memset(table, 0, share_bytes(EXTENTS));
	return window_init(&window, table, EXTENTS,
			   &(struct reserve){10, 20, 30});
}

static int tear_down(void **state)
{
	(void)state;
	window_fini(&window);
	free(table);
	return 0;
}

static void leases_come_and_go(void **state)
{
	uint32_t page, absent;

	(void)state;
	assert_int_equal(window.share.head->min, 10);
	assert_int_equal(window.share.head->high, 30);
	window_add(&window, 0);
	window_add(&window, 1);
	assert_int_equal(window_absent(&window, &absent), 0);
	assert_int_equal(absent, 2);
	assert_int_equal(window_grant(&window, 3, 1, 0, &page), 0);
	assert_int_equal(window_remove(&window, page / PAGES), -EBUSY);
	assert_true(window_present(&window, page / PAGES));
	assert_int_equal(window_remove(&window, 1 - page / PAGES), 0);
	assert_false(window_present(&window, 1 - page / PAGES));
	assert_int_equal(window_granted(&window), 8);
	assert_int_equal(window_unused(&window), PAGES - 8);
	/* What was taken is not present, and nothing comes there again. */
	window_lose(&window, page / PAGES);
	assert_int_equal(window_inspect(&window, page), -EACCES);
	assert_false(window_present(&window, page / PAGES));
	assert_int_equal(window_absent(&window, &absent), 0);
	assert_int_not_equal(absent, page / PAGES);
	assert_int_equal(window.leases, 0);
	assert_int_equal(window_unused(&window), 0);
	share_validate(&window.share);
}

/* The guest says that leases are there which never came. */
static void nothing_is_given_of_what_is_not_there(void **state)
{
	uint32_t page, extent, pages[8];

	(void)state;
	window_add(&window, 0);
	assert_int_equal(window_grant(&window, LAB_MAX_ORDER, 1, 0, &page), 0);
	for (uint32_t i = 1; i < EXTENTS; i++)
		share_add(&window.share, i);
	assert_int_equal(window_grant(&window, 0, 1, 0, &page), -ENOMEM);
	assert_int_equal(window_grant(&window, 2, 8, 0, pages), -ENOMEM);
	assert_int_equal(window_spare(&window, &extent), -ENOENT);
	assert_int_equal(window_inspect(&window, PAGES), -EACCES);
	assert_int_equal(window_absent(&window, &extent), 0);
	assert_int_equal(extent, 1);
	assert_true(window_unused(&window) <= PAGES);
	assert_true(window_granted(&window) <= PAGES);
	assert_true(window_spares(&window) <= 1);
	/* One that comes there in earnest is as good as any. */
	window_add(&window, 1);
	assert_true(window_present(&window, 1));
}

/* Counts out of nowhere: never more than the leases have. */
static void counts_have_their_bounds(void **state)
{
	static const int64_t values[] = {INT64_MIN, -1, 0, 1, INT64_MAX};

	(void)state;
	window_add(&window, 0);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		window.share.head->unused = values[i];
		window.share.head->spares = values[i];
		window.share.head->shut = values[i];
		window.share.head->leases = values[i];
		assert_true(window_unused(&window) <= PAGES);
		assert_true(window_granted(&window) <= PAGES);
		assert_true(window_spares(&window) <= 1);
	}
}

/* Is what fits what there is room for, for each order and count? */
static void check_fits(void)
{
	for (unsigned order = 0; order <= LAB_MAX_ORDER; order++) {
		uint64_t room = share_room(&window.share, order);

		for (uint64_t n = 1; n <= LAB_BULK_MAX; n++) {
			bool enough = n <= room &&
				      n << order <= window_unused(&window);
			if (window_fits(&window, order, n, 0) != enough)
				fail_msg("order %u, %llu", order,
					 (unsigned long long)n);
		}
	}
}

static void fits_what_there_is_room_for(void **state)
{
	static uint32_t pages[EXTENTS * PAGES];
	unsigned count = 0, chance = 1;

	(void)state;
	for (uint32_t i = 0; i < EXTENTS; i++)
		window_add(&window, i);
	check_fits();
	/* By processors as well, who hold what they work in. */
	while (share_grant(&window.share, &window.share.cpus[count % 2], 0, 0,
			   &pages[count]) == 0)
		count++;
	check_fits();
	while (count > 0) {
		uint32_t page = pages[--count];

		chance = chance * 1103515245 + 12345;
		if (chance >> 16 & 1)
			continue;
		assert_int_equal(share_release(&window.share,
					       &window.share.cpus[0], page, 0),
				 0);
		if (count % 64 == 0)
			check_fits();
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(leases_come_and_go),
		TEST(nothing_is_given_of_what_is_not_there),
		TEST(counts_have_their_bounds),
		TEST(fits_what_there_is_room_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
