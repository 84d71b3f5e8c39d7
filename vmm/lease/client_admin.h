/* SPDX-License-Identifier: MIT */
/*
 * What an administrator asks of the broker, in place of HELLO: each call is a
 * connection of its own, with one question and one answer. 0, or a negated
 * errno and a sentence, which is the broker's where it refuses.
 */
#ifndef LABYRINTH_LEASE_CLIENT_ADMIN_H
#define LABYRINTH_LEASE_CLIENT_ADMIN_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Have the broker at this socket take `leases` (0: all above the guarantee)
 * from a guest, which may give them up for grace_ms before; waits for that.
 * *taken is how many were given up or taken.
 */
int client_revoke(const char *path, const char *guest, uint64_t leases,
		  uint32_t grace_ms, uint64_t *taken, struct err *err);

/*
 * Have the broker at this socket tell what its ledger holds: a file, which is
 * the caller's to check, and to close. *broker is its process, as the kernel
 * tells us.
 */
int client_audit(const char *path, int *fd, pid_t *broker, struct err *err);

#endif
