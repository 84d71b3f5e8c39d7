/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "mem/reserve.h"

/* 256 MiB, in pages. */
#define MIN_MOST 65536

/* The largest number whose square is at most `of`. */
static uint64_t root(uint64_t of)
{
	uint64_t r = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit != 0; bit >>= 1)
		if ((r | bit) * (r | bit) <= of)
			r |= bit;
	return r;
}

struct reserve reserve_for(uint64_t pages)
{
	/* 4 * sqrt(4 * pages) KiB, and a page is 4 KiB. */
	uint64_t min = root(4 * pages);
	if (min > MIN_MOST)
		min = MIN_MOST;
	uint64_t step = min / 4;
	if (step < pages / 1000)
		step = pages / 1000;

	return (struct reserve){
		.min = (uint32_t)min,
		.low = (uint32_t)(min + step),
		.high = (uint32_t)(min + 2 * step),
	};
}

uint32_t reserve_floor(const struct reserve *self, uint64_t gfp)
{
	uint32_t floor = self->min;

	if (gfp & LAB_GFP_ATOMIC) {
		floor -= floor / 2;
		floor -= floor / 4;
	}
	return floor;
}

enum lab_level reserve_level(const struct reserve *self, enum lab_level before,
			     uint64_t free)
{
	if (self->high == 0)
		return LAB_LEVEL_NONE;
	if (free <= self->min)
		return LAB_LEVEL_CRITICAL;
	if (free <= self->low)
		return LAB_LEVEL_LOW;
	if (free >= self->high || before == LAB_LEVEL_NONE)
		return LAB_LEVEL_NONE;
	return LAB_LEVEL_LOW;
}
