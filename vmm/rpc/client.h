/* SPDX-License-Identifier: MIT */
/*
 * One connection: bytes to packets, one packet at a time, and answers back.
 * Nothing of a peer's doing blocks, and nothing it sends or leaves unread
 * makes more than one packet and one answer be held.
 */
#ifndef LABYRINTH_RPC_CLIENT_H
#define LABYRINTH_RPC_CLIENT_H

#include <stdbool.h>

#include <systemd/sd-event.h>

#include "broker/view.h"
#include "guests/act.h"
#include "rpc/limits.h"
#include "rpc/session.h"

struct rpc_client;

/* What a connection tells the one that accepted it. */
struct client_owner {
	/* It has opened: no longer anonymous. */
	void (*opened)(void *context);
	/* What it waits for has changed, and not in its turn. */
	void (*stirred)(void *context);
	/* It is over; the owner calls client_free(). */
	void (*gone)(void *context, struct rpc_client *client);
	void *context;
};

/*
 * Serve a non-blocking stream socket, which the client owns from here on, also
 * when this fails. source, acts (NULL: none), limits and told must outlive it.
 * A negated errno.
 */
int client_new(struct rpc_client **out, sd_event *event, int fd, bool readonly,
	       const struct view_source *source, const struct act_source *acts,
	       const struct rpc_limits *limits, struct client_owner owner,
	       const struct session_owner *told);

/* Does it want to hear of any such event? How many wishes has it in all? */
bool client_wants(const struct rpc_client *self, enum events_kind kind,
		  int event);
unsigned client_wishes(const struct rpc_client *self);

/*
 * Tell it of what happened, or of what a guest holds now, as far as it wants
 * to hear: sent in its own turns, so it is not gone when this returns. One that
 * lets too much wait is cut off.
 */
void client_tell(struct rpc_client *self, const struct view_event *event);
void client_tell_balloon(struct rpc_client *self,
			 const struct view_guest *guest);

/* Whether it still has to open. */
bool client_is_anonymous(const struct rpc_client *self);

/* Close the connection. Tells the owner nothing. NULL is allowed. */
void client_free(struct rpc_client *self);

/* A list of clients is its owner's: where the next one is kept. */
struct rpc_client **client_next(struct rpc_client *self);

#endif
