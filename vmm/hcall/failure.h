/* SPDX-License-Identifier: MIT */
/*
 * Grants that failed, told to whoever runs the guest: Linux's warn_alloc(),
 * with its limit, so that a guest can not fill a disk with its failures.
 */
#ifndef LABYRINTH_HCALL_FAILURE_H
#define LABYRINTH_HCALL_FAILURE_H

#include <stdbool.h>
#include <stdint.h>

/* A grant that failed. */
struct failure {
	bool untold;	/* the rest is about one that nobody was told of */
	uint64_t gfp;	/* LAB_GFP_* */
	uint64_t order; /* of each block */
	uint64_t count; /* of blocks */
	uint64_t free;	/* pages that were free */
	uint64_t min;	/* pages that only ATOMIC may use */
	uint64_t leases;
	uint64_t limit; /* leases */
	uint64_t more;	/* failures since, of which only this is kept */
};

/* All zeroes: nothing was said yet. */
struct failure_log {
	uint64_t period; /* when it began, ms */
	uint64_t said;	 /* lines in it */
	uint64_t unsaid; /* failures beyond them */
};

/* Is this one to be logged? Not with NOWARN, nor with NOWAIT, which says so. */
bool failure_counts(uint64_t gfp);

/*
 * Log a failure of the guest with this name, at `now` (ms, as of want_now());
 * at most 10 lines in 5 seconds. What is beyond them is counted, and said
 * before the first line of the next 5 seconds.
 */
void failure_say(struct failure_log *self, const struct failure *failure,
		 const char *guest, uint64_t now);

/* The guest is over: say how many were only counted, if any. */
void failure_end(struct failure_log *self, const char *guest);

#endif
