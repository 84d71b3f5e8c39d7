/* SPDX-License-Identifier: MIT */
/*
 * The grants within one extent. Two bitmaps are the truth: `used`, the page
 * is in a grant, and `head`, a grant begins (or, where used is clear, began)
 * there. A grant reaches from its head to the next head or unused page. A
 * head stays set after the release until another grant covers the page: that
 * is how a double release is told from one of a page that was never granted.
 *
 * A page is a number from 0 to LAB_EXTENT_PAGES - 1, a block of order k (0 to
 * LAB_MAX_ORDER) begins at a multiple of 2^k. All zeroes: nothing was granted.
 */
#ifndef LABYRINTH_MEM_EXTENT_H
#define LABYRINTH_MEM_EXTENT_H

#include "mem/bits512.h"

struct extent {
	struct bits512 used;
	struct bits512 head;
};

_Static_assert(sizeof(struct extent) == 128, "bitmaps of an extent");

/* Grant the first free block of this order, which must exist: its page. */
unsigned extent_grant(struct extent *self, unsigned order);

/* 0, -ENOENT, -ESTALE or -EMSGSIZE, as frames_check_release() answers. */
int extent_check_release(const struct extent *self, unsigned page,
			 unsigned order);

/* Release; only after extent_check_release() said 0. */
void extent_release(struct extent *self, unsigned page, unsigned order);

/*
 * Make a grant look released, until it is unmarked: its own answer becomes
 * -ESTALE, and no other grant's changes, since each ends where it did.
 */
void extent_mark(struct extent *self, unsigned page);
void extent_unmark(struct extent *self, unsigned page);

/* The order of the grant that covers this page, or -ENOENT. */
int extent_inspect(const struct extent *self, unsigned page);

/* The order of the largest free block, or -1 when no page is free. */
int extent_largest(const struct extent *self);

/* How many free blocks of this order there are. */
unsigned extent_count_free(const struct extent *self, unsigned order);

/* The order of the largest block that holds this one and is free but for it:
 * what a release of it makes, or a grant of it breaks. */
unsigned extent_merged(const struct extent *self, unsigned page,
		       unsigned order);

/* NULL, or what is wrong: every used page must be in exactly one grant, of a
 * power of two and aligned to it. */
const char *extent_fault(const struct extent *self);

#endif
