/* SPDX-License-Identifier: MIT */
/* base/number: what is a number, and nothing else. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/number.h"

static void is_a_number_alone(void **state)
{
	static const struct {
		const char *text;
		int base, r;
		uint64_t number;
	} rows[] = {
		{"0", 10, 0, 0},
		{"007", 10, 0, 7},
		{"18446744073709551615", 10, 0, UINT64_MAX},
		{"18446744073709551616", 10, -EINVAL, 0},
		{"", 10, -EINVAL, 0},
		{"-1", 10, -EINVAL, 0},
		{"+1", 10, -EINVAL, 0},
		{" 1", 10, -EINVAL, 0},
		{"1 ", 10, -EINVAL, 0},
		{"1M", 10, -EINVAL, 0},
		{"0x1f", 10, -EINVAL, 0},
		{"0x1f", 0, 0, 31},
		{"0xg", 0, -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t number = 0;

		if (number_parse(rows[i].text, rows[i].base, 0, UINT64_MAX,
				 &number) != rows[i].r ||
		    number != rows[i].number)
			fail_msg("`%s`", rows[i].text);
	}
}

static void lies_between(void **state)
{
	static const char *const texts[] = {"2", "3", "4", "5", "6"};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		uint64_t number = 99;
		int r = number_parse(texts[i], 10, 3, 5, &number);

		/* What is not taken changes nothing. */
		assert_int_equal(r, i == 0 || i == 4 ? -EINVAL : 0);
		assert_int_equal(number, r == 0 ? i + 2 : 99);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_a_number_alone),
		cmocka_unit_test(lies_between),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
