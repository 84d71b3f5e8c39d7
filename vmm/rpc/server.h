/* SPDX-License-Identifier: MIT */
/*
 * The libvirt endpoint: two UNIX sockets where stock clients look, served on
 * the program's own event loop. Owns listening, and how many may connect; a
 * connection is rpc/client.h's.
 */
#ifndef LABYRINTH_RPC_SERVER_H
#define LABYRINTH_RPC_SERVER_H

#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/err.h"
#include "broker/view.h"

struct rpc_server;

/* The names of the sockets: what a client's scheme `labyrinth` leads to. */
#define RPC_SOCKET_RW "virtlabyrinthd-sock"
#define RPC_SOCKET_RO "virtlabyrinthd-sock-ro"

/*
 * Viewers come after the broker's own work: the priority of every source that
 * the server adds to the loop.
 */
#define RPC_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 50)

/* What peers are held to. Clients are counted apart for each socket. */
struct rpc_limits {
	unsigned clients;	 /* connected at once */
	unsigned anonymous;	 /* of those, not yet opened */
	uint64_t open_usec;	 /* to open a connection */
	uint64_t stall_usec;	 /* without reading anything of an answer */
	uint64_t keepalive_usec; /* between PINGs */
	unsigned keepalive_misses;
};

/*
 * Listen in a directory, made if it is missing: on RPC_SOCKET_RW (0660 with
 * group libvirt where there is that group and we may give it, else 0600), and
 * on RPC_SOCKET_RO (0666), whose connections may look only. A stale socket is
 * replaced; one on which somebody answers is a -EADDRINUSE. event and source
 * must outlive the server, which keeps a reference of the event.
 */
int rpc_server_new(struct rpc_server **out, sd_event *event,
		   const char *directory, const struct view_source *source,
		   struct err *err);

/* Hold later connections to other limits than the built-in ones. */
void rpc_server_limit(struct rpc_server *self, const struct rpc_limits *limits);

/* The limits in force. */
struct rpc_limits rpc_server_limits(const struct rpc_server *self);

/* Close every connection and remove the sockets. NULL is allowed. */
void rpc_server_free(struct rpc_server *self);

#endif
