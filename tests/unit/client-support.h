/* SPDX-License-Identifier: MIT */
/* A broker that a test plays, at its end of a client's socket. Include after
 * cmocka.h. */
#ifndef LABYRINTH_TESTS_CLIENT_SUPPORT_H
#define LABYRINTH_TESTS_CLIENT_SUPPORT_H

#include <stdint.h>
#include <sys/socket.h>

#include <labyrinth/lease.h>

#include "base/fd.h"
#include "lease/client.h"

/* A client that has a broker, and the broker's end of its socket. */
static inline int connected(struct client *client, struct lease_source *source)
{
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	client_from_fd(client, pair[0]);
	*source = client_source(client);
	return pair[1];
}

/* A message of the broker's; seq 0: an event. */
static inline struct lab_lease_msg answer(enum lab_lease_type type,
					  uint64_t seq)
{
	return (struct lab_lease_msg){.magic = LAB_LEASE_MAGIC,
				      .version = LAB_LEASE_VERSION,
				      .type = (uint16_t)type,
				      .seq = seq};
}

/* Say it, with a descriptor if fd >= 0. */
static inline void say(int broker, const struct lab_lease_msg *message, int fd)
{
	assert_int_equal(fd_send(broker, message, sizeof(*message), fd, 0), 0);
}

/* What the client said, which must be of this type. */
static inline struct lab_lease_msg hear(int broker, enum lab_lease_type type)
{
	struct lab_lease_msg message;

	assert_int_equal(fd_receive(broker, &message, sizeof(message), NULL, 0),
			 sizeof(message));
	assert_int_equal(message.magic, LAB_LEASE_MAGIC);
	assert_int_equal(message.version, LAB_LEASE_VERSION);
	assert_int_equal(message.type, type);
	return message;
}

#endif
