/* SPDX-License-Identifier: MIT */
/* A connection as its calls see it. */
#ifndef LABYRINTH_RPC_SESSION_H
#define LABYRINTH_RPC_SESSION_H

#include <stdbool.h>

#include "base/err.h"
#include "guests/act.h"

#include "rpc/events.h"
#include "rpc/peer.h"
#include "rpc/stream.h"

/* Whom a connection's calls tell of what they do. */
struct session_owner {
	/* Something happened that others may want to hear of. */
	void (*tell)(void *context, const struct view_event *event);
	/* The connection has registered for an event. */
	void (*listens)(void *context);
	/* A call that may write is over. */
	void (*acted)(void *context);
	void *context;
};

/*
 * A call that takes a while: its handler starts it and returns CALL_LATER;
 * when it is done, the same call is made again, and finds how it ended.
 */
struct rpc_later {
	struct act_wait wait;
	bool of_pool; /* act_pools does it, not act_source */
	bool done;
	int result; /* as of a function of act.h */
	struct err err;
	uint8_t uuid[16]; /* of the domain or pool that it is about */
};

/* What one connection and the program have agreed so far. */
struct rpc_session {
	struct peer peer;
	bool barred;	/* it came to act, and is not trusted to */
	bool acted;	/* it has, which is in the log */
	bool readonly;	/* by its socket or by its OPEN; never back */
	bool opened;	/* after a CONNECT_OPEN that went well */
	bool closing;	/* after CONNECT_CLOSE: hang up once it is answered */
	bool keepalive; /* the client answers PINGs */
	struct events events;		   /* that it wants to hear of */
	const struct session_owner *owner; /* NULL: nobody is told */
	const struct act_source *acts;	   /* NULL: it may only look */
	struct rpc_later later;
	struct stream stream; /* a console */
};

#endif
