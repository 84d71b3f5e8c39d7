/* SPDX-License-Identifier: MIT */
/*
 * The REMOTE program: the table of procedures, and the one way through it from
 * a call's bytes to its reply's. Knows no socket.
 */
#ifndef LABYRINTH_RPC_PROGRAM_H
#define LABYRINTH_RPC_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/view.h"
#include "wire/virnet.h"

/* What one connection and the program have agreed so far. */
struct rpc_session {
	bool readonly;	/* by its socket or by its OPEN; never back */
	bool opened;	/* after a CONNECT_OPEN that went well */
	bool closing;	/* after CONNECT_CLOSE: hang up once it is answered */
	bool keepalive; /* the client answers PINGs */
};

/*
 * Answer one CALL. The payload has header->length - VIRNET_HEADER_BYTES bytes.
 * *reply becomes a whole packet of *bytes bytes that the caller frees: a
 * result or an error, for every call. -ENOMEM when there is no memory even for
 * an error; the connection is then of no use.
 */
int program_answer(const struct virnet_header *header, const uint8_t *payload,
		   struct rpc_session *session,
		   const struct view_source *source, uint8_t **reply,
		   size_t *bytes);

#endif
