/* SPDX-License-Identifier: MIT */
/*
 * What the host has, read from /proc and /sys at the moment of asking: its
 * memory by NUMA cell, its page sizes, its CPUs, what a process uses. Knows
 * nothing of the broker.
 */
#ifndef LABYRINTH_RPC_HOST_H
#define LABYRINTH_RPC_HOST_H

#include <stdbool.h>
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

/* What a process has used, all its threads; zeroes when it is gone. */
struct host_usage {
	uint64_t user; /* ns, like system */
	uint64_t system;
	uint64_t rss_kib;
};

struct host_usage host_usage(pid_t pid);

/* The thread of a virtual processor. */
struct host_thread {
	int cpu;       /* of the host's, where it last ran; -1: not known */
	uint64_t time; /* that it has used, ns */
};

/*
 * Those of a VMM's first `count` processors: the first is the process's own,
 * the others are those that it has named "vcpu N".
 */
void host_threads(pid_t pid, struct host_thread *vcpus, unsigned int count);

#define HOST_MAP_BYTES 2048

/* The host's CPUs. */
struct host_cpus {
	uint8_t map[HOST_MAP_BYTES]; /* a bit for each that is online */
	unsigned count;		     /* one more than the highest number */
	unsigned online;
};

void host_cpus(struct host_cpus *out);

/* What its CPUs have done since it started, in ns. */
struct host_cpu_usage {
	uint64_t kernel;
	uint64_t user;
	uint64_t idle;
	uint64_t iowait;
};

/* Of one CPU, or of all together (-1). False: there is no such CPU. */
bool host_cpu_usage(int cpu, struct host_cpu_usage *out);

struct host_memory {
	uint64_t total_kib;
	uint64_t free_kib;
	uint64_t buffers_kib;
	uint64_t cached_kib;
};

void host_memory(struct host_memory *out);

#endif
