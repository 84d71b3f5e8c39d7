/* SPDX-License-Identifier: MIT */
/*
 * The libvirt endpoint: two UNIX sockets where stock clients look, served on
 * the program's own event loop. Owns listening, and how many may connect; a
 * connection is rpc/client.h's.
 */
#ifndef LABYRINTH_RPC_SERVER_H
#define LABYRINTH_RPC_SERVER_H

#include <systemd/sd-event.h>

#include "base/err.h"
#include "broker/view.h"
#include "guests/act.h"
#include "rpc/limits.h"

struct rpc_server;

/* The names of the sockets: what a client's scheme `labyrinth` leads to. */
#define RPC_SOCKET_RW "virtlabyrinthd-sock"
#define RPC_SOCKET_RO "virtlabyrinthd-sock-ro"

/*
 * Listen in a directory, made if it is missing: on RPC_SOCKET_RW (0660 with
 * group libvirt where there is that group and we may give it, else 0600), and
 * on RPC_SOCKET_RO (0666), whose connections may look only. A stale socket is
 * replaced; one on which somebody answers is a -EADDRINUSE. event and source
 * must outlive the server. All that it does for viewers together takes one turn
 * of each round of the loop.
 */
int rpc_server_new(struct rpc_server **out, sd_event *event,
		   const char *directory, const struct view_source *source,
		   struct err *err);

/*
 * The same, but in place of either socket one that somebody else made for us,
 * and that is the server's from here on; -1: make it.
 */
int rpc_server_on(struct rpc_server **out, sd_event *event,
		  const char *directory, int inherited_rw, int inherited_ro,
		  const struct view_source *source, struct err *err);

/*
 * Whom to tell what happens: clients that have registered for it hear of it.
 * It lives as long as the server.
 */
const struct view_listener *rpc_server_listener(const struct rpc_server *self);

/* How many registrations there are, of all clients. */
unsigned rpc_server_wishes(const struct rpc_server *self);

/*
 * What later connections may do beside looking; must outlive the server.
 * Without this, or with NULL, such calls are not supported.
 */
void rpc_server_act(struct rpc_server *self, const struct act_source *acts);

/* Hold later connections to other limits than the built-in ones. */
void rpc_server_limit(struct rpc_server *self, const struct rpc_limits *limits);

/* The limits in force. */
struct rpc_limits rpc_server_limits(const struct rpc_server *self);

/* Close every connection and remove the sockets. NULL is allowed. */
void rpc_server_free(struct rpc_server *self);

#endif
