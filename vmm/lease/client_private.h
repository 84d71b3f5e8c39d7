/* SPDX-License-Identifier: MIT */
/* What the files of a client share. Nobody else includes it. */
#ifndef LABYRINTH_LEASE_CLIENT_PRIVATE_H
#define LABYRINTH_LEASE_CLIENT_PRIVATE_H

#include "lease/client.h"

/* The broker's time for an answer, beside what it was allowed to wait. */
int client_set_deadline(int socket, uint32_t wait_ms, struct err *err);

/* The connection is of no use any more, for this reason. Returns -code. */
int client_broken(struct client *self, int code, struct err *err,
		  const char *why);

/*
 * Number a message and send it, with a descriptor unless fd is -1. 0,
 * -ETIMEDOUT or -EPIPE.
 */
int client_send(struct client *self, struct lab_lease_msg *message,
		enum lab_lease_type type, int fd, struct err *err);

/*
 * Receive the answer to message `seq`: of type `type`, or REFUSED; events that
 * come before it are taken, and do not put its deadline off for ever. 0 and the
 * message, with a descriptor in *fd if that is not NULL and one came. seq 0:
 * nothing was asked, so there is none.
 */
int client_receive(struct client *self, struct lab_lease_msg *message,
		   enum lab_lease_type type, uint64_t seq, int *fd, int flags,
		   struct err *err);

/* A refusal, as an error; its text is shown to people, so it is cleaned. */
int client_refusal(struct client *self, struct lab_lease_msg *message,
		   struct err *err);

#endif
