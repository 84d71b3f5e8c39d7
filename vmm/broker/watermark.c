/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/watermark.h"

/* One lease of 64 is min; below three leases there is no room for marks. */
#define MIN_SHARE 64
#define TINY	  3

static uint32_t at_least(uint32_t value, uint32_t floor)
{
	return value > floor ? value : floor;
}

struct watermark watermark_for(uint32_t total)
{
	if (total < TINY)
		return (struct watermark){
			.min = 0, .low = total - 1, .high = total};
	uint32_t min = at_least(total / MIN_SHARE, 1);
	uint32_t low = at_least(min + min / 4, min + 1);
	uint32_t high = at_least(min + min / 2, low + 1);

	return (struct watermark){.min = min, .low = low, .high = high};
}

enum lab_lease_level watermark_level(const struct watermark *self,
				     enum lab_lease_level before,
				     uint32_t available)
{
	if (available <= self->min)
		return LAB_LEASE_LEVEL_CRITICAL;
	if (available <= self->low)
		return LAB_LEASE_LEVEL_LOW;
	if (available >= self->high || before == LAB_LEASE_LEVEL_NONE)
		return LAB_LEASE_LEVEL_NONE;
	return LAB_LEASE_LEVEL_LOW;
}
