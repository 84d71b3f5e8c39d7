/* SPDX-License-Identifier: MIT */
/*
 * The broker's look at what a guest's VMM counts, and the guest beside it: a
 * file that came with its HELLO. Nothing there is believed but as numbers to
 * show.
 */
#ifndef LABYRINTH_BROKER_TALLY_H
#define LABYRINTH_BROKER_TALLY_H

#include <stdint.h>

#include <labyrinth/lease.h>

#include "base/err.h"
#include "broker/view.h"

/*
 * Map the tally in a file that its owner may still write, to be read. -EINVAL
 * and a sentence for any file that could make reading it fail: one that is not
 * LAB_TALLY_BYTES long at least, or not sealed against shrinking. The
 * descriptor stays the caller's, and need not be kept.
 */
int tally_map(const struct lab_tally **out, int fd, struct err *err);

/* NULL is allowed. */
void tally_unmap(const struct lab_tally *tally);

/*
 * Copy it, each number whole, with what the guest did by itself added. The
 * guest holds so many leases, which is the most that its pages can be of.
 */
void tally_read(struct view_tally *out, const struct lab_tally *tally,
		uint64_t leases);

/* The same of each of `count` (at most LAB_CPUS_MAX) processors. */
void tally_read_cpus(struct view_vcpu *out, unsigned count,
		     const struct lab_tally *tally);

#endif
