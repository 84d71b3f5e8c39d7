/* SPDX-License-Identifier: MIT */
/*
 * When pools take their steps in the background (pool_scrub()): at once while a
 * guest waits and nothing is blank; else ahead of demand, until all that is not
 * leased is blank, within a share of one core, the pools by turns.
 */
#ifndef LABYRINTH_BROKER_SCRUBBER_H
#define LABYRINTH_BROKER_SCRUBBER_H

#include <stdint.h>

#include "broker/budget.h"
#include "broker/registry.h"

/* The share, unless told otherwise. */
#define SCRUBBER_PERCENT 50

struct scrubber {
	struct budget budget; /* of what nobody waits for */
	size_t turn;	      /* the pool whose turn it is */
};

/*
 * When is there something to do: `now` (us), a later time when the share is
 * used up, or UINT64_MAX when all is done.
 */
uint64_t scrubber_due(const struct scrubber *self,
		      const struct registry *registry, uint64_t now);

/*
 * Take one step of each pool for which a guest waits, and one of the next that
 * has any to take, if the share allows. `cpu` tells how much time of the
 * processor this thread has had, in ns.
 */
void scrubber_run(struct scrubber *self, const struct registry *registry,
		  uint64_t now, uint64_t (*cpu)(void));

/* That clock: CLOCK_THREAD_CPUTIME_ID. */
uint64_t scrubber_cpu(void);

#endif
