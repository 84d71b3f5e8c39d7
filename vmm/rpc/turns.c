/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/turns.h"

#include <poll.h>
#include <sys/epoll.h>
#include <time.h>

/*
 * One event of the inner loop, if there is one. A failure is one of memory,
 * and the event is still there in the next round.
 */
static void take_turn(struct turns *self)
{
	if (sd_event_get_state(self->inner) == SD_EVENT_ARMED)
		(void)sd_event_wait(self->inner, 0);
	if (sd_event_get_state(self->inner) == SD_EVENT_PENDING)
		(void)sd_event_dispatch(self->inner);
}

static int on_ready(sd_event_source *source, int fd, uint32_t events,
		    void *context)
{
	(void)source, (void)fd, (void)events;
	take_turn(context);
	return 0;
}

static int on_again(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source, (void)usec;
	take_turn(context);
	return 0;
}

/*
 * Before the outer loop waits: arm the inner one's clocks. One that it has seen
 * run out and not dispatched yet does not show in its descriptor any more.
 */
static int on_prepare(sd_event_source *source, void *context)
{
	struct turns *self = context;
	struct pollfd visible = {.fd = sd_event_get_fd(self->inner),
				 .events = POLLIN};

	(void)source;
	if (sd_event_get_state(self->inner) == SD_EVENT_INITIAL)
		(void)sd_event_prepare(self->inner);
	if (sd_event_get_state(self->inner) != SD_EVENT_PENDING ||
	    poll(&visible, 1, 0) > 0)
		return 0;
	return sd_event_source_set_enabled(self->again, SD_EVENT_ONESHOT);
}

int turns_begin(struct turns *self, sd_event *outer)
{
	*self = (struct turns){0};
	int r = sd_event_new(&self->inner);
	if (r >= 0)
		r = sd_event_add_time(outer, &self->again, CLOCK_MONOTONIC, 0,
				      1, on_again, self);
	if (r >= 0)
		r = sd_event_source_set_enabled(self->again, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_io(outer, &self->ready,
				    sd_event_get_fd(self->inner), EPOLLIN,
				    on_ready, self);
	if (r >= 0)
		r = sd_event_source_set_prepare(self->ready, on_prepare);
	if (r < 0)
		turns_end(self);
	return r < 0 ? r : 0;
}

void turns_stir(struct turns *self)
{
	(void)sd_event_source_set_enabled(self->again, SD_EVENT_ONESHOT);
}

void turns_end(struct turns *self)
{
	sd_event_source_disable_unref(self->ready);
	sd_event_source_disable_unref(self->again);
	sd_event_unref(self->inner);
	*self = (struct turns){0};
}
