/* SPDX-License-Identifier: MIT */
/*
 * 512 bits, one for each page of an extent, and the runs in them: a run of
 * order k is 2^k set bits that begin at a multiple of 2^k (order 0 to 9).
 * Every function takes the same few words, whatever they hold.
 */
#ifndef LABYRINTH_MEM_BITS512_H
#define LABYRINTH_MEM_BITS512_H

#include <stdbool.h>
#include <stdint.h>

#define BITS512	      512u
#define BITS512_WORDS 8u

struct bits512 {
	uint64_t word[BITS512_WORDS]; /* bit i is bit i % 64 of word i / 64 */
};

/* Is this bit (0 to 511) set? */
bool bits512_test(const struct bits512 *self, unsigned bit);

/* Set, clear, or look at the 2^order bits from `first`, a multiple of it. */
void bits512_set(struct bits512 *self, unsigned first, unsigned order);
void bits512_clear(struct bits512 *self, unsigned first, unsigned order);
bool bits512_all(const struct bits512 *self, unsigned first, unsigned order);

/* The opposite of each bit. */
struct bits512 bits512_not(const struct bits512 *self);

/* The lowest set bit at or above `from` (0 to 512), or 512. */
unsigned bits512_next(const struct bits512 *self, unsigned from);

/* The highest set bit at or below `from` (0 to 511), or 512. */
unsigned bits512_last(const struct bits512 *self, unsigned from);

/* Where the first run of this order begins, or 512. */
unsigned bits512_first_run(const struct bits512 *self, unsigned order);

/* How many runs of this order there are; a bit counts in one of them. */
unsigned bits512_count_runs(const struct bits512 *self, unsigned order);

/* The highest order of which there is a run, or -1 when no bit is set. */
int bits512_largest_run(const struct bits512 *self);

#endif
