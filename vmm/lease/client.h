/* SPDX-License-Identifier: MIT */
/*
 * The VMM's end of the lease protocol: a lease_source over a broker's socket.
 * Believes the broker as little as the broker believes it. Not for two threads
 * at once: its user holds a lock of its own around it.
 */
#ifndef LABYRINTH_LEASE_CLIENT_H
#define LABYRINTH_LEASE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/lease.h>

#include "base/err.h"
#include "mem/source.h"

/* Seconds that a broker has for an answer, before it counts as hung. */
#define CLIENT_DEADLINE 10

/*
 * What to do with the broker's events: called from within any call below that
 * reads the socket, and must not call the client itself. Any may be NULL.
 */
struct client_events {
	/* So many leases (> 0) are asked back; RETURN is the answer. */
	void (*reclaim)(void *context, uint64_t leases,
			enum lab_lease_level level);
	/* The pool's level changed. */
	void (*pressure)(void *context, enum lab_lease_level level,
			 uint64_t available);
	/* A lease will be taken in so many ms, unless RETURN of it, or of one
	 * in its place, comes before; ms 0: it stays where it is, after all. */
	void (*revoking)(void *context, uint64_t lease, uint32_t ms);
	/* A lease was taken; its pages are gone. RETURN is the answer. */
	void (*revoked)(void *context, uint64_t lease, uint32_t reason);
	/* So many leases (> 0) may be held from now on. */
	void (*limit)(void *context, uint64_t leases);
	void *context;
};

struct client {
	int socket;		  /* -1 when closed */
	uint64_t seq;		  /* of the latest message sent */
	uint64_t asked;		  /* seq of a LEASE without answer yet; or 0 */
	enum lab_backing backing; /* as the WELCOME said */
	int made; /* of guest_memfd: the next lease's file, or -1 */
	const struct client_maker *maker; /* of the request */
	bool broken;	      /* the broker went, or broke the protocol */
	uint32_t wait_ms;     /* of the latest LEASE */
	uint32_t deadline_ms; /* beside CLIENT_DEADLINE, as now set */
	const struct client_events *events; /* NULL: skip what comes */
	struct err last; /* why the latest get failed; code 0 before one did */
};

/*
 * Where files for leases of guest_memfd come from: 0 and a descriptor, the
 * client's, in *fd; or a negated errno and a sentence.
 */
struct client_maker {
	int (*make)(void *context, int *fd, struct err *err);
	void *context;
};

/* What a guest asks for, and gets or is refused. */
struct client_request {
	const char *name; /* of the guest */
	const char *pool;
	uint64_t memory; /* leases */
	uint64_t guarantee;
	uint64_t limit;
	uint64_t maximum; /* of the limit; 0: as now */
	uint32_t cpus;	  /* 1 to LAB_CPUS_MAX */
	int tally;	  /* descriptor of a lab_tally, the caller's; 0: none */
	const struct client_events *events; /* NULL: ask for none */
	const struct client_maker *maker;   /* NULL: no guest_memfd */
};

struct client_welcome {
	uint32_t guest; /* id */
	enum lab_backing backing;
	uint64_t pool_total; /* leases */
	uint64_t held;	     /* leases that it has by the broker's books */
	uint8_t uuid[16];    /* of the guest */
};

/*
 * Connect to the broker that listens at `path`. 0 or a negated errno, -ENOENT
 * and -ECONNREFUSED when there is none. client_close() after a success.
 */
int client_connect(struct client *self, const char *path, struct err *err);

/*
 * The same over a socket that is connected already, and is the client's from
 * here on. A broker at its other end may just have been started and be
 * allocating its pool: client_hello() waits for it without a deadline.
 */
void client_from_fd(struct client *self, int socket);

/*
 * Ask to be admitted; once, first. 0 and *welcome, or the broker's refusal
 * with its sentence and errno, or -EPIPE, -ETIMEDOUT, -EPROTO for a broker that
 * goes, hangs, or answers nonsense.
 */
int client_hello(struct client *self, const struct client_request *request,
		 struct client_welcome *welcome, struct err *err);

/*
 * The broker is gone: knock at the door of the next one, without waiting. The
 * old connection is closed, and what was under way on it is forgotten. 0: the
 * next one was told that the guest holds leases of an earlier broker, and
 * client_welcomed() has its answer; or a negated errno, and this may be tried
 * again.
 */
int client_rejoin(struct client *self, const char *path,
		  const struct client_request *request, struct err *err);

/*
 * Its answer: 0 and *welcome, -EAGAIN while there is none, -EPIPE when this
 * broker went as well, or its refusal, after which there is no use in another
 * try.
 */
int client_welcomed(struct client *self, struct client_welcome *welcome,
		    struct err *err);

/*
 * The source of leases; self is its context. Beside what mem/source.h says,
 * get gives -ETIMEDOUT when the broker does not answer in time: the connection
 * stays, and a late answer serves the next get or take. Both hand on the
 * events that come before an answer. Why one failed is in self->last.
 */
struct lease_source client_source(struct client *self);

/* Close the connection: the broker takes every lease back. */
void client_close(struct client *self);

#endif
