/* SPDX-License-Identifier: MIT */
/*
 * Exact counts: leases come and go beside the guest's calls, by a thread of
 * the VMM, so who compares counts waits for it first.
 */
#ifndef EXERCISE_SETTLE_H
#define EXERCISE_SETTLE_H

#include <stdbool.h>

#include <labyrinth/guest.h>

/* Get leases ahead of demand, as at the start, or not. */
void refill(bool on);

/* Get them, but for those that fail by this; until refill(). No mapping fails
 * by a FAIL of the caller's meanwhile. */
void refill_failing(const struct lab_fail *attributes);

/* Wait until the VMM's thread has nothing left to do. */
void settle(void);

/*
 * The counts after settle(), without the calls that it took, and without the
 * events, which come when they come. A failed query fails the running case.
 */
struct lab_counts settled_counts(void);

#endif
