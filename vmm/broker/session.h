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
 * Take one message from the socket, if there is one, at `now` (us,
 * CLOCK_MONOTONIC). False when the session is over (the client went, or broke
 * the protocol, which is logged).
 */
bool session_receive(struct session *self, uint64_t now);

/* Does a LEASE of it wait for its answer? */
bool session_waiting(const struct session *self);

/* Does one wait that no blank or dirty lease of the pool will serve? */
bool session_unmet(const struct session *self);

/*
 * Answer what waits for leases of a pool, as far as that can be done at `now`:
 * those below their guarantee first, then in the order in which they asked;
 * whose deadline has come is refused unless a scrub will serve it. A session
 * whose answer cannot be sent is over: its next session_receive() says so, and
 * its socket becomes readable for that.
 */
void session_serve(struct pool *pool, uint64_t now);

/* Did its guest ask for events? */
bool session_listens(const struct session *self);

/*
 * Ask its guest, which listens, to give leases back. False when it was not
 * sent, for want of room.
 */
bool session_reclaim(struct session *self, uint32_t leases,
		     enum lab_lease_level level);

/*
 * Tell its guest the pool's level and its own limit, if it listens and does not
 * know them. False when it should be tried again.
 */
bool session_tell(struct session *self, enum lab_lease_level level);

/*
 * Tell its VMM that a lease will be taken for this reason, unless it was told
 * already: the newest of which it was not. It is due at `due` (us), but not
 * before `earliest`. Returns when it may be taken: at once `due` for one that
 * does not listen, or has been told of so many that there is no room for more.
 */
uint64_t session_warn(struct session *self, enum lab_revoke_reason reason,
		      uint64_t due, uint64_t earliest);

/* There is no need for that any more: what was told for this reason stays. */
void session_spare(struct session *self, enum lab_revoke_reason reason);

/*
 * Do what is due at `now` (us) of what is demanded of its guest, and tell its
 * VMM what it was not told. Returns when to call it again, UINT64_MAX for
 * never.
 */
uint64_t session_press(struct session *self, uint64_t now);

/*
 * Take a lease from its guest, the first of which its VMM was told for this
 * reason, else the one that came last: its pages are gone when this returns.
 * Its VMM is told, if it listens, and answers by RETURN; one that has not
 * answered LAB_REVOKED_MAX times is dropped. In a pool that takes files the
 * pages go with the RETURN, for which its VMM has so long (us).
 */
#define SESSION_RETURN_DEADLINE UINT64_C(5000000)
void session_take(struct session *self, enum lab_revoke_reason reason);

/*
 * When the time for such a RETURN is over; UINT64_MAX if none is awaited. When
 * it is over at `now`, the session is, as for session_serve().
 */
uint64_t session_overdue(struct session *self, uint64_t now);

/* Has it said HELLO, or a question that waits for its answer? */
bool session_begun(const struct session *self);
/*
 * Its guest's process was told to end for good: take everything back now, not
 * when the kernel has come round to it. The connection ends in its next turn.
 */
void session_kill(struct session *self);

/* Its guest, once admitted; else NULL. */
const struct guest *session_guest(const struct session *self);

#endif
