/* SPDX-License-Identifier: MIT */
/*
 * What is to be done after each event, whatever it was: before the loop waits
 * for the next. sd-event has sources for that, but each of them costs a turn of
 * the loop of its own, with a look for other events.
 */
#ifndef LABYRINTH_BROKER_AFTER_H
#define LABYRINTH_BROKER_AFTER_H

#include <systemd/sd-event.h>

/*
 * Have `act` called so. It may arm other sources, but not end the loop, which
 * waits next. The source is the caller's, to be let go of. 0 or a negated
 * errno.
 */
int after_add(sd_event *event, sd_event_source **out, sd_event_handler_t act,
	      void *context);

#endif
