/* SPDX-License-Identifier: MIT */
/* What the files of a session share. Nobody else includes it. */
#ifndef LABYRINTH_BROKER_SESSION_PRIVATE_H
#define LABYRINTH_BROKER_SESSION_PRIVATE_H

#include "broker/channel.h"
#include "broker/session.h"
#include "broker/taken.h"

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
	struct taken taken;	   /* from it, and not yet RETURNed */
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
 * A LEASE and a RETURN of an admitted guest. False: the session is over. With a
 * LEASE may have come a descriptor, which is taken over; else *fd is -1.
 */
bool session_lease(struct session *self, const struct lab_lease_msg *message,
		   int *fd, uint64_t now);
bool session_return(struct session *self, const struct lab_lease_msg *message);

#endif
