/* SPDX-License-Identifier: MIT */
/*
 * What a guest does, counted in a page that the broker may read as well. So a
 * viewer's look at it costs the guest and its VMM nothing, and no message.
 */
#ifndef LABYRINTH_HCALL_TALLY_H
#define LABYRINTH_HCALL_TALLY_H

#include <stdint.h>

#include <labyrinth/lease.h>

#include "base/err.h"

struct tally {
	int fd; /* what HELLO hands over; -1 without */
	struct lab_tally *page;
};

#define TALLY_NONE ((struct tally){.fd = -1})

/*
 * Make one, all zeroes, in a file that can neither shrink nor grow, and that
 * nobody who has it can map to write. 0 or a negated errno; tally_close() in
 * any case.
 */
int tally_open(struct tally *self, struct err *err);

void tally_close(struct tally *self);

/* Count grants that were made, and a call for some that failed, by flags. */
void tally_granted(struct lab_tally *self, uint64_t gfp, uint64_t count);
void tally_failed(struct lab_tally *self, uint64_t gfp);

/* All grants, and all calls that failed. */
uint64_t tally_grants(const struct lab_tally *self);
uint64_t tally_failures(const struct lab_tally *self);

#endif
