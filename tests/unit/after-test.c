/* SPDX-License-Identifier: MIT */
/* broker/after: what is done after each event takes no turn of the loop. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/after.h"

struct world {
	sd_event *event;
	sd_event_source *after;
	sd_event_source *work;
	unsigned int events;
	unsigned int afters;
	unsigned int more; /* events to be caused by what comes after one */
};

static int on_work(sd_event_source *source, void *context)
{
	struct world *self = context;

	(void)source;
	self->events++;
	return 0;
}

static int on_after(sd_event_source *source, void *context)
{
	struct world *self = context;

	(void)source;
	self->afters++;
	if (self->more == 0)
		return 0;
	self->more--;
	return sd_event_source_set_enabled(self->work, SD_EVENT_ONESHOT);
}

static void begin(struct world *self)
{
	*self = (struct world){0};
	assert_true(sd_event_new(&self->event) >= 0);
	assert_true(sd_event_add_defer(self->event, &self->work, on_work,
				       self) >= 0);
	assert_int_equal(
		after_add(self->event, &self->after, on_after, self), 0);
}

static void end(struct world *self)
{
	sd_event_source_disable_unref(self->work);
	sd_event_source_disable_unref(self->after);
	sd_event_unref(self->event);
}

static void takes_no_turn(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	assert_true(sd_event_run(world.event, 0) > 0);
	assert_int_equal(world.events, 1);
	/* Before the loop waits again; and then there is nothing to do. */
	assert_int_equal(sd_event_run(world.event, 0), 0);
	assert_int_equal(world.afters, 2);
	end(&world);
}

static void what_it_causes_is_not_waited_for(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	world.more = 3;
	for (unsigned int i = 1; i <= 3; i++) {
		assert_true(sd_event_run(world.event, UINT64_MAX) > 0);
		assert_int_equal(world.events, i);
	}
	assert_int_equal(sd_event_run(world.event, 0), 0);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_no_turn),
		cmocka_unit_test(what_it_causes_is_not_waited_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
