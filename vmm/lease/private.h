/* SPDX-License-Identifier: MIT */
/* A broker of one's own: started for one guest, gone with it. */
#ifndef LABYRINTH_LEASE_PRIVATE_H
#define LABYRINTH_LEASE_PRIVATE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Start labyrinthd with one pool, for this process alone. It is $LABYRINTHD
 * if that is set, else the one beside the running program, in ../sbin seen
 * from there, or in the folder it is installed to. It ends when the socket
 * does, so with this process at the latest. 0, the connected socket for
 * client_from_fd() (close-on-exec, the caller's) and the process to wait for;
 * or a negated errno.
 */
int private_broker_start(const char *pool, uint64_t leases, int *socket,
			 pid_t *pid, struct err *err);

#endif
