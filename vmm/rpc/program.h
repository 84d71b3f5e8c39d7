/* SPDX-License-Identifier: MIT */
/*
 * The REMOTE program: the table of procedures, and the one way through it from
 * a call's bytes to its reply's. Knows no socket.
 */
#ifndef LABYRINTH_RPC_PROGRAM_H
#define LABYRINTH_RPC_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "broker/view.h"
#include "rpc/session.h"
#include "wire/virnet.h"

/*
 * Answer one CALL. The payload has header->length - VIRNET_HEADER_BYTES bytes.
 * *reply becomes a whole packet of *bytes bytes that the caller frees: a
 * result or an error, for every call. -ENOMEM when there is no memory even for
 * an error; the connection is then of no use. Or CALL_LATER, without a reply:
 * ask again with the same call when session->later is done.
 */
int program_answer(const struct virnet_header *header, const uint8_t *payload,
		   struct rpc_session *session,
		   const struct view_source *source, uint8_t **reply,
		   size_t *bytes);

#endif
