/* SPDX-License-Identifier: MIT */
/* What the files of a session share. Nobody else includes it. */
#ifndef LABYRINTH_BROKER_SESSION_PRIVATE_H
#define LABYRINTH_BROKER_SESSION_PRIVATE_H

#include "broker/channel.h"
#include "broker/notices.h"
#include "broker/session.h"
#include "broker/taken.h"

/* Leases that an administrator wants from a guest. */
struct demand {
	bool on;
	uint32_t total;
	uint32_t left;	/* neither given up nor taken, nor under notice */
	uint32_t given; /* up, in time */
	uint64_t due;	/* us; from then on they are taken */
	struct session *asker; /* who waits for the end; NULL: gone */
	uint64_t seq;	       /* of its question */
};

/* How long (us) a VMM has to answer before it is told of more than
 * LAB_REVOKED_MAX. */
#define DEMAND_PATIENCE UINT64_C(1000000)

/* How long (us) until a VMM that reads nothing is tried again. */
#define TELL_AGAIN UINT64_C(100000)

struct session {
	struct registry *registry;
	struct channel channel;
	uint64_t seq;		   /* of its latest message */
	uint64_t asked;		   /* seq of the LEASE that waits */
	struct waiter waiter;	   /* while that one waits */
	int offered;		   /* the file that came with it, or -1 */
	struct guest *guest;	   /* NULL before HELLO */
	bool listens;		   /* it wants events */
	bool over;		   /* an answer could not be sent */
	enum lab_lease_level told; /* of its pool, in the latest PRESSURE */
	uint32_t limit;		   /* that its VMM knows of */
	struct taken taken;	   /* from it, and not yet RETURNed */
	struct notices notices;	   /* of what will be */
	struct demand demand;	   /* for what it holds */
	struct session *asks;	   /* whose leases it demands, and waits */
};

/* Say why a client is dropped. Always false: the session is over. */
bool session_drop(const struct session *self, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Send one answer to message `seq`, with a descriptor unless that is -1; a
 * client that has no room for it is not waited for. False: the session is over.
 */
bool session_answer(struct session *self, struct lab_lease_msg *message,
		    enum lab_lease_type type, uint64_t seq, int fd);

/* The same with REFUSED and a sentence. */
bool session_refuse(struct session *self, uint64_t seq, const struct err *err);

/*
 * Demand so many leases (> 0) of its guest, those that it does not give up
 * before `due` (us) to be taken then; `asker` is told when that is done. 0, or
 * -EBUSY when there is such a demand already.
 */
int session_demand(struct session *self, struct session *asker, uint32_t leases,
		   uint64_t due, struct err *err);

/* Tell its VMM of what was taken, as far as there is room. All? */
bool session_tell_taken(struct session *self);

/* It ends: who waits for it is told, whom it waits for forgets it. */
void session_quit(struct session *self);

/* Its guest gave this lease back, which it held: what is that an answer to? */
void session_gave(struct session *self, uint64_t lease);

/*
 * A LEASE and a RETURN of an admitted guest. False: the session is over. With a
 * LEASE may have come a descriptor, which is taken over; else *fd is -1.
 */
bool session_lease(struct session *self, const struct lab_lease_msg *message,
		   int *fd, uint64_t now);
bool session_return(struct session *self, const struct lab_lease_msg *message);

#endif
