/* SPDX-License-Identifier: MIT */
/*
 * The broker's end of one VMM's connection: takes one message at a time, checks
 * every byte of it that means something, answers or ends. It never waits for
 * its client and never believes it. When to call is the broker's business.
 */
#ifndef LABYRINTH_BROKER_SESSION_H
#define LABYRINTH_BROKER_SESSION_H

#include <stdbool.h>

#include "broker/registry.h"

struct session;

/*
 * Serve the client at `socket`, a connected SOCK_SEQPACKET UNIX socket. 0, and
 * the socket is the session's; or a negated errno, and it is the caller's.
 */
int session_new(struct session **out, struct registry *registry, int socket,
		struct err *err);

/*
 * Free a session and close its socket. Its guest, if there still is one, keeps
 * its leases: session_end() first, unless it is the broker that goes.
 */
void session_free(struct session *self);

/* Its client is gone or not wanted: take everything back. */
void session_end(struct session *self);

/*
 * Take one message from the socket, if there is one. False when the session is
 * over (the client went, or broke the protocol, which is logged).
 */
bool session_receive(struct session *self);

/* Does a LEASE wait for a scrub? */
bool session_waiting(const struct session *self);

/* Answer a waiting LEASE if that can be done now. False as above. */
bool session_retry(struct session *self);

/* Its guest, once admitted; else NULL. */
const struct guest *session_guest(const struct session *self);

#endif
