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

/* How leases went: not more were given up than all that went. */
struct client_taken {
	uint64_t leases; /* given up or taken */
	uint64_t given;	 /* of these, up in time */
};

/*
 * Have the broker at this socket take `leases` (0: all above the guarantee)
 * from a guest, which may give them up for grace_ms before; waits for that.
 */
int client_revoke(const char *path, const char *guest, uint64_t leases,
		  uint32_t grace_ms, struct client_taken *taken,
		  struct err *err);

/*
 * Have the broker at this socket tell what its ledger holds: a file, which is
 * the caller's to check, and to close. *broker is its process, as the kernel
 * tells us.
 */
int client_audit(const char *path, int *fd, pid_t *broker, struct err *err);

#endif
