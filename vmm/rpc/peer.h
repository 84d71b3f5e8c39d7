/* SPDX-License-Identifier: MIT */
/* Who is at the other end of a connection, as the kernel says. */
#ifndef LABYRINTH_RPC_PEER_H
#define LABYRINTH_RPC_PEER_H

#include <stdbool.h>
#include <sys/types.h>

/* Who may act, beside root and our own user; if there is such a group. */
#define PEER_GROUP "libvirt"

struct peer {
	pid_t pid; /* 0: nothing is known, and nothing is trusted */
	uid_t uid;
	gid_t gid;
	bool trusted; /* it may act */
};

/* Who connected this UNIX socket, as he was then. */
struct peer peer_of(int socket);

#endif
