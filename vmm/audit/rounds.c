/* SPDX-License-Identifier: MIT */
/* Looks again at what did not agree. */
#include <config.h>

#include "audit/rounds.h"

#include <errno.h>
#include <time.h>

static void rest(unsigned int looks)
{
	uint64_t ms = (uint64_t)ROUNDS_PAUSE_MS << (looks - 1);
	const struct timespec pause = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};

	nanosleep(&pause, NULL);
}

/* The next look, of which only what the last one had as well is kept. */
static int look_again(struct rounds *self, const char *path, const char *pool,
		      struct frames *frames, struct err *err)
{
	struct look next;

	int r = look_take(&next, path, pool, frames, err);
	if (r < 0)
		return r;
	differences_keep_common(&self->last.differences, &next.differences);
	differences_free(&next.differences);
	next.differences = self->last.differences;
	self->last.differences = (struct differences){0};
	look_free(&self->last);
	self->last = next;
	if (next.differences.exhausted)
		return err_set(err, ENOMEM, "note the differences");
	return 0;
}

int rounds_run(struct rounds *self, const char *path, const char *pool,
	       struct err *err)
{
	struct frames frames;

	*self = (struct rounds){0};
	int r = frames_open(&frames, err);
	if (r < 0)
		return r;
	r = look_take(&self->last, path, pool, &frames, err);
	self->looks = 1;
	while (r == 0 && self->last.differences.count > 0 &&
	       self->looks < ROUNDS_MAX) {
		rest(self->looks);
		r = look_again(self, path, pool, &frames, err);
		self->looks++;
	}
	frames_close(&frames);
	if (r < 0)
		rounds_free(self);
	return r;
}

void rounds_free(struct rounds *self)
{
	look_free(&self->last);
}
