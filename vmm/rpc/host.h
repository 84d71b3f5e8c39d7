/* SPDX-License-Identifier: MIT */
/*
 * What the host has, read from /proc and /sys at the moment of asking: its
 * memory by NUMA cell, its page sizes, the time of a process. Knows nothing of
 * the broker.
 */
#ifndef LABYRINTH_RPC_HOST_H
#define LABYRINTH_RPC_HOST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HOST_CELLS_MAX 64
#define HOST_PAGES_MAX 8

struct host_cell {
	unsigned id; /* the kernel's number of the node */
	uint64_t total_kib;
	uint64_t free_kib;
};

struct host {
	struct host_cell cells[HOST_CELLS_MAX]; /* in order of id; >= 1 */
	size_t ncells;
	unsigned pages[HOST_PAGES_MAX]; /* sizes, KiB, rising; 4 and 2048 are
					   there */
	size_t npages;
	unsigned cpus; /* online, >= 1 */
	unsigned mhz;  /* of the first CPU; 0 when the kernel does not say */
};

/*
 * Look. Never fails: where the kernel tells nothing of nodes, the host is one
 * cell; where it tells nothing at all, numbers are 0.
 */
void host_look(struct host *host);

/*
 * How many free pages of a size (KiB, one of host->pages) a cell has; cell
 * NULL is the whole host.
 */
uint64_t host_free_pages(const struct host *host, const struct host_cell *cell,
			 unsigned size);

/* CPU time of a process, all its threads, in ns; 0 when it is gone. */
uint64_t host_cpu_time(pid_t pid);

#endif
