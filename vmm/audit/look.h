/* SPDX-License-Identifier: MIT */
/*
 * One look: the three views, one after the other, and what does not agree. The
 * guests go on meanwhile, so a single look may see what was never so; see
 * audit/rounds.h.
 */
#ifndef LABYRINTH_AUDIT_LOOK_H
#define LABYRINTH_AUDIT_LOOK_H

#include <stdint.h>

#include "audit/compare.h"

struct look {
	struct snapshot snapshot;
	struct differences differences;
	/* What was looked at. */
	uint64_t processes;
	uint64_t mappings; /* of leases, in all processes */
	uint64_t leases;   /* of which the frames were looked at */
	uint64_t frames;
};

/*
 * Look at what the broker at `path` owns, or at one of its pools. 0, and
 * look_free() after it; or a negated errno and a sentence: nothing is known
 * then.
 */
int look_take(struct look *self, const char *path, const char *pool,
	      struct frames *frames, struct err *err);

void look_free(struct look *self);

#endif
