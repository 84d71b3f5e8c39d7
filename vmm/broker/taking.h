/* SPDX-License-Identifier: MIT */
/*
 * Leases that are taken by force: from a guest that holds more than its
 * guarantee while others wait, was asked for long enough, and gave nothing.
 */
#ifndef LABYRINTH_BROKER_TAKING_H
#define LABYRINTH_BROKER_TAKING_H

#include <stdint.h>

#include "broker/registry.h"

/*
 * A VMM is told so long (us) before its lease is taken, or half of
 * registry->take_after before if that is less.
 */
#define TAKING_NOTICE UINT64_C(1000000)

/*
 * Take what is due in this pool at `now` (us): one lease for each guest that
 * waits and is served by nothing else, from the one that holds most above its
 * guarantee and has owed for registry->take_after; but never so that it holds
 * less above its guarantee than the one that waits then does. Returns when to
 * look again, UINT64_MAX for never.
 */
uint64_t taking_settle(struct registry *registry, struct pool *pool,
		       uint64_t now);

/*
 * End the sessions of guests that have not returned in time what was taken.
 * Returns when to look again, likewise.
 */
uint64_t taking_overdue(struct registry *registry, const struct pool *pool,
			uint64_t now);

#endif
