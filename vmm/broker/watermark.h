/* SPDX-License-Identifier: MIT */
/*
 * The watermarks of a pool, as of a zone in Linux: how scarce is what can be
 * lent above the guests' guarantees? Plain arithmetic.
 */
#ifndef LABYRINTH_BROKER_WATERMARK_H
#define LABYRINTH_BROKER_WATERMARK_H

#include <stdint.h>

#include <labyrinth/lease.h>

/*
 * In leases. min < low < high <= total for a pool of three leases or more; a
 * smaller one has what fits: 0, 1, 2 for two, and 0, 0, 1 for one.
 */
struct watermark {
	uint32_t min;
	uint32_t low;
	uint32_t high;
};

/* The marks of a pool of `total` (> 0) leases. */
struct watermark watermark_for(uint32_t total);

/*
 * The level of a pool that was at `before` and has `available` leases to lend:
 * critical at min and below, low at low and below; and once it is not none, it
 * is none again only from high on.
 */
enum lab_lease_level watermark_level(const struct watermark *self,
				     enum lab_lease_level before,
				     uint32_t available);

#endif
