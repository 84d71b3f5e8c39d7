/* SPDX-License-Identifier: MIT */
/*
 * The three views held against each other. Values in, differences out: no
 * system call is made here.
 */
#ifndef LABYRINTH_AUDIT_COMPARE_H
#define LABYRINTH_AUDIT_COMPARE_H

#include <stddef.h>
#include <stdint.h>

#include "audit/difference.h"
#include "audit/frames.h"
#include "audit/processes.h"
#include "audit/snapshot.h"

/* The ledger against itself: sums, owners, limits, guarantees, files. */
void compare_ledger(const struct snapshot *snapshot, struct differences *out);

/* Who maps or holds leases, against who owns them. */
void compare_processes(const struct snapshot *snapshot,
		       const struct processes *processes,
		       struct differences *out);

/*
 * The mapping of a lease in its owner's VMM, or NULL: which frames are to be
 * looked at.
 */
const struct mapping *compare_owned(const struct snapshot *snapshot,
				    const struct mappings *mappings,
				    uint32_t extent);

/* The frames under such a mapping, against what a lease's should be. */
void compare_frames(const struct snapshot *snapshot,
		    const struct mapping *mapping, const struct frame *frames,
		    unsigned int count, struct differences *out);

/* Which frames were seen in which lease, in runs. */
struct owners {
	struct owner {
		uint64_t number; /* of the first frame */
		uint32_t count;
		uint32_t extent;
	} * all;
	size_t count;
	size_t room;
};

/* Note the frames of a lease. 0 or -ENOMEM. */
int owners_note(struct owners *self, uint32_t extent,
		const struct frame *frames, unsigned int count);

/*
 * A frame that was noted for two leases; said once of each lease, and not of
 * the first that has it.
 */
void compare_owners(const struct snapshot *snapshot, struct owners *owners,
		    struct differences *out);

void owners_free(struct owners *self);

#endif
