/* SPDX-License-Identifier: MIT */
/*
 * The files under leases: how they are made, cut off and paid for. Knows the
 * kernel's memory, and nothing of pools, owners or states.
 */
#ifndef LABYRINTH_BROKER_BACKING_H
#define LABYRINTH_BROKER_BACKING_H

#include <stdint.h>

#include <labyrinth/lease.h>

#include "base/err.h"
#include "broker/numa.h"

/*
 * The best backing that the host can give to `leases` leases on a NUMA node
 * (NUMA_ANY: on any): huge pages when enough of them are free now; else
 * transparent ones where the kernel gives them to shared memory; else small
 * pages.
 */
enum lab_backing backing_choose(uint64_t leases, int node);

/*
 * Ask, before a single page is taken, whether the host, or its node, has the
 * memory for so many leases, so that its absence is a sentence at start and
 * not a visit of the OOM killer. 0; -ENOMEM and the numbers; -EOPNOTSUPP when
 * the kernel gives no transparent huge pages.
 */
int backing_check(enum lab_backing backing, uint64_t leases, int node,
		  struct err *err);

/*
 * Make a lease's file: 2 MiB, zeroed by the kernel, resident, and sealed
 * against growing and against other seals (but not against shrinking: that is
 * how it is revoked). With huge pages, transparent or not, it is one such page
 * or fails. `name` shows in /proc. For LAB_BACKING_GUEST_MEMFD, whose files
 * only their owners can make, it is one that keeps the room until then. Returns
 * the descriptor (close-on-exec, the caller's), or a negated errno.
 */
int backing_create(enum lab_backing backing, const char *name);

/*
 * The same with all of it on a NUMA node, which is looked at in the end.
 * NUMA_ANY is any.
 */
int backing_create_on(int node, enum lab_backing backing, const char *name);

/*
 * Cut a file's pages off, whoever maps them: any touch is a SIGBUS from here
 * on, for ever, since the file cannot grow again. 0 or a negated errno.
 */
int backing_cut(int fd);

/*
 * Let this process open `descriptors` at once: raise the soft limit, and the
 * hard one where that is allowed. 0, or -EMFILE and a sentence.
 */
int backing_reserve_descriptors(uint64_t descriptors, struct err *err);

#endif
