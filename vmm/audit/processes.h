/* SPDX-License-Identifier: MIT */
/* Who maps or holds leases: every process that /proc shows, looked through. */
#ifndef LABYRINTH_AUDIT_PROCESSES_H
#define LABYRINTH_AUDIT_PROCESSES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit/maps.h"
#include "audit/snapshot.h"
#include "base/err.h"

/* A descriptor of a lease's file, in a process other than the broker. */
struct descriptor {
	uint32_t extent;
	pid_t pid;
	int fd;
};

struct processes {
	size_t count; /* processes looked through */
	struct mappings mappings;
	struct descriptor *descriptors; /* by extent, process, number */
	size_t ndescriptors;
	size_t room;
};

/*
 * Look through all of them. A process that ends meanwhile is none; one that may
 * not be looked at is a failure, for it could hide anything. 0, and
 * processes_free() after it; or a negated errno and a sentence.
 */
int processes_scan(struct processes *self, const struct snapshot *snapshot,
		   struct err *err);

void processes_free(struct processes *self);

#endif
