/* SPDX-License-Identifier: MIT */
/* The share of the background: counted in leases, by clocks of its own. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "broker-support.h"
#include "broker/scrubber.h"

#define LEASES	 24u
#define PIECE	 UINT64_C(1000000) /* ns that each step takes here */
#define PIECE_US (PIECE / 1000)

static uint64_t cpu_time;

/* Asked before a step and after it. */
static uint64_t cpu(void)
{
	cpu_time += PIECE;
	return cpu_time;
}

struct fixture {
	struct registry registry;
	struct account accounts[2];
	struct scrubber scrubber;
};

/* Two pools, all of both dirty. */
static int setup(void **state)
{
	static struct fixture f;
	struct err err;

	f = (struct fixture){.scrubber.budget.percent = 25};
	for (size_t i = 0; i < 2; i++) {
		struct pool *pool = make_pool(i == 0 ? "one" : "two", LEASES);
		assert_int_equal(registry_add_pool(&f.registry, pool, &err), 0);
		assert_int_equal(ledger_admit(pool_ledger(pool), &f.accounts[i],
					      1, LEASES, LEASES, &err),
				 0);
		for (uint32_t n = 0; n < LEASES; n++)
			pool_lease(pool, &f.accounts[i]);
		pool_revoke_all(pool, &f.accounts[i]);
	}
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	registry_clear(&f->registry);
	return 0;
}

static uint32_t blank(const struct fixture *f, size_t pool)
{
	return ledger_count(pool_ledger(f->registry.pools[pool]), EXTENT_BLANK);
}

/* As the loop does it, for so long. Returns how often something was done. */
static unsigned int run(struct fixture *f, uint64_t from, uint64_t us)
{
	unsigned int runs = 0;
	uint64_t now = from;

	while (now < from + us) {
		uint64_t due = scrubber_due(&f->scrubber, &f->registry, now);
		if (due > now) {
			now = due;
			continue;
		}
		scrubber_run(&f->scrubber, &f->registry, now, cpu);
		runs++;
	}
	return runs;
}

/* Of 40 pieces of time a quarter: 10 steps, 5 of each pool. */
static void stays_within_its_share(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, 5000, 40 * PIECE_US), 10);
	assert_int_equal(blank(f, 0), 5);
	assert_int_equal(blank(f, 1), 5);
}

/* What it did not use is gone: one step, and the next in its time. */
static void saves_nothing_up(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, 0, PIECE_US), 1);
	assert_int_equal(run(f, 1000 * PIECE_US, PIECE_US), 1);
	assert_int_equal(run(f, 1001 * PIECE_US, 3 * PIECE_US), 0);
	assert_int_equal(run(f, 1004 * PIECE_US, PIECE_US), 1);
}

static void all_of_a_core_is_a_share(void **state)
{
	struct fixture *f = *state;

	f->scrubber.budget.percent = 100;
	assert_int_equal(run(f, 0, 40 * PIECE_US), 40);
	f->scrubber.budget.percent = 1;
	assert_int_equal(run(f, 40 * PIECE_US, 250 * PIECE_US), 3);
}

/* Who waits, while nothing is blank, waits for no share. */
static void demand_does_not_wait(void **state)
{
	struct fixture *f = *state;
	struct pool *pool = f->registry.pools[1];
	struct waiter waiter = {0};

	assert_int_equal(run(f, 0, PIECE_US), 1); /* of the first pool */
	assert_int_equal(run(f, PIECE_US, PIECE_US), 0);
	queue_append(&pool_shortage(pool)->queue, &waiter, UINT64_MAX);
	uint64_t now = 2 * PIECE_US;
	assert_int_equal(scrubber_due(&f->scrubber, &f->registry, now), now);
	scrubber_run(&f->scrubber, &f->registry, now, cpu);
	assert_int_equal(blank(f, 1), 1);
	assert_int_equal(blank(f, 0), 1);
	/* With that it is served; the rest is nobody's hurry. */
	assert_true(scrubber_due(&f->scrubber, &f->registry, now) > now);
	queue_leave(&waiter);
}

static void ends_when_all_is_blank(void **state)
{
	struct fixture *f = *state;

	f->scrubber.budget.percent = 100;
	assert_int_equal(run(f, 0, 1000 * PIECE_US), 2 * LEASES);
	assert_int_equal(blank(f, 0), LEASES);
	assert_int_equal(blank(f, 1), LEASES);
	assert_int_equal(scrubber_due(&f->scrubber, &f->registry, 0),
			 UINT64_MAX);
	assert_true(scrubber_cpu() > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(stays_within_its_share),	TEST(saves_nothing_up),
		TEST(all_of_a_core_is_a_share), TEST(demand_does_not_wait),
		TEST(ends_when_all_is_blank),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
