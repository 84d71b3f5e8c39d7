/* SPDX-License-Identifier: MIT */
/*
 * The socket of one client: who is at its other end, and what is sent there
 * without ever waiting for it.
 */
#ifndef LABYRINTH_BROKER_CHANNEL_H
#define LABYRINTH_BROKER_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <labyrinth/lease.h>

#include "base/err.h"

struct channel {
	int socket;
	pid_t pid; /* of the client, from the kernel; likewise its user */
	uid_t uid;
};

/*
 * Take a connected SOCK_SEQPACKET UNIX socket, and make it ready. 0, and the
 * socket is the channel's; or a negated errno, and it is the caller's.
 */
int channel_open(struct channel *self, int socket, struct err *err);

void channel_close(struct channel *self);

/*
 * Send one message, with a descriptor unless fd is -1 (it stays the caller's).
 * 0, or a negated errno: -EAGAIN when the client left no room.
 */
int channel_send(struct channel *self, struct lab_lease_msg *message,
		 enum lab_lease_type type, uint64_t seq, int fd);

/*
 * The same for what is no answer: sent only while so little is unread that an
 * answer still finds room. False when it was not sent.
 */
bool channel_notify(struct channel *self, struct lab_lease_msg *message,
		    enum lab_lease_type type);

/* Nothing comes and goes any more; the event loop sees an end of it. */
void channel_cut(struct channel *self);

#endif
