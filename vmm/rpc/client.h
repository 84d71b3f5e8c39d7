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
#include "rpc/limits.h"

struct rpc_client;

/* What a connection tells the one that accepted it. */
struct client_owner {
	/* It has opened: no longer anonymous. */
	void (*opened)(void *context);
	/* It is over; the owner calls client_free(). */
	void (*gone)(void *context, struct rpc_client *client);
	void *context;
};

/*
 * Serve a non-blocking stream socket, which the client owns from here on, also
 * when this fails. source and limits must outlive it. A negated errno.
 */
int client_new(struct rpc_client **out, sd_event *event, int fd, bool readonly,
	       const struct view_source *source,
	       const struct rpc_limits *limits, struct client_owner owner);

/* Whether it still has to open. */
bool client_is_anonymous(const struct rpc_client *self);

/* Close the connection. Tells the owner nothing. NULL is allowed. */
void client_free(struct rpc_client *self);

/* A list of clients is its owner's: where the next one is kept. */
struct rpc_client **client_next(struct rpc_client *self);

#endif
