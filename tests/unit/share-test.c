/* SPDX-License-Identifier: MIT */
/* The page allocator against a model with a byte for each page. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/resource.h>

#include "share-model.h"

static void an_empty_window_has_nothing(void **state)
{
	struct share *none = table_new(0);
	uint32_t n = 7;

	(void)state;
	assert_non_null(none);
	assert_int_equal(share_grant(none, cpu, 0, 0, &n), -ENOMEM);
	assert_int_equal(share_spare(none, &n), -ENOENT);
	assert_int_equal(n, 7);
	share_validate(none);
	table_free(none);
	table_free(NULL);
}

static void every_errno_of_a_release(void **state)
{
	(void)state;
	assert_int_equal(share_check_release(table, 0, 0), -EACCES);
	assert_int_equal(share_inspect(table, 0), -EACCES);
	add(0);
	assert_int_equal(share_check_release(table, 0, 0), -ENOENT);
	assert_int_equal(share_inspect(table, 0), -ENOENT);
	assert_int_equal(grant(3), 0);
	assert_int_equal(share_inspect(table, 7), 3);
	assert_int_equal(share_inspect(table, 8), -ENOENT);
	assert_int_equal(release(0, 2), -EMSGSIZE);
	assert_int_equal(release(0, 4), -EMSGSIZE);
	assert_int_equal(release(4, 2), -ENOENT);
	assert_int_equal(release(0, 3), 0);
	assert_int_equal(release(0, 3), -ESTALE);
	assert_int_equal(release(0, 0), -ESTALE);
	compare();
	/* What was released is forgotten when another grant covers it. */
	assert_int_equal(grant(0), 0);
	assert_int_equal(grant(0), 1);
	assert_int_equal(release(0, 0), 0);
	assert_int_equal(release(1, 0), 0);
	assert_int_equal(release(1, 0), -ESTALE);
	assert_int_equal(grant(1), 0);
	assert_int_equal(release(1, 0), -ENOENT);
	assert_int_equal(release(0, 1), 0);
	/* And when the lease leaves. */
	remove_extent(0);
	assert_int_equal(share_check_release(table, 0, 1), -EACCES);
	add(0);
	assert_int_equal(share_check_release(table, 0, 1), -ENOENT);
	compare();
}

/* Fill an extent with one order, release each in turn, grant it again. */
static void every_block_of_every_order(void **state)
{
	(void)state;
	add(2);
	for (unsigned k = 0; k < ORDERS; k++) {
		for (uint32_t at = 0; at < PAGES; at += 1u << k)
			assert_int_equal(grant(k), 2 * PAGES + at);
		compare();
		for (unsigned other = 0; other < ORDERS; other++)
			assert_int_equal(grant(other), -ENOMEM);
		for (uint32_t at = 0; at < PAGES; at += 1u << k) {
			assert_int_equal(release(2 * PAGES + at, k), 0);
			share_validate(table);
			assert_int_equal(grant(k), 2 * PAGES + at);
			share_validate(table);
		}
		for (uint32_t at = 0; at < PAGES; at += 1u << k)
			assert_int_equal(release(2 * PAGES + at, k), 0);
		compare();
	}
}

/*
 * Eight neighbours of each order up to 2^6 pages, in each of their 256
 * patterns of free and held: every order finds what the model finds.
 */
static void every_pattern_of_neighbours(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 7 * 256; i++) {
		unsigned size = i / 256;
		unsigned pattern = i % 256;

		add(0);
		for (uint32_t at = 0; at < 8; at++)
			assert_int_equal(grant(size), at << size);
		for (uint32_t at = 0; at < 8; at++)
			if (pattern >> at & 1)
				release(at << size, size);
		for (unsigned k = 0; k < ORDERS; k++) {
			int64_t page = grant(k);

			share_validate(table);
			if (page >= 0)
				release((uint32_t)page, k);
			share_validate(table);
		}
		for (uint32_t at = 0; at < 8; at++)
			if (!(pattern >> at & 1))
				release(at << size, size);
		remove_extent(0);
	}
}

static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1;
	return (uint32_t)(random_state >> 33) % bound;
}

/* Small orders more often, so that extents get crumbled. */
static unsigned random_order(void)
{
	unsigned order = random_below(ORDERS);

	return random_below(3) ? order / 3 : order;
}

static void random_lease(void)
{
	uint32_t extent = 0;

	if (random_below(2)) {
		while (extent < EXTENTS && model_present(extent))
			extent++;
		if (extent < EXTENTS)
			add(extent);
	} else if (share_spare(table, &extent) == 0) {
		assert_int_equal(model_largest(extent), LAB_MAX_ORDER);
		remove_extent(extent);
	} else {
		assert_int_equal(share_spares(table), 0);
	}
}

static void random_release(void)
{
	uint32_t page = random_below(EXTENTS * PAGES);
	int held = model_inspect(page);
	unsigned order = held >= 0 ? (unsigned)held : random_order();

	if (random_below(10) == 0)
		order = random_order();
	release(page - page % (1u << order), order);
}

static void a_random_walk_agrees_with_the_model(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 4; seed++) {
		random_state = seed;
		for (unsigned step = 0; step < 20000; step++) {
			/* Long tides of mostly grants, mostly releases. */
			uint32_t tide = step / 1500 % 2 ? 60 : 35;
			uint32_t what = random_below(100);

			if (what < 1)
				random_lease();
			else if (what < tide)
				grant(random_order());
			else
				random_release();
			share_validate(table);
			if (step % 500 == 0)
				compare();
		}
	}
}

static void a_bulk_grant_is_whole_or_not_at_all(void **state)
{
	uint32_t pages[2 * PAGES];

	(void)state;
	memset(pages, 0xff, sizeof(pages));
	add(0);
	add(3);
	for (unsigned k = 0; k < ORDERS; k++) {
		/* A hole, a crumb of the past, and one block too many. */
		uint32_t crumb = (uint32_t)grant(0);
		unsigned room = (unsigned)share_room(table, k);

		assert_int_equal(
			share_grant_bulk(table, cpu, k, room + 1, 0, pages),
			-ENOMEM);
		compare();
		assert_int_equal(
			share_grant_bulk(table, cpu, k, room, 0, pages), 0);
		for (unsigned i = 0; i < room; i++)
			model_grant(pages[i], k);
		compare();
		assert_int_equal(
			share_check_release_bulk(table, k, room, pages), 0);
		compare();
		for (unsigned i = 0; i < room; i++)
			assert_int_equal(release(pages[i], k), 0);
		release(crumb, 0);
		memset(pages, 0xff, sizeof(pages));
	}
}

static void a_bulk_release_answers_for_the_first_wrong_one(void **state)
{
	uint32_t pages[4];

	(void)state;
	add(0);
	for (unsigned k = 0; k < 4; k++) {
		for (unsigned i = 0; i < 4; i++)
			pages[i] = (uint32_t)grant(k);
		uint32_t third = pages[2];

		pages[2] = pages[0]; /* the same twice */
		assert_int_equal(share_check_release_bulk(table, k, 4, pages),
				 -ESTALE);
		compare();
		pages[2] = PAGES; /* no lease there */
		assert_int_equal(share_check_release_bulk(table, k, 4, pages),
				 -EACCES);
		compare();
		pages[2] = PAGES - 16; /* never granted */
		assert_int_equal(share_check_release_bulk(table, k, 4, pages),
				 -ENOENT);
		compare();
		pages[2] = third;
		assert_int_equal(release(pages[1], k), 0);
		assert_int_equal(share_check_release_bulk(table, k, 4, pages),
				 -ESTALE);
		for (unsigned i = 0; i < 4; i++)
			release(pages[i], k);
		compare();
	}
}

static void whole_extents_stay_free(void **state)
{
	uint32_t spare;

	(void)state;
	for (uint32_t e = 0; e < EXTENTS; e++)
		add(e);
	for (unsigned i = 0; i < PAGES; i++)
		grant(0);
	assert_int_equal(share_spares(table), EXTENTS - 1);
	grant(0);
	assert_int_equal(share_spares(table), EXTENTS - 2);
	assert_int_equal(share_spare(table, &spare), 0);
	remove_extent(spare);
	compare();
}

/* 4 GiB of pages, each a grant of its own, then each released. */
static void a_million_pages(void **state)
{
	const uint32_t extents = 2048;
	struct share *window = table_new(extents);
	uint32_t *pages = calloc(extents * PAGES, sizeof(*pages));

	(void)state;
	assert_non_null(window);
	assert_non_null(pages);
	for (uint32_t e = 0; e < extents; e++)
		share_add(window, e);
	for (uint32_t i = 0; i < extents * PAGES; i++)
		assert_int_equal(share_grant(window, cpu, 0, 0, &pages[i]), 0);
	assert_int_equal(share_grant(window, cpu, 0, 0, pages), -ENOMEM);
	assert_int_equal(share_granted(window), 1048576);
	share_validate(window);
	for (uint32_t i = 0; i < extents * PAGES; i++) {
		uint32_t page = pages[(i * 641u) % (extents * PAGES)];

		assert_int_equal(share_release(window, cpu, page, 0), 0);
	}
	assert_int_equal(share_spares(window), extents);
	share_validate(window);
	table_free(window);
	free(pages);
}

static long page_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/*
 * A window of 1 TiB has 70 MiB of metadata. What is never used of it is never
 * looked at: each page of it that was would be a page fault.
 */
static void a_large_window_costs_what_is_used_of_it(void **state)
{
	struct share *window = table_new(SHARE_MAX_EXTENTS);
	uint32_t last = SHARE_MAX_EXTENTS - 1;
	uint32_t page[20];

	(void)state;
	assert_non_null(window);
	/* 138 bytes for each extent. */
	assert_true(share_bytes(SHARE_MAX_EXTENTS) <=
		    SHARE_MAX_EXTENTS * UINT64_C(138));
	long before = page_faults();

	share_add(window, 0);
	share_add(window, last);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(share_grant(window, cpu, i % 8, 0, &page[i]),
				 0);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(share_inspect(window, page[i]), i % 8);
	for (unsigned i = 0; i < 20; i++)
		share_release(window, cpu, page[i], i % 8);
	assert_int_equal(share_spares(window), 2);
	assert_int_equal(share_remove(window, 0), 0);
	assert_int_equal(share_remove(window, last), 0);
#ifndef SANITIZED /* whose shadow has faults of its own */
	assert_true(page_faults() - before < 100);
#else
	(void)before;
#endif
	table_free(window);
}

/* A lease that was taken: nothing of it is granted or free, nothing comes there
 * again, and the others are as they were. */
static void a_lost_extent_is_gone(void **state)
{
	struct share *window = table_new(3);
	uint32_t page[2];
	(void)state;

	share_add(window, 0);
	share_add(window, 1);
	assert_int_equal(share_grant(window, cpu, 3, 0, &page[0]), 0);
	assert_int_equal(share_grant(window, cpu, LAB_MAX_ORDER, 0, &page[1]),
			 0);
	uint32_t lost = page[0] / LAB_EXTENT_PAGES;
	assert_false(share_idle(window, lost));
	share_lose(window, lost);
	share_validate(window);
	assert_false(table_present(window, lost));
	assert_int_equal(share_leases(window), 1);
	assert_int_equal(share_granted(window), LAB_EXTENT_PAGES);
	assert_int_equal(share_unused(window), 0);
	assert_int_equal(share_inspect(window, page[0]), -EACCES);
	assert_int_equal(share_check_release(window, page[0], 3), -EACCES);
	share_add(window, 2);
	assert_true(share_idle(window, 2));
	assert_int_equal(share_release(window, cpu, page[1], LAB_MAX_ORDER), 0);
	share_validate(window);
	table_free(window);
}

int main(void)
{
#define MODEL(test) \
	cmocka_unit_test_setup_teardown(test, model_setup, model_teardown)
#define HELD(test) \
	cmocka_unit_test_setup_teardown(test, model_setup_cpu, model_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_window_has_nothing),
		MODEL(every_errno_of_a_release),
		MODEL(every_block_of_every_order),
		MODEL(every_pattern_of_neighbours),
		MODEL(a_random_walk_agrees_with_the_model),
		MODEL(a_bulk_grant_is_whole_or_not_at_all),
		MODEL(a_bulk_release_answers_for_the_first_wrong_one),
		MODEL(whole_extents_stay_free),
		HELD(every_errno_of_a_release),
		HELD(every_pattern_of_neighbours),
		HELD(a_random_walk_agrees_with_the_model),
		HELD(a_bulk_grant_is_whole_or_not_at_all),
		HELD(a_bulk_release_answers_for_the_first_wrong_one),
		cmocka_unit_test(a_million_pages),
		cmocka_unit_test(a_large_window_costs_what_is_used_of_it),
		cmocka_unit_test(a_lost_extent_is_gone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
