/* SPDX-License-Identifier: MIT */
/*
 * The VMMs' view: mappings of leases, as /proc/PID/maps and smaps tell them.
 * Parses text; which process to look at is another's business.
 */
#ifndef LABYRINTH_AUDIT_MAPS_H
#define LABYRINTH_AUDIT_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "audit/snapshot.h"

struct mapping {
	uint32_t extent; /* whose file it is */
	pid_t pid;
	uint64_t start; /* addresses */
	uint64_t end;
	uint64_t offset; /* in the file, bytes */
	uint64_t device; /* of the file, as stat() has it */
	uint64_t inode;
	bool shared;	     /* MAP_SHARED */
	uint64_t rss;	     /* KiB; huge pages count too */
	uint64_t swap;	     /* KiB */
	uint64_t ksm;	     /* KiB that KSM merged; 0 before Linux 6.6 */
	bool locked;	     /* mlock()ed */
	bool dontfork;	     /* a fork does not get it */
	bool dontdump;	     /* nor does a core dump */
	bool mergeable;	     /* KSM may merge it */
	unsigned int pieces; /* of the address space that it is made of */
};

struct mappings {
	struct mapping *all;
	size_t count;
	size_t room;
};

/* The first line of a mapping, in either file. False when it is none. */
bool maps_parse_head(const char *line, struct mapping *out);

/* One of the lines that follow it in smaps; what is not ours is left. */
void maps_parse_detail(const char *line, struct mapping *mapping);

/* How many mappings of leases are in this text (maps or smaps)? */
size_t maps_count(FILE *text, const struct snapshot *snapshot);

/*
 * Add those of `text`, which is smaps of process `pid`. What lies side by side
 * in memory and in the file is one mapping, however the kernel has cut it: it
 * has a property if all its pieces have. 0 or -ENOMEM.
 */
int maps_read(struct mappings *self, FILE *text, pid_t pid,
	      const struct snapshot *snapshot);

/* By extent, then process, then address. */
void maps_sort(struct mappings *self);

void maps_free(struct mappings *self);

#endif
