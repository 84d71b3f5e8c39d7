/* SPDX-License-Identifier: MIT */
/* A flood and what is let through of it, by a clock that the test moves. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/meter.h"

#define PERIOD 1000
#define BURST  5

/* Of `count` at this moment, how many pass? */
static int pass(struct meter *meter, uint64_t now, int count, uint64_t *held)
{
	int passed = 0;

	*held = 0;
	for (int i = 0; i < count; i++) {
		uint64_t before;
		if (!meter_pass(meter, now, &before))
			continue;
		*held += before;
		passed++;
	}
	return passed;
}

static void a_burst_passes_and_then_one_a_period(void **state)
{
	static const uint64_t starts[] = {0, 1, PERIOD, UINT64_C(1) << 62};
	uint64_t held;
	(void)state;

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct meter meter = {.period = PERIOD, .burst = BURST};
		uint64_t now = starts[i];
		assert_int_equal(pass(&meter, now, BURST, &held), BURST);
		assert_int_equal(held, 0);
		assert_int_equal(pass(&meter, now, 100, &held), 0);
		assert_int_equal(pass(&meter, now + PERIOD - 1, 10, &held), 0);
		/* The next that passes says how many did not. */
		assert_int_equal(pass(&meter, now + PERIOD, 10, &held), 1);
		assert_int_equal(held, 110);
		assert_int_equal(pass(&meter, now + PERIOD * 2, 1, &held), 1);
		assert_int_equal(held, 9);
	}
}

static void quiet_brings_the_burst_back(void **state)
{
	struct meter meter = {.period = PERIOD, .burst = BURST};
	uint64_t held;
	(void)state;

	assert_int_equal(pass(&meter, 0, 100, &held), BURST);
	assert_int_equal(pass(&meter, 3 * PERIOD, 100, &held), 3);
	assert_int_equal(held, 95);
	/* But never more than one burst, however long it was quiet. */
	assert_int_equal(pass(&meter, 1000 * PERIOD, 100, &held), BURST);
}

static void however_long_it_takes(void **state)
{
	struct meter meter = {.period = PERIOD, .burst = BURST};
	uint64_t held;
	int passed = 0;
	(void)state;

	for (uint64_t now = 0; now < 1000 * PERIOD; now += 10)
		passed += pass(&meter, now, 1, &held);
	assert_int_equal(passed, BURST + 999);
}

/* Lines about clients share one meter; what is not about them has none. */
static void the_log_is_not_flooded(void **state)
{
	char buffer[65536];
	int ends[2], kept = dup(STDERR_FILENO), lines = 0;
	(void)state;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	for (int i = 0; i < 10 * LOG_BURST; i++) {
		log_client_warning("dropped");
		log_client_info("gone");
	}
	for (int i = 0; i < 10; i++)
		log_warning("of our own");
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(ends[1]);
	ssize_t bytes = read(ends[0], buffer, sizeof(buffer) - 1);
	assert_true(bytes > 0);
	buffer[bytes] = '\0';
	close(ends[0]);
	for (const char *at = buffer; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	/* A few more when the machine was slow: one a second, and its count. */
	assert_in_range(lines, LOG_BURST + 10, 4 * LOG_BURST);
	const char *own = strstr(buffer, "of our own");
	for (int i = 0; i < 9; i++) {
		assert_non_null(own);
		own = strstr(own + 1, "of our own");
	}
	assert_non_null(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_passes_and_then_one_a_period),
		cmocka_unit_test(quiet_brings_the_burst_back),
		cmocka_unit_test(however_long_it_takes),
		cmocka_unit_test(the_log_is_not_flooded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
