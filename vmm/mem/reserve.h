/* SPDX-License-Identifier: MIT */
/*
 * The watermarks of a guest, as of a zone in Linux: how many of the free pages
 * that it holds are whose, and when to get more. Plain arithmetic, in pages.
 */
#ifndef LABYRINTH_MEM_RESERVE_H
#define LABYRINTH_MEM_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/hypercall.h>

/*
 * min <= low <= high. Who does not say ATOMIC leaves min free pages; at low a
 * refill begins, at high it ends, and what is above may go back.
 */
struct reserve {
	uint32_t min;
	uint32_t low;
	uint32_t high;
};

/*
 * The marks of a guest whose window has room for `pages`: Linux's own, where
 * min is 4 * sqrt(size in KiB) KiB, at most 256 MiB (init_per_zone_wmark_min),
 * and low and high are each a quarter of min higher, or 0.1 % of the size if
 * that is more (watermark_scale_factor). All 0 for a window of no pages.
 */
struct reserve reserve_for(uint64_t pages);

/*
 * How many free pages a grant with these flags must leave: min, or for ATOMIC
 * 37.5 % of it, as in Linux (a half for __GFP_HIGH, a quarter of the rest for
 * who can not wait).
 */
uint32_t reserve_floor(const struct reserve *self, uint64_t gfp);

/*
 * The level of a guest that was at `before` and has `free` pages: critical at
 * min and below, low at low and below; and once it is not none, it is none
 * again only from high on.
 */
enum lab_level reserve_level(const struct reserve *self, enum lab_level before,
			     uint64_t free);

#endif
