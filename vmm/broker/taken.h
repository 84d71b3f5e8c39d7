/* SPDX-License-Identifier: MIT */
/*
 * Leases that were taken from a guest whose VMM has not yet said that it knows:
 * it may not have been told for want of room, or give one of them back
 * meanwhile and be no liar.
 */
#ifndef LABYRINTH_BROKER_TAKEN_H
#define LABYRINTH_BROKER_TAKEN_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/lease.h>

struct taken_lease {
	uint64_t id;
	enum lab_revoke_reason reason;
	bool told;
	uint64_t since; /* us; 0: not looked at yet */
};

/* All zeroes: none. */
struct taken {
	struct taken_lease lease[LAB_REVOKED_MAX]; /* oldest first */
	unsigned int count;
};

/* Is there room for another? */
bool taken_room(const struct taken *self);

/* Note one. False if there was no room: the oldest is forgotten for it. */
bool taken_add(struct taken *self, uint64_t id, enum lab_revoke_reason reason);

/* Its VMM knows. False if it is none of these. */
bool taken_remove(struct taken *self, uint64_t id);

/* Is it one of these? */
bool taken_has(const struct taken *self, uint64_t id);

/* Since when (us) the oldest is one, if it is first looked at now or before.
 * There is one. */
uint64_t taken_since(struct taken *self, uint64_t now);

/* The oldest of which its VMM was not told, or NULL. */
struct taken_lease *taken_untold(struct taken *self);

#endif
