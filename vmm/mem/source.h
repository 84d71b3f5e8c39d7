/* SPDX-License-Identifier: MIT */
/*
 * Where leases come from, as the page allocator's owner sees it: implemented
 * over a broker's socket by lease/client.
 */
#ifndef LABYRINTH_MEM_SOURCE_H
#define LABYRINTH_MEM_SOURCE_H

#include <stdint.h>

#include <labyrinth/lease.h>

struct lease {
	uint64_t id; /* generation << 32 | extent; the broker's name for it */
	int fd;	     /* 2 MiB file, sealed against growing; the owner's */
	enum lab_backing backing;
};

struct lease_source {
	/*
	 * Get one lease; may wait for the broker. 0 and *lease (its fd is
	 * the caller's), or a negated errno: -ENOMEM when the pool has none
	 * for this guest, -EDQUOT at the guest's limit, -EPIPE when the
	 * broker is gone, -ETIMEDOUT when it does not answer (for now: what
	 * is held stays, and a later get may succeed).
	 */
	int (*get)(void *context, struct lease *lease);
	/*
	 * Give one back. The caller has unmapped it and closed its fd. Never
	 * fails: if the broker is gone, so is the lease.
	 */
	void (*put)(void *context, uint64_t id);
	/*
	 * Break off a get that waits, from any thread; every later one fails
	 * at once. For the end of a guest.
	 */
	void (*cancel)(void *context);
	void *context;
};

#endif
