/* SPDX-License-Identifier: MIT */
/* A connection as its calls see it. */
#ifndef LABYRINTH_RPC_SESSION_H
#define LABYRINTH_RPC_SESSION_H

#include <stdbool.h>

#include "rpc/events.h"

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

struct act_source;

/* What one connection and the program have agreed so far. */
struct rpc_session {
	bool readonly;	/* by its socket or by its OPEN; never back */
	bool opened;	/* after a CONNECT_OPEN that went well */
	bool closing;	/* after CONNECT_CLOSE: hang up once it is answered */
	bool keepalive; /* the client answers PINGs */
	struct events events;		   /* that it wants to hear of */
	const struct session_owner *owner; /* NULL: nobody is told */
	const struct act_source *acts; /* NULL: it may only look */
};

#endif
