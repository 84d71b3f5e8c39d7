/* SPDX-License-Identifier: MIT */
/* Extents that no more grants come from: what is in them, and how they end. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "share-support.h"

#define PAGES	LAB_EXTENT_PAGES
#define EXTENTS 3

static int setup(void **state)
{
	struct share *table = table_new(EXTENTS);

	*state = table;
	for (uint32_t i = 0; table != NULL && i < EXTENTS; i++)
		share_add(table, i);
	return table == NULL;
}

static int teardown(void **state)
{
	share_validate(*state);
	table_free(*state);
	return 0;
}

static uint32_t grant(struct share *table, unsigned order)
{
	uint32_t page;

	assert_int_equal(share_grant(table, NULL, order, 0, &page), 0);
	return page;
}

static void release(struct share *table, uint32_t page, unsigned order)
{
	assert_int_equal(share_check_release(table, page, order), 0);
	assert_int_equal(share_release(table, NULL, page, order), 0);
}

/* Of three extents one is closed, though it has just the block that fits. */
static void no_grant_comes_from_it(void **state)
{
	struct share *table = *state;
	uint32_t page = grant(table, 3), at = page / PAGES;

	share_close(table, at);
	share_validate(table);
	assert_true(table_present(table, at));
	assert_int_equal(share_leases(table), 3);
	assert_int_equal(share_spares(table), 2);
	assert_int_equal(share_unused(table), 2 * PAGES);
	assert_int_equal(share_granted(table), 8);
	assert_int_equal(share_room(table, 3), 2 * PAGES / 8);
	for (int i = 0; i < 2 * PAGES; i++)
		assert_int_not_equal(grant(table, 0) / PAGES, at);
	uint32_t none;
	assert_int_equal(share_grant(table, NULL, 0, 0, &none), -ENOMEM);
	assert_int_equal(share_spare(table, &none), -ENOENT);
	assert_int_equal(share_inspect(table, page), 3);
}

static void what_is_granted_is_released_as_ever(void **state)
{
	struct share *table = *state;
	uint32_t page = grant(table, 3), other = grant(table, 0);
	uint32_t at = page / PAGES;

	assert_int_equal(other / PAGES, at);
	share_close(table, at);
	assert_false(share_idle(table, at));
	release(table, page, 3);
	assert_int_equal(share_check_release(table, page, 3), -ESTALE);
	share_validate(table);
	assert_false(share_idle(table, at));
	assert_int_equal(share_unused(table), 2 * PAGES);
	release(table, other, 0);
	assert_true(share_idle(table, at));
	assert_int_equal(share_spares(table), 2);
	assert_int_equal(share_granted(table), 0);
	share_validate(table);
	assert_int_equal(share_remove(table, at), 0);
	assert_int_equal(share_leases(table), 2);
	/* What comes there next is open. */
	share_add(table, at);
	assert_int_equal(share_spares(table), 3);
}

static void it_may_be_opened_again(void **state)
{
	struct share *table = *state;
	uint32_t page = grant(table, 3), at = page / PAGES;

	for (int i = 0; i < 2; i++) {
		share_close(table, at);
		share_close(table, at);
		share_validate(table);
		share_open(table, at);
		share_open(table, at);
		share_validate(table);
	}
	assert_int_equal(share_unused(table), 3 * PAGES - 8);
	assert_int_equal(grant(table, 0) / PAGES, at);
}

static void it_may_be_lost(void **state)
{
	struct share *table = *state;
	uint32_t page = grant(table, 3), at = page / PAGES;

	share_close(table, at);
	share_lose(table, at);
	share_validate(table);
	assert_false(table_present(table, at));
	assert_int_equal(share_granted(table), 0);
	assert_int_equal(share_unused(table), 2 * PAGES);
	assert_int_equal(share_check_release(table, page, 3), -EACCES);
}

/* Grants, releases, closings and openings at random: the books stay right. */
static void a_random_walk_stays_valid(void **state)
{
	struct share *table = *state;
	static struct {
		uint32_t page;
		unsigned order;
	} held[EXTENTS * PAGES];
	unsigned count = 0;

	srand(1);
	for (int i = 0; i < 30000; i++) {
		unsigned order = (unsigned)rand() % 5;
		uint32_t at = (uint32_t)rand() % EXTENTS, page;

		switch (rand() % 8) {
		case 0:
			share_close(table, at);
			break;
		case 1:
			share_open(table, at);
			break;
		case 2 ... 5:
			if (share_grant(table, NULL, order, 0, &page) < 0)
				break;
			held[count].page = page;
			held[count++].order = order;
			break;
		default:
			if (count == 0)
				break;
			unsigned which = (unsigned)rand() % count--;
			release(table, held[which].page, held[which].order);
			held[which] = held[count];
		}
		if (i % 16 == 0)
			share_validate(table);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_grant_comes_from_it),
		TEST(what_is_granted_is_released_as_ever),
		TEST(it_may_be_opened_again),
		TEST(it_may_be_lost),
		TEST(a_random_walk_stays_valid),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
