/* SPDX-License-Identifier: MIT */
/* A listening UNIX socket in the file system: made, guarded, removed. */
#ifndef LABYRINTH_RPC_LISTEN_H
#define LABYRINTH_RPC_LISTEN_H

#include <sys/stat.h>
#include <sys/un.h>

#include "base/err.h"

struct listen_socket {
	int fd; /* -1 when there is none */
	struct sockaddr_un address;
	struct stat made; /* the file that is ours, by device and inode */
};

/*
 * Listen on directory/name, non-blocking. The mode is 0666 for everybody, else
 * 0660 with group libvirt where there is one and we may give it, else 0600. A
 * socket on which nobody answers is replaced; -EADDRINUSE where somebody does,
 * -EEXIST for what is no socket, -ENAMETOOLONG.
 */
int listen_open(struct listen_socket *out, const char *directory,
		const char *name, int everybody, struct err *err);

/* Listen on a socket that somebody else made: its file is not ours. */
void listen_inherit(struct listen_socket *out, int fd);

/* Close it, and remove its file if it is still ours. */
void listen_close(struct listen_socket *self);

#endif
