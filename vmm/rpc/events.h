/* SPDX-License-Identifier: MIT */
/*
 * What one connection wants to hear of, and how that is said. Knows no socket:
 * whoever has one sends what this makes.
 */
#ifndef LABYRINTH_RPC_EVENTS_H
#define LABYRINTH_RPC_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/view.h"

/* Registrations of one connection: virsh event --all has 27. */
#define EVENTS_MAX 64

enum events_kind {
	EVENTS_DOMAIN,
	EVENTS_POOL,
};

struct events_wish {
	int callback; /* > 0, never used again on this connection; 0: none */
	enum events_kind kind;
	int event; /* virDomainEventID, virStoragePoolEventID */
	bool one;  /* of this uuid alone */
	uint8_t uuid[16];
};

/* All zeroes: nothing. */
struct events {
	struct events_wish *wishes; /* EVENTS_MAX, once there was one */
	unsigned count;
	int last; /* callback given */
};

/*
 * Note a wish; its callback is made here. The callback, or -ENOSPC or -ENOMEM.
 */
int events_add(struct events *self, const struct events_wish *wish);

/* Forget one. -ENOENT when there is none of this callback and kind. */
int events_remove(struct events *self, enum events_kind kind, int callback);

/* Does it want to hear of any such event? */
bool events_wants(const struct events *self, enum events_kind kind, int event);

void events_clear(struct events *self);

/* How many packets one happening can make: one for each wish. */
struct events_packet {
	uint8_t *bytes; /* malloc'ed */
	size_t length;
};

/*
 * The packets that tell of what happened, for each wish that is met, in
 * packets[EVENTS_MAX]. How many; or -ENOMEM, and none.
 */
int events_tell(const struct events *self, const struct view_event *event,
		struct events_packet *packets);

/* The same for what a guest holds now, in leases. */
int events_tell_balloon(const struct events *self,
			const struct view_guest *guest,
			struct events_packet *packets);

#endif
