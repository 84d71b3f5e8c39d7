/* SPDX-License-Identifier: MIT */
/* Whom to ask: in proportion, the largest first, nobody for too much. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "broker/recall.h"

static void in_proportion(void **state)
{
	struct recall holders[] = {
		{.excess = 10}, {.excess = 30}, {.excess = 20}};

	(void)state;
	recall_share(holders, 3, 6);
	assert_int_equal(holders[0].excess, 30);
	assert_int_equal(holders[0].ask, 3);
	assert_int_equal(holders[1].excess, 20);
	assert_int_equal(holders[1].ask, 2);
	assert_int_equal(holders[2].ask, 1);
}

static void what_does_not_divide_from_the_largest(void **state)
{
	struct recall holders[] = {{.excess = 2}, {.excess = 5}};

	(void)state;
	recall_share(holders, 2, 1);
	assert_int_equal(holders[0].excess, 5);
	assert_int_equal(holders[0].ask, 1);
	assert_int_equal(holders[1].ask, 0);
}

static void the_deaf_last(void **state)
{
	struct recall holders[] = {{.excess = 9, .deaf = true}, {.excess = 2}};

	(void)state;
	recall_share(holders, 2, 2);
	assert_int_equal(holders[0].excess, 2);
	assert_int_equal(holders[0].ask, 2);
	assert_int_equal(holders[1].ask, 0);
	recall_share(holders, 2, 5);
	assert_int_equal(holders[0].ask, 2);
	assert_int_equal(holders[1].ask, 3);
}

/* Over many mixes: the sum is right, and nobody is asked for too much. */
static void never_too_much(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct recall holders[8];
		uint64_t all = 0, asked = 0;
		random = random * 1664525 + 1013904223;
		size_t count = random >> 29;
		for (size_t i = 0; i < count; i++) {
			random = random * 1664525 + 1013904223;
			holders[i] = (struct recall){
				.excess = (random >> 8) >> (random >> 27),
				.deaf = random >> 31,
			};
			all += holders[i].excess;
		}
		random = random * 1664525 + 1013904223;
		uint32_t want = random >> (random >> 27 & 31);
		recall_share(holders, count, want);
		for (size_t i = 0; i < count; i++) {
			assert_true(holders[i].ask <= holders[i].excess);
			asked += holders[i].ask;
		}
		assert_int_equal(asked, want < all ? want : all);
	}
}

static void the_largest_numbers(void **state)
{
	struct recall holders[] = {{.excess = UINT32_MAX},
				   {.excess = UINT32_MAX}};

	(void)state;
	recall_share(holders, 2, UINT32_MAX);
	assert_int_equal((uint64_t)holders[0].ask + holders[1].ask, UINT32_MAX);
	assert_int_equal(holders[0].ask, 1u << 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_proportion),
		cmocka_unit_test(what_does_not_divide_from_the_largest),
		cmocka_unit_test(the_deaf_last),
		cmocka_unit_test(never_too_much),
		cmocka_unit_test(the_largest_numbers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
