/* SPDX-License-Identifier: MIT */
/*
 * NUMA nodes of the host: that what this thread allocates lies on one of them,
 * and where a page lies. (Three system calls; libnuma wraps as many.)
 */
#ifndef LABYRINTH_BROKER_NUMA_H
#define LABYRINTH_BROKER_NUMA_H

#include "base/err.h"

#define NUMA_ANY  (-1) /* wherever the kernel likes */
#define NUMA_MOST 1023 /* the highest number that Linux gives */

/*
 * Can we allocate on this node? 0, -ENOENT when the host has no such node, or
 * what the kernel says, and a sentence.
 */
int numa_check(int node, struct err *err);

/*
 * From here on this thread allocates on that node only, and fails when it has
 * nothing left; NUMA_ANY ends it. 0 or a negated errno.
 */
int numa_bind(int node);

/* The node on which the page at this mapped address lies, or -errno. */
int numa_node_of(const void *page);

#endif
