/* SPDX-License-Identifier: MIT */
/* Where a broker that a test plays would listen. Include after cmocka.h. */
#ifndef LABYRINTH_TESTS_LISTEN_SUPPORT_H
#define LABYRINTH_TESTS_LISTEN_SUPPORT_H

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A socket that listens at this path, for the caller to close. */
static inline int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(
		bind(listener, (struct sockaddr *)&address, sizeof(address)),
		0);
	assert_int_equal(listen(listener, 0), 0);
	return listener;
}

#endif
