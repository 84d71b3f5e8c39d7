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
	int fd;	     /* 2 MiB file that cannot grow; the owner's */
	enum lab_backing backing;
};

struct lease_source {
	/*
	 * Get one lease, waiting for the broker's answer. 0 and *lease (its fd
	 * is the caller's), or a negated errno: -ENOMEM when the pool has none
	 * for this guest, -EDQUOT at the guest's limit, -EPIPE when the
	 * broker is gone, -ETIMEDOUT when it does not answer (for now: what
	 * is held stays, and a later get or take may succeed). It takes the
	 * answer to an ask() that is under way, if there is one.
	 */
	int (*get)(void *context, struct lease *lease);
	/*
	 * Ask for one lease without waiting for it: take() will say what came
	 * of it. The broker may let other guests give back for so long (ms;
	 * 0: not at all). Nothing while one is under way already. 0, -EPIPE,
	 * or -ETIMEDOUT when the broker does not read what it is sent.
	 */
	int (*ask)(void *context, uint32_t wait_ms);
	/*
	 * Take what has come, without waiting: 0 and *lease as get(); -EAGAIN
	 * when nothing more has; or as get(), why there is no lease.
	 */
	int (*take)(void *context, struct lease *lease);
	/*
	 * Give one back. The caller has unmapped it and closed its fd. Never
	 * fails: if the broker is gone, so is the lease.
	 */
	void (*put)(void *context, uint64_t id);
	void *context;
};

#endif
