/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/after.h"

#include <stdint.h>
#include <time.h>

static int on_time(sd_event_source *source, uint64_t now, void *context)
{
	(void)source, (void)now, (void)context;
	return 0;
}

int after_add(sd_event *event, sd_event_source **out, sd_event_handler_t act,
	      void *context)
{
	/* A time that never comes: what counts is that it is prepared for. */
	int r = sd_event_add_time(event, out, CLOCK_MONOTONIC, UINT64_MAX, 0,
				  on_time, context);

	return r < 0 ? r : sd_event_source_set_prepare(*out, act);
}
