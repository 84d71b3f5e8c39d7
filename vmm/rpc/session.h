/* SPDX-License-Identifier: MIT */
/* A connection as its calls see it. */
#ifndef LABYRINTH_RPC_SESSION_H
#define LABYRINTH_RPC_SESSION_H

#include <stdbool.h>

/* What one connection and the program have agreed so far. */
struct rpc_session {
	bool readonly;	/* by its socket or by its OPEN; never back */
	bool opened;	/* after a CONNECT_OPEN that went well */
	bool closing;	/* after CONNECT_CLOSE: hang up once it is answered */
	bool keepalive; /* the client answers PINGs */
};

#endif
