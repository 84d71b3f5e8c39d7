/* SPDX-License-Identifier: MIT */
/*
 * What a guest does, counted in memory that the broker may read as well. So a
 * viewer's look at it costs the guest and its VMM nothing, and no message. The
 * guest has a part of the same file, where it counts for itself.
 */
#ifndef LABYRINTH_HCALL_TALLY_H
#define LABYRINTH_HCALL_TALLY_H

#include <stdint.h>

#include <labyrinth/lease.h>

#include "base/err.h"

struct tally {
	int fd; /* what HELLO hands over; -1 without */
	struct lab_tally *page;
	struct lab_tally_cpu *cpus; /* LAB_CPUS_MAX */
	void *table;		    /* what the guest shares */
	uint64_t bytes;		    /* of the table, whole pages */
};

#define TALLY_NONE ((struct tally){.fd = -1})

/*
 * Make one, all zeroes, with a table of so many bytes (whole pages), in a file
 * that can neither shrink nor grow, and that nobody who has it can map to
 * write. 0 or a negated errno; tally_close() in any case.
 */
int tally_open(struct tally *self, uint64_t bytes, struct err *err);

void tally_close(struct tally *self);

/* Count grants that were made, and a call for some that failed, by flags. */
void tally_granted(struct lab_tally *self, uint64_t gfp, uint64_t count);
void tally_failed(struct lab_tally *self, uint64_t gfp);

/* All grants, and all calls that failed. */
uint64_t tally_grants(const struct lab_tally *self);
uint64_t tally_failures(const struct lab_tally *self);

#endif
