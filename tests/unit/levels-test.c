/* SPDX-License-Identifier: MIT */
/* hcall/balance: the levels that a guest is told, and when anybody is woken. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hcall-support.h"
#include "hcall/balance.h"

#define NONE LAB_LEVEL_NONE
#define LOW  LAB_LEVEL_LOW
#define CRIT LAB_LEVEL_CRITICAL

#define ROWS(table) (sizeof(table) / sizeof(*(table)))

/* Marks are at 100, 125 and 150 free pages. */
static void own_level(void **state)
{
	static const struct {
		uint64_t free;
		bool at_limit, dry, gone;
		enum lab_level level;
	} rows[] = {
		{126, true, true, true, NONE},
		/* At low it need not mind while a refill can come. */
		{125, false, false, false, NONE},
		{125, true, false, false, LOW},
		{125, false, true, false, LOW},
		{125, false, false, true, LOW},
		{101, false, false, false, NONE},
		{101, false, true, false, LOW},
		/* At min what comes may come too late. */
		{100, false, false, false, CRIT},
		{100, true, true, true, CRIT},
		{0, false, false, false, CRIT},
	};
	(void)state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fixture f;

		guest_make(&f, 2, 1);
		f.guest.limit = balance_held(&f.guest) + !rows[i].at_limit;
		f.guest.dry = rows[i].dry;
		f.guest.gone = rows[i].gone;
		use_up_to(&f.guest, rows[i].free);
		balance_changed(&f.guest);
		if (f.guest.events.now.own != rows[i].level)
			fail_msg("row %zu", i);
		guest_free(&f);
	}
}

/* It is about those who hold their guarantee, and may hold more. */
static void pool_level(void **state)
{
	static const struct {
		uint64_t guarantee, limit, held;
		enum lab_lease_level pool;
		enum lab_level level;
	} rows[] = {
		{4, 8, 4, LAB_LEASE_LEVEL_LOW, LOW},
		{4, 8, 6, LAB_LEASE_LEVEL_CRITICAL, CRIT},
		{4, 8, 6, LAB_LEASE_LEVEL_NONE, NONE},
		{4, 8, 3, LAB_LEASE_LEVEL_CRITICAL, NONE},
		{4, 4, 4, LAB_LEASE_LEVEL_CRITICAL, NONE},
	};
	struct fixture f;

	(void)state;
	guest_make(&f, 2, 1);
	for (size_t i = 0; i < ROWS(rows); i++) {
		f.guest.guarantee = rows[i].guarantee;
		f.guest.limit = rows[i].limit;
		/* One more is in the window. */
		f.memory.ram = (uint32_t)rows[i].held - 1;
		f.guest.pool_level = rows[i].pool;
		balance_changed(&f.guest);
		if (f.guest.events.now.pool != rows[i].level)
			fail_msg("row %zu", i);
	}
	guest_free(&f);
}

static void all_is_calm(void **state)
{
	struct fixture f;

	(void)state;
	guest_make(&f, 2, 1);
	balance_granted(&f.guest);
	balance_changed(&f.guest);
	assert_false(was_woken(&f.guest));
	guest_free(&f);
}

static void woken_once_until_it_looks(void **state)
{
	struct fixture f;
	eventfd_t count = 0;

	(void)state;
	guest_make(&f, 2, 1);
	balance_wake(&f.guest);
	balance_wake(&f.guest);
	assert_int_equal(eventfd_read(f.guest.wake, &count), 0);
	assert_int_equal(count, 1);
	balance_wake(&f.guest);
	assert_int_not_equal(eventfd_read(f.guest.wake, &count), 0);
	f.guest.woken = false;
	balance_wake(&f.guest);
	assert_true(was_woken(&f.guest));
	guest_free(&f);
}

static void woken_for_each_thing_to_do(void **state)
{
	struct lab_status page = {0};
	struct want want = {.count = 1};
	struct fixture f;

	(void)state;
	guest_make(&f, 3, 2);
	/* a refill */
	use_up_to(&f.guest, 125);
	balance_granted(&f.guest);
	assert_true(was_woken(&f.guest));
	/* which was tried */
	f.guest.held_off = true;
	balance_changed(&f.guest);
	assert_false(was_woken(&f.guest));
	/* an event, for who listens */
	event_listen(&f.guest.events, &page, sizeof(page), 60, 0);
	use_up_to(&f.guest, 100);
	balance_changed(&f.guest);
	assert_true(was_woken(&f.guest));
	balance_changed(&f.guest);
	assert_false(was_woken(&f.guest));
	/* who waits */
	want_join(&f.guest.wants, &want);
	balance_changed(&f.guest);
	assert_true(was_woken(&f.guest));
	want_leave(&f.guest.wants, &want);
	/* a line for the log */
	f.guest.failure.untold = true;
	balance_changed(&f.guest);
	assert_true(was_woken(&f.guest));
	guest_free(&f);
	/* and what can be spared. */
	guest_make(&f, 3, 2);
	f.guest.guarantee = RAM;
	balance_changed(&f.guest);
	assert_true(was_woken(&f.guest));
	guest_free(&f);
}

/* What others are granted serves nobody; who was told by an event is served. */
static void not_woken_for_who_cannot_be_served(void **state)
{
	struct want told = {.count = 1, .announced = true};
	struct want want = {.count = 1};
	struct fixture f;

	(void)state;
	guest_make(&f, 3, 2);
	want_join(&f.guest.wants, &told);
	balance_changed(&f.guest);
	assert_false(was_woken(&f.guest));
	want_join(&f.guest.wants, &want);
	balance_granted(&f.guest);
	assert_false(was_woken(&f.guest));
	balance_changed(&f.guest);
	assert_true(was_woken(&f.guest));
	guest_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_level),
		cmocka_unit_test(pool_level),
		cmocka_unit_test(all_is_calm),
		cmocka_unit_test(woken_once_until_it_looks),
		cmocka_unit_test(woken_for_each_thing_to_do),
		cmocka_unit_test(not_woken_for_who_cannot_be_served),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
