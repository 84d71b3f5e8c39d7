/* SPDX-License-Identifier: MIT */
/* Watermarks: their order for every size of pool, and each crossing. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "broker/watermark.h"

#define NONE	 LAB_LEASE_LEVEL_NONE
#define LOW	 LAB_LEASE_LEVEL_LOW
#define CRITICAL LAB_LEASE_LEVEL_CRITICAL

static void assert_marks(uint32_t total, uint32_t min, uint32_t low,
			 uint32_t high)
{
	struct watermark marks = watermark_for(total);

	assert_int_equal(marks.min, min);
	assert_int_equal(marks.low, low);
	assert_int_equal(marks.high, high);
}

static void have_the_documented_values(void **state)
{
	(void)state;
	assert_marks(1, 0, 0, 1);
	assert_marks(2, 0, 1, 2);
	assert_marks(3, 1, 2, 3);
	assert_marks(128, 2, 3, 4);
	assert_marks(512, 8, 10, 12);
	assert_marks(1 << 20, 16384, 20480, 24576);
	assert_marks(UINT32_MAX - 1, 67108863, 83886078, 100663294);
}

static void are_in_order(void **state)
{
	(void)state;
	for (uint32_t total = 3; total < 100000; total++) {
		struct watermark marks = watermark_for(total);
		if (marks.min < 1 || marks.min >= marks.low ||
		    marks.low >= marks.high || marks.high > total)
			fail_msg("of %u: %u, %u, %u", total, marks.min,
				 marks.low, marks.high);
	}
}

/* A whole pool has no pressure, an empty one the most, and it ends. */
static void no_pool_is_stuck(void **state)
{
	(void)state;
	for (uint32_t total = 1; total < 10000; total++) {
		struct watermark marks = watermark_for(total);
		assert_int_equal(watermark_level(&marks, NONE, total), NONE);
		assert_int_equal(watermark_level(&marks, NONE, 0), CRITICAL);
		assert_int_equal(watermark_level(&marks, CRITICAL, total),
				 NONE);
	}
}

static void every_crossing(void **state)
{
	const struct watermark marks = watermark_for(512); /* 8, 10, 12 */
	static const struct {
		uint32_t available;
		enum lab_lease_level level;
	} way[] = {
		{512, NONE},   {12, NONE},    {11, NONE},    {10, LOW},
		{9, LOW},      {8, CRITICAL}, {9, LOW},	     {11, LOW},
		{12, NONE},    {11, NONE},    {0, CRITICAL}, {11, LOW},
		{8, CRITICAL}, {12, NONE},
	};
	enum lab_lease_level level = NONE;

	(void)state;
	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
		level = watermark_level(&marks, level, way[i].available);
		assert_int_equal(level, way[i].level);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(have_the_documented_values),
		cmocka_unit_test(are_in_order),
		cmocka_unit_test(no_pool_is_stuck),
		cmocka_unit_test(every_crossing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
