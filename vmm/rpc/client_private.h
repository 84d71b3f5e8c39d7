/* SPDX-License-Identifier: MIT */
/* What the files of a client share. Nobody else includes it. */
#ifndef LABYRINTH_RPC_CLIENT_PRIVATE_H
#define LABYRINTH_RPC_CLIENT_PRIVATE_H

#include "rpc/client.h"
#include "rpc/events.h"
#include "wire/virnet.h"

/* A packet of an event, waiting behind what goes out. */
struct waiting {
	struct waiting *next;
	struct events_packet packet;
};

struct rpc_client {
	int fd;
	sd_event_source *io;
	sd_event_source *timer;
	const struct view_source *source;
	const struct rpc_limits *limits;
	struct client_owner owner;
	struct rpc_session session;
	bool later; /* the call's answer is still to come */
	struct rpc_client *next;
	unsigned misses; /* PINGs sent since anything was heard */

	/* The packet that comes in. */
	uint8_t head[VIRNET_HEADER_BYTES];
	struct virnet_header header; /* when all of head is there */
	uint8_t *payload;	     /* allocated then, if it has any */
	size_t have;		     /* bytes of head and payload */

	/*
	 * The packet that goes out. While there is one nothing is read, so
	 * there is never a second.
	 */
	uint8_t *out; /* NULL: none */
	size_t out_bytes;
	size_t out_sent;

	/* What goes out after it, in order. Nothing is read meanwhile, too. */
	struct waiting *first;
	struct waiting **last; /* where the next one goes */
	size_t waiting_bytes;
};

/* Is there anything on its way out, or waiting behind that? */
bool client_has_to_send(const struct rpc_client *self);

/*
 * Send what the socket takes. 0 when it took all or would block, or a negated
 * errno.
 */
int client_flush(struct rpc_client *self);

/* Send a packet, which becomes the client's. As client_flush(). */
int client_send(struct rpc_client *self, uint8_t *packet, size_t bytes);

/* Let go of all that has not gone out. */
void client_send_no_more(struct rpc_client *self);

/* Have what comes next wake it. */
void client_wait(struct rpc_client *self);

#endif
