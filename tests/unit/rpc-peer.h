/* SPDX-License-Identifier: MIT */
/*
 * A server and its clients on one event loop, for tests of rpc/: a peer sends
 * what it likes, the loop turns until nothing is left to do, the peer reads.
 * No call waits for time to pass.
 */
#ifndef LABYRINTH_TESTS_RPC_PEER_H
#define LABYRINTH_TESTS_RPC_PEER_H

#include <stdbool.h>

#include "rpc-packet.h"
#include "rpc/server.h"

struct peers {
	sd_event *event;
	struct rpc_server *server;
	char directory[64];
};

/* A server in a new folder; the test fails if there is none. */
void peers_start(struct peers *self);

/* End it, and check that it left nothing behind. */
void peers_stop(struct peers *self);

/* Turn the loop until it has nothing to do. */
void peers_turn(struct peers *self);

/* A new connection, non-blocking, to a socket by its name. */
int peer_connect(struct peers *self, const char *name);

/* A new connection, opened. */
int peer_open(struct peers *self, const char *name);

/* Send bytes, all of them, and turn the loop. */
void peer_send(struct peers *self, int fd, const void *bytes, size_t count);

/*
 * Read one packet that must be there; its bytes stay valid until the next.
 * Returns its length; 0 when the server has hung up.
 */
size_t peer_read(int fd, const uint8_t **bytes);

/* Whether there is nothing to read, and the connection is alive. */
bool peer_is_quiet(int fd);

/* Whether the server has hung up; throws away what there is to read. */
bool peer_is_cut(int fd);

/* Ask for a count of domains and get the right answer. */
void peer_expect_service(struct peers *self, int fd);

#endif
