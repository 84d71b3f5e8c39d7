/* SPDX-License-Identifier: MIT */
/*
 * The broker's look at what a guest's VMM counts: a page that came with its
 * HELLO. Nothing there is believed but as numbers to show.
 */
#ifndef LABYRINTH_BROKER_TALLY_H
#define LABYRINTH_BROKER_TALLY_H

#include <labyrinth/lease.h>

#include "base/err.h"

/*
 * Map the tally in a file that its owner may still write, to be read. -EINVAL
 * and a sentence for any file that could make reading it fail: one that is not
 * LAB_TALLY_BYTES long, or not sealed against shrinking. The descriptor stays
 * the caller's, and need not be kept.
 */
int tally_map(const struct lab_tally **out, int fd, struct err *err);

/* NULL is allowed. */
void tally_unmap(const struct lab_tally *tally);

/* Copy it, each number whole. */
void tally_read(struct lab_tally *out, const struct lab_tally *tally);

#endif
