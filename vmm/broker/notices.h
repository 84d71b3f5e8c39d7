/* SPDX-License-Identifier: MIT */
/*
 * Leases of one guest that are about to be taken, and of which its VMM is told
 * first: it may give them up, or others in their place.
 */
#ifndef LABYRINTH_BROKER_NOTICES_H
#define LABYRINTH_BROKER_NOTICES_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/lease.h>

struct notice {
	uint64_t id;  /* of the lease */
	uint64_t due; /* us: when it may be taken */
	enum lab_revoke_reason reason;
	bool told;
	bool off; /* called off: it stays where it is */
};

/* All zeroes: none. */
struct notices {
	struct notice notice[LAB_REVOKING_MAX]; /* oldest first */
	unsigned int count;
};

/* Is there room for another? */
bool notices_room(const struct notices *self);

/* Add one, where there is room, of a lease that has none. */
void notices_add(struct notices *self, uint64_t id,
		 enum lab_revoke_reason reason, uint64_t due);

/* The one of this lease, called off or not; or NULL. */
const struct notice *notices_find(const struct notices *self, uint64_t id);

/* The oldest that stands for this reason, or NULL. */
struct notice *notices_first(struct notices *self,
			     enum lab_revoke_reason reason);

/* The youngest that stands, or NULL. */
struct notice *notices_last(struct notices *self);

/* Its lease is no longer there. False if none stood for it. */
bool notices_end(struct notices *self, uint64_t id);

/* It comes to nothing; its VMM is told so, if it was told of it. */
void notices_call_off(struct notices *self, struct notice *notice);

/* The oldest of which, or of whose end, its VMM is yet to be told; or NULL. */
struct notice *notices_untold(struct notices *self);

/* Its VMM was told: that is the end of one that was called off. */
void notices_told(struct notices *self, struct notice *notice);

#endif
