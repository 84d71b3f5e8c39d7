/* SPDX-License-Identifier: MIT */
/* hcall/balance: what a guest needs, what it can spare, and who is woken. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hcall-support.h"
#include "hcall/balance.h"

#define PAGES LAB_EXTENT_PAGES
#define NONE  LAB_LEASE_LEVEL_NONE
#define LOW   LAB_LEASE_LEVEL_LOW
#define DRY   LAB_LEASE_LEVEL_CRITICAL

#define ROWS(table) (sizeof(table) / sizeof(*(table)))

static void fits_what_leaves_the_floor(void **state)
{
	static const struct {
		unsigned int order;
		uint64_t count;
		uint32_t floor;
		bool fits;
	} rows[] = {
		/* Two extents, of each of which a page is taken. */
		{0, 1, 0, true},
		{0, 1022, 0, true},
		{0, 1023, 0, false},
		{0, 1022, 1, false},
		{0, 922, 100, true},
		{0, 923, 100, false},
		{8, 2, 100, true},
		{8, 2, 510, true},
		{8, 2, 511, false},
		/* Enough pages, but not in one piece. */
		{8, 3, 0, false},
		{9, 1, 0, false},
	};
	struct fixture f;

	(void)state;
	guest_make(&f, 4, 2);
	use_up_to(&f.guest, PAGES - 1);
	for (uint32_t extent = 0; extent < 2; extent++)
		for (uint32_t i = 1; i < PAGES; i++)
			if (window_inspect(f.guest.window,
					   extent * PAGES + i) == 0)
				release_one(f.guest.window, extent * PAGES + i,
					    0);
	for (size_t i = 0; i < ROWS(rows); i++)
		if (balance_fits(&f.guest, rows[i].order, rows[i].count,
				 rows[i].floor) != rows[i].fits)
			fail_msg("row %zu", i);
	guest_free(&f);
}

static void at_its_limit_or_out_of_memory(void **state)
{
	struct fixture f;

	(void)state;
	guest_make(&f, 3, 2);
	assert_false(balance_at_limit(&f.guest));
	assert_int_equal(balance_dry(&f.guest), -ENOMEM);
	f.guest.limit = balance_held(&f.guest);
	assert_true(balance_at_limit(&f.guest));
	assert_int_equal(balance_dry(&f.guest), -EDQUOT);
	/* Nor is there room beyond the window. */
	f.guest.limit = 100;
	window_add(f.guest.window, 2);
	assert_true(balance_at_limit(&f.guest));
	guest_free(&f);
}

/* What the VMM maps has nothing to say here: it is mapped before it can be
 * granted from, and still when it no longer can. */
static void holds_what_it_can_be_granted_from(void **state)
{
	struct fixture f;

	(void)state;
	guest_make(&f, 3, 1);
	f.guest.limit = RAM + 2;
	f.memory.held = RAM + 2;
	assert_int_equal(balance_held(&f.guest), RAM + 1);
	assert_false(balance_at_limit(&f.guest));
	window_add(f.guest.window, 1);
	assert_int_equal(balance_held(&f.guest), RAM + 2);
	assert_true(balance_at_limit(&f.guest));
	window_remove(f.guest.window, 0);
	assert_false(balance_at_limit(&f.guest));
	guest_free(&f);
}

static void wants_a_refill(void **state)
{
	static const struct {
		bool refilling, held_off, gone, at_limit, above_guarantee;
		enum lab_lease_level pool;
		bool wants;
	} rows[] = {
		{true, false, false, false, false, NONE, true},
		{false, false, false, false, false, NONE, false},
		{true, true, false, false, false, NONE, false},
		{true, false, true, false, false, NONE, false},
		{true, false, false, true, false, NONE, false},
		/* Pressure is for those above their guarantee. */
		{true, false, false, false, false, DRY, true},
		{true, false, false, false, true, NONE, true},
		{true, false, false, false, true, LOW, false},
		{true, false, false, false, true, DRY, false},
	};
	struct fixture f;

	(void)state;
	guest_make(&f, 4, 2);
	for (size_t i = 0; i < ROWS(rows); i++) {
		f.guest.refilling = rows[i].refilling;
		f.guest.held_off = rows[i].held_off;
		f.guest.gone = rows[i].gone;
		f.guest.pool_level = rows[i].pool;
		f.guest.limit = balance_held(&f.guest) + !rows[i].at_limit;
		f.guest.guarantee =
			balance_held(&f.guest) + !rows[i].above_guarantee;
		if (balance_wants_refill(&f.guest) != rows[i].wants)
			fail_msg("row %zu", i);
	}
	guest_free(&f);
}

/* Of 3 extents that it holds, what is to spare; marks.high is 150. */
static void has_a_surplus(void **state)
{
	static const struct {
		uint64_t guarantee; /* of the window */
		uint64_t free;	    /* pages, by grants of single pages */
		uint64_t reclaim;
		enum lab_lease_level level;
		bool spare;
	} rows[] = {
		{0, 3 * PAGES, 0, NONE, true},
		{2, 3 * PAGES, 0, NONE, true},
		{3, 3 * PAGES, 0, NONE, false},
		{0, 2 * PAGES, 0, NONE, true},
		/* One stays, so that it does not flap; unless it lies idle */
		{0, PAGES + 200, 0, NONE, false},
		{0, PAGES + 200, 1, LOW, true},
		/* and is more than the high mark */
		{0, PAGES + 149, 1, LOW, false},
		{0, PAGES + 150, 1, LOW, true},
		/* or another guest waits for it. */
		{0, PAGES, 1, DRY, true},
		{2, PAGES, 1, DRY, true},
		{3, PAGES, 1, DRY, false},
		{0, PAGES - 1, 1, DRY, false},
	};
	(void)state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fixture f;

		guest_make(&f, 4, 3);
		use_up_to(&f.guest, rows[i].free);
		f.guest.guarantee = RAM + rows[i].guarantee;
		f.guest.reclaim = rows[i].reclaim;
		f.guest.reclaim_level = rows[i].level;
		if (balance_has_surplus(&f.guest) != rows[i].spare)
			fail_msg("row %zu", i);
		guest_free(&f);
	}
}

static void who_waits_has_nothing_to_spare(void **state)
{
	struct fixture f;
	struct want want = {.order = 0, .count = 1};
	struct want settles = {.count = 0};

	(void)state;
	guest_make(&f, 4, 3);
	f.guest.guarantee = RAM;
	want_join(&f.guest.wants, &settles);
	assert_true(balance_has_surplus(&f.guest));
	want_join(&f.guest.wants, &want);
	assert_false(balance_has_surplus(&f.guest));
	want_leave(&f.guest.wants, &want);
	assert_true(balance_has_surplus(&f.guest));
	guest_free(&f);
}

static void above_its_limit_it_keeps_nothing_to_spare(void **state)
{
	struct fixture f;

	(void)state;
	guest_make(&f, 4, 3);
	f.guest.guarantee = 1;
	f.guest.limit = 4;
	use_up_to(&f.guest, PAGES); /* two are free: one is kept, as a rule */
	balance_changed(&f.guest);
	f.guest.limit = 2;
	assert_true(balance_at_limit(&f.guest));
	assert_true(balance_has_surplus(&f.guest));
	balance_changed(&f.guest);
	assert_int_equal(f.guest.own_level, LAB_LEVEL_NONE);
	assert_int_equal(f.guest.events.now.level, LAB_LEVEL_CRITICAL);
	guest_free(&f);
}

/* From low on until high: down through one extent of pages, and up again. */
static void refills_between_the_marks(void **state)
{
	static const struct {
		uint64_t free;
		bool refilling;
	} rows[] = {{151, false}, {149, false}, {126, false}, {125, true}};
	struct fixture f;
	uint32_t page;

	(void)state;
	guest_make(&f, 2, 1);
	for (size_t i = 0; i < ROWS(rows); i++) {
		use_up_to(&f.guest, rows[i].free);
		balance_granted(&f.guest);
		assert_int_equal(f.guest.refilling, rows[i].refilling);
	}
	for (page = 0; window_unused(f.guest.window) < 150; page++) {
		assert_true(f.guest.refilling);
		release_one(f.guest.window, page, 0);
		balance_changed(&f.guest);
	}
	assert_false(f.guest.refilling);
	guest_free(&f);
}

static void a_grant_below_low_asks_again(void **state)
{
	struct fixture f;

	(void)state;
	guest_make(&f, 2, 1);
	use_up_to(&f.guest, 126);
	f.guest.held_off = true;
	balance_granted(&f.guest);
	assert_true(f.guest.held_off);
	use_up_to(&f.guest, 125);
	balance_changed(&f.guest);
	assert_true(f.guest.held_off);
	balance_granted(&f.guest);
	assert_false(f.guest.held_off);
	guest_free(&f);
}

/* Of 3 extents that it holds; marks are at 100, 125 and 150 free pages. */
static void arms_for_what_it_would_want_to_know(void **state)
{
	static const struct {
		uint64_t guarantee; /* of the window */
		uint64_t free;
		uint64_t reclaim;
		enum lab_lease_level level;
		bool held_off, waits;
		bool low, release;
		int64_t release_at, spares_at;
	} rows[] = {
		/* Well off: below low alone. */
		{3, 1536, 0, NONE, false, false, true, false, 0, 0},
		/* Above its guarantee it may come to have a surplus, */
		{0, 1536, 0, NONE, false, false, true, true, 662, 2},
		{0, 1536, 1, LOW, false, false, true, true, 662, 1},
		/* which goes at once where another guest waits for it. */
		{0, 1536, 1, DRY, false, false, true, true, 0, 1},
		{3, 1536, 1, DRY, false, false, true, false, 0, 0},
		/* Who waits may be served by any release. */
		{3, 1536, 0, NONE, false, true, true, true, 0, 0},
		/* Below low it gets more until high, and is asked no more, */
		{3, 125, 0, NONE, false, false, false, true, 150, 0},
		/* but where none came each grant asks again. */
		{3, 125, 0, NONE, true, false, true, true, 150, 0},
	};
	(void)state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct want want = {.order = 0, .count = 5000};
		struct fixture f;

		guest_make(&f, 4, 3);
		use_up_to(&f.guest, rows[i].free);
		f.guest.guarantee = RAM + rows[i].guarantee;
		f.guest.reclaim = rows[i].reclaim;
		f.guest.reclaim_level = rows[i].level;
		f.guest.held_off = rows[i].held_off;
		if (rows[i].waits)
			want_join(&f.guest.wants, &want);
		balance_look(&f.guest);
		const struct lab_share *words = f.window.share.head;
		if (words->arm_low != rows[i].low || words->low_at != 125 ||
		    words->arm_release != rows[i].release)
			fail_msg("row %zu: armed", i);
		if (rows[i].release &&
		    (words->release_at != rows[i].release_at ||
		     words->spares_at != rows[i].spares_at))
			fail_msg("row %zu: marks", i);
		guest_free(&f);
	}
}

/* A guest that took the word has granted below low. */
static void a_kick_below_low_asks_again(void **state)
{
	struct fixture f;

	(void)state;
	guest_make(&f, 2, 1);
	use_up_to(&f.guest, 120);
	f.guest.held_off = true;
	balance_look(&f.guest);
	assert_true(f.guest.held_off);
	f.window.share.head->arm_low = 0;
	f.window.share.head->kicker = 77;
	balance_look(&f.guest);
	assert_false(f.guest.held_off);
	assert_int_equal(f.guest.mover, 0);
	guest_free(&f);
}

/* What comes and goes next counts for who kicked, if it was asked to. */
static void a_kick_names_who_moved_the_books(void **state)
{
	struct fixture f;

	(void)state;
	guest_make(&f, 3, 3);
	f.guest.cpus = 4;
	f.guest.guarantee = RAM;
	balance_look(&f.guest);
	struct lab_share *words = f.window.share.head;
	words->kicker = 3;
	balance_look(&f.guest);
	assert_int_equal(f.guest.mover, 0);
	assert_int_equal(words->arm_release, 1);
	words->arm_release = 0;
	balance_look(&f.guest);
	assert_int_equal(f.guest.mover, 3);
	words->arm_low = 0;
	words->kicker = 2;
	balance_look(&f.guest);
	assert_int_equal(f.guest.mover, 2);
	words->arm_low = 0;
	words->kicker = 4;
	balance_look(&f.guest);
	assert_int_equal(f.guest.mover, 2);
	guest_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits_what_leaves_the_floor),
		cmocka_unit_test(at_its_limit_or_out_of_memory),
		cmocka_unit_test(holds_what_it_can_be_granted_from),
		cmocka_unit_test(wants_a_refill),
		cmocka_unit_test(has_a_surplus),
		cmocka_unit_test(who_waits_has_nothing_to_spare),
		cmocka_unit_test(above_its_limit_it_keeps_nothing_to_spare),
		cmocka_unit_test(refills_between_the_marks),
		cmocka_unit_test(a_grant_below_low_asks_again),
		cmocka_unit_test(arms_for_what_it_would_want_to_know),
		cmocka_unit_test(a_kick_below_low_asks_again),
		cmocka_unit_test(a_kick_names_who_moved_the_books),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
