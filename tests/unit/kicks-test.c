/* SPDX-License-Identifier: MIT */
/* hcall/kicks: how often a guest that kicks for nothing is listened to. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>

#include <cmocka.h>

#include "hcall/kicks.h"

#define NOW 100000

static void begin(struct kicks *self)
{
	struct err err;

	assert_int_equal(kicks_open(self, &err), 0);
}

/* How many of a guest that never stops are for nothing, until then (ms)? */
static unsigned int listened(struct kicks *self, uint64_t from, uint64_t to)
{
	unsigned int rounds = 0;
	int ms = -1;

	for (uint64_t now = from; now < to; ms = -1) {
		if (kicks_listen(self, now, &ms) < 0) {
			assert_in_range(ms, 1, KICKS_PERIOD);
			now += (uint64_t)ms;
			continue;
		}
		assert_int_equal(eventfd_write(self->fd, 1), 0);
		assert_true(kicks_take(self));
		kicks_idle(self, now);
		rounds++;
	}
	return rounds;
}

static void a_flood_is_metered(void **state)
{
	struct kicks kicks;

	(void)state;
	begin(&kicks);
	assert_in_range(listened(&kicks, NOW, NOW + 1), KICKS_BURST,
			KICKS_BURST + 1);
	assert_in_range(listened(&kicks, NOW + 1, NOW + 1001), 198, 202);
	/* What nobody used is saved up to a burst. */
	assert_in_range(listened(&kicks, NOW + 90000, NOW + 90001), KICKS_BURST,
			KICKS_BURST + 1);
	kicks_close(&kicks);
}

static void none_is_lost(void **state)
{
	struct kicks kicks;
	int ms = 5000;

	(void)state;
	begin(&kicks);
	assert_false(kicks_take(&kicks));
	(void)listened(&kicks, NOW, NOW + 1);
	assert_int_equal(kicks_listen(&kicks, NOW, &ms), -1);
	assert_int_equal(ms, KICKS_PERIOD);
	assert_int_equal(eventfd_write(kicks.fd, 1), 0);
	assert_int_equal(kicks_listen(&kicks, NOW + KICKS_PERIOD, &ms),
			 kicks.fd);
	assert_true(kicks_take(&kicks));
	assert_false(kicks_take(&kicks));
	/* A deadline that is sooner stays. */
	kicks.deaf_till = NOW + 50;
	ms = 3;
	assert_int_equal(kicks_listen(&kicks, NOW, &ms), -1);
	assert_int_equal(ms, 3);
	kicks_close(&kicks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_is_metered),
		cmocka_unit_test(none_is_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
