/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of many guests, shared by calls that come at nearly the same time:
 * a client that lists ten thousand guests asks about each of them next. Where
 * there are few each call has a snapshot of its own.
 */
#ifndef LABYRINTH_RPC_LOOKS_H
#define LABYRINTH_RPC_LOOKS_H

#include "broker/view.h"

/* So many guests are many; and so old (us) may their snapshot be. */
#define LOOKS_MANY 256
#define LOOKS_USEC 20000

struct looks {
	struct view_source source; /* for calls; its context is this struct */
	const struct view_source *broker;
	struct view *last; /* NULL: none to share */
	uint64_t taken;	   /* when, us */
};

/* broker must outlive self, and self must not be moved. */
void looks_begin(struct looks *self, const struct view_source *broker);

/* Something has changed that the next call must see. */
void looks_forget(struct looks *self);

#endif
