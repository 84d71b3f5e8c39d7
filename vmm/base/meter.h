/* SPDX-License-Identifier: MIT */
/*
 * How much of a flood is let through: a burst of so many, and then one in each
 * period. Plain arithmetic; the time is the caller's.
 */
#ifndef LABYRINTH_BASE_METER_H
#define LABYRINTH_BASE_METER_H

#include <stdbool.h>
#include <stdint.h>

struct meter {
	uint64_t period;    /* us, > 0 */
	unsigned int burst; /* > 0 */
	uint64_t paid;	    /* us: until then the periods are used up; from 0 */
	uint64_t held; /* how many were held back since the last that passed */
};

/*
 * One comes at `now` (us, never less than at the call before). True when it may
 * pass; *held is then how many before it might not.
 */
bool meter_pass(struct meter *self, uint64_t now, uint64_t *held);

#endif
