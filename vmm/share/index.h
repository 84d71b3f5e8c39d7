/* SPDX-License-Identifier: MIT */
/*
 * The index of hints: lists of the extents whose child says that their bucket
 * is 1 + the list's number. So list k, up to LAB_MAX_ORDER, is of those whose
 * largest free block has order k, and INDEX_HELD of those that processors work
 * in. The child is the truth, and a bit follows it.
 */
#ifndef LABYRINTH_SHARE_INDEX_H
#define LABYRINTH_SHARE_INDEX_H

#include "share/share.h"

/* None. */
#define INDEX_NONE UINT32_MAX

#define INDEX_HELD (LAB_SHARE_HELD - 1)

/* Find the levels of a part, and its stride, for self->extents. */
void index_layout(struct share *self);

/*
 * Make the bit of this extent in this list (0 to INDEX_HELD) what its child
 * says. Who changes a child's bucket does this afterwards for the old
 * and for the new one: then at rest no bit is wrong, whoever raced with whom.
 */
void index_follow(struct share *self, uint32_t extent, unsigned list);

/* The lowest extent at or above `from` with a bit in this list, or
 * INDEX_NONE. */
uint32_t index_next(struct share *self, unsigned list, uint32_t from);

/* NULL, or what is wrong with an index at rest. Looks at all of it. */
const char *index_fault(const struct share *self);

#endif
