/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/fd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
	/* Room for a few more than the one allowed, to see and close them. */
	char bytes[CMSG_SPACE(4 * sizeof(int))];
	struct cmsghdr align;
};

/*
 * So often a message is tried that the kernel has no memory for at the moment:
 * to give up is to lose the connection, and all that hangs on it.
 */
#define TRIES 8

static bool again(int code, int *tries)
{
	return code == EINTR ||
	       ((code == ENOBUFS || code == ENOMEM) && ++*tries < TRIES);
}

int fd_send(int socket, const void *message, size_t bytes, int fd, int flags)
{
	union control control = {.bytes = {0}};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)message,
			    .iov_len = bytes};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	ssize_t sent;
	int tries = 0;
	do {
		sent = sendmsg(socket, &header, flags | MSG_NOSIGNAL);
	} while (sent < 0 && again(errno, &tries));
	if (sent < 0)
		return -errno;
	return (size_t)sent == bytes ? 0 : -EMSGSIZE;
}

/* Close every descriptor that came; the first goes to *fd if it is alone. */
static int take_descriptors(struct msghdr *header, int *fd)
{
	int kept = -1;
	int strange = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL;
	     c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			strange = 1;
			continue;
		}
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int one;
			memcpy(&one, CMSG_DATA(c) + i * sizeof(int),
			       sizeof(int));
			if (kept < 0 && fd != NULL) {
				kept = one;
			} else {
				strange = 1;
				close(one);
			}
		}
	}
	if (strange && kept >= 0) {
		close(kept);
		kept = -1;
	}
	if (fd != NULL)
		*fd = kept;
	return strange ? -EPROTO : 0;
}

ssize_t fd_receive(int socket, void *message, size_t bytes, int *fd, int flags)
{
	union control control;
	struct iovec iov = {.iov_base = message, .iov_len = bytes};
	struct msghdr header = {.msg_iov = &iov,
				.msg_iovlen = 1,
				.msg_control = control.bytes,
				.msg_controllen = sizeof(control.bytes)};
	ssize_t got;
	int tries = 0;

	if (fd != NULL)
		*fd = -1;
	do {
		got = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);
	} while (got < 0 && again(errno, &tries));
	if (got < 0)
		return -errno;
	int r = take_descriptors(&header, fd);
	if (r == 0 && (header.msg_flags & MSG_CTRUNC))
		r = -EPROTO;
	if (r == 0 && (header.msg_flags & MSG_TRUNC))
		r = -EMSGSIZE;
	if (r < 0) {
		if (fd != NULL && *fd >= 0) {
			close(*fd);
			*fd = -1;
		}
		return r;
	}
	return got;
}
