/* SPDX-License-Identifier: MIT */
/* A guest's watermarks: Linux's values, their order, and each crossing. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mem/reserve.h"

#define PAGES_OF(mib) ((uint64_t)(mib)*256)

static void assert_marks(uint64_t pages, uint32_t min, uint32_t low,
			 uint32_t high)
{
	struct reserve marks = reserve_for(pages);

	assert_int_equal(marks.min, min);
	assert_int_equal(marks.low, low);
	assert_int_equal(marks.high, high);
}

static void have_the_documented_values(void **state)
{
	(void)state;
	assert_marks(0, 0, 0, 0);
	assert_marks(PAGES_OF(2), 45, 56, 67);
	assert_marks(PAGES_OF(64), 256, 320, 384);
	assert_marks(PAGES_OF(1024), 1024, 1286, 1548);
	assert_marks(PAGES_OF(16384), 4096, 8290, 12484);
	/* 1 TiB: min is bounded, a tenth of a percent is not. */
	assert_marks(PAGES_OF(1048576), 32768, 301203, 569638);
	assert_marks(PAGES_OF(1048576) * 16, 65536, 4360503, 8655470);
}

static void are_in_order(void **state)
{
	(void)state;
	for (uint64_t leases = 1; leases < 100000; leases++) {
		struct reserve marks = reserve_for(leases * LAB_EXTENT_PAGES);
		if (marks.min < 1 || marks.min >= marks.low ||
		    marks.low >= marks.high ||
		    marks.high > leases * LAB_EXTENT_PAGES / 4)
			fail_msg("of %lu leases: %u, %u, %u",
				 (unsigned long)leases, marks.min, marks.low,
				 marks.high);
	}
}

static void only_atomic_digs_below_min(void **state)
{
	const struct reserve marks = {.min = 1000, .low = 1250, .high = 1500};
	(void)state;

	assert_int_equal(reserve_floor(&marks, LAB_GFP_KERNEL), 1000);
	assert_int_equal(reserve_floor(&marks, LAB_GFP_NOWAIT), 1000);
	assert_int_equal(reserve_floor(&marks, LAB_GFP_KERNEL | LAB_GFP_ASYNC),
			 1000);
	assert_int_equal(reserve_floor(&marks, LAB_GFP_ATOMIC), 375);
	assert_int_equal(reserve_floor(&marks, LAB_GFP_ATOMIC | LAB_GFP_ZERO),
			 375);
}

static void levels_change_at_the_marks(void **state)
{
	const struct reserve marks = {.min = 4, .low = 5, .high = 7};
	const struct reserve none = {.min = 0};
	static const enum lab_level from_none[] = {2, 2, 2, 2, 2, 1, 0, 0, 0};
	static const enum lab_level from_low[] = {2, 2, 2, 2, 2, 1, 1, 0, 0};
	(void)state;

	for (uint64_t free = 0; free < 9; free++) {
		assert_int_equal(reserve_level(&marks, LAB_LEVEL_NONE, free),
				 from_none[free]);
		assert_int_equal(reserve_level(&marks, LAB_LEVEL_LOW, free),
				 from_low[free]);
		assert_int_equal(reserve_level(&marks, LAB_LEVEL_CRITICAL,
					       free),
				 from_low[free]);
		assert_int_equal(reserve_level(&none, LAB_LEVEL_NONE, free),
				 LAB_LEVEL_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(have_the_documented_values),
		cmocka_unit_test(are_in_order),
		cmocka_unit_test(only_atomic_digs_below_min),
		cmocka_unit_test(levels_change_at_the_marks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
