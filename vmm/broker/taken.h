/* SPDX-License-Identifier: MIT */
/*
 * Leases that were taken from a guest whose VMM has not yet said that it knows:
 * it may give one of them back meanwhile, and be no liar.
 */
#ifndef LABYRINTH_BROKER_TAKEN_H
#define LABYRINTH_BROKER_TAKEN_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/lease.h>

/* All zeroes: none. */
struct taken {
	uint64_t lease[LAB_REVOKED_MAX]; /* ids; oldest first */
	unsigned int count;
};

/* Note one. False if there was no room: the oldest is forgotten for it. */
bool taken_add(struct taken *self, uint64_t lease);

/* Its VMM knows. False if it is none of these. */
bool taken_remove(struct taken *self, uint64_t lease);

#endif
