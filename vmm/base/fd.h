/* SPDX-License-Identifier: MIT */
/* Messages with descriptors over SOCK_SEQPACKET sockets. */
#ifndef LABYRINTH_BASE_FD_H
#define LABYRINTH_BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Send one message, with a descriptor if fd >= 0. flags as in send(2);
 * MSG_NOSIGNAL is added. The descriptor stays the caller's. What has no memory
 * at the moment is tried again, a few times. Returns 0 or a negated errno
 * (-EAGAIN when it would block and MSG_DONTWAIT was given; -EMSGSIZE when the
 * socket took a part only).
 */
int fd_send(int socket, const void *message, size_t bytes, int fd, int flags);

/*
 * Receive one message of at most `bytes`. Returns its length, 0 at the end of
 * the connection, or a negated errno: -EMSGSIZE for one that was longer,
 * -EPROTO for control data other than at most one descriptor. *fd becomes the
 * received descriptor (close-on-exec, the caller's), else -1; with fd NULL a
 * descriptor is a -EPROTO. No descriptor is ever leaked. Memory: as above.
 */
ssize_t fd_receive(int socket, void *message, size_t bytes, int *fd, int flags);

#endif
