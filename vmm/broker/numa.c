/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/numa.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BITS (8 * sizeof(unsigned long))

int numa_check(int node, struct err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d", node);
	if (node < 0 || node > NUMA_MOST || access(path, F_OK) < 0)
		return err_say(err, ENOENT, "the host has no NUMA node %d",
			       node);
	int r = numa_bind(node);
	if (r < 0)
		return err_set(err, -r, "allocate on NUMA node %d", node);
	return numa_bind(NUMA_ANY);
}

int numa_bind(int node)
{
	unsigned long mask[(NUMA_MOST + 1) / BITS] = {0};
	int mode = MPOL_DEFAULT;

	if (node != NUMA_ANY) {
		mode = MPOL_BIND;
		mask[(unsigned int)node / BITS] = 1ul
						  << (unsigned int)node % BITS;
	}
	/* The kernel takes one bit less than it is told of. */
	if (syscall(SYS_set_mempolicy, mode, node != NUMA_ANY ? mask : NULL,
		    node != NUMA_ANY ? NUMA_MOST + 2ul : 0ul) < 0)
		return -errno;
	return 0;
}

int numa_node_of(const void *page)
{
	int node = -1;

	if (syscall(SYS_get_mempolicy, &node, NULL, 0ul, page,
		    MPOL_F_NODE | MPOL_F_ADDR) < 0)
		return -errno;
	return node;
}
