/* SPDX-License-Identifier: MIT */
/*
 * What storms are made of: dice, and blocks with every page stamped by what no
 * other block has, so that a page that two had at once shows by the stamp of
 * the second.
 */
#ifndef EXERCISE_BLOCK_H
#define EXERCISE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/guest.h>

/* One for each thrower; the same throws for the same seed. */
struct dice {
	uint64_t state;
};

struct dice dice_of(uint64_t seed);
uint64_t dice_throw(struct dice *self);

/* Each order half as often as the one below it. */
unsigned int dice_order(struct dice *self);

struct block {
	uint64_t gpa; /* 0: none here */
	uint64_t stamp;
	unsigned int order;
};

/*
 * A block that was just granted with these flags, stamped. The stamp is a
 * number that no other block of the run had. False, and the running case has
 * failed, if the block is not as granted: aligned, and zero where gfp says so.
 */
bool block_keep(struct block *self, uint64_t gpa, unsigned int order, gfp_t gfp,
		uint64_t stamp);

/* Is the stamp in each of its pages? If not, the running case has failed. */
bool block_is_whole(const struct block *self);

/* Look at the stamps and give it back; there is none here then. False, and the
 * running case has failed, if either is refused. */
bool block_release(struct block *self);

#endif
