/* SPDX-License-Identifier: MIT */
/* Lines of /proc/PID/maps and smaps. */
#include <config.h>

#include "audit/maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"

bool maps_parse_head(const char *line, struct mapping *out)
{
	unsigned int major_number, minor_number;
	char permissions[5];
	struct mapping m = {.pieces = 1};

	if (sscanf(line,
		   "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64,
		   &m.start, &m.end, permissions, &m.offset, &major_number,
		   &minor_number, &m.inode) != 7 ||
	    m.end <= m.start || strlen(permissions) != 4)
		return false;
	m.shared = permissions[3] == 's';
	m.device = makedev(major_number, minor_number);
	*out = m;
	return true;
}

static void parse_flags(const char *flags, struct mapping *m)
{
	char flag[3];
	int used;

	for (; sscanf(flags, " %2s%n", flag, &used) == 1; flags += used) {
		m->locked |= strcmp(flag, "lo") == 0;
		m->dontfork |= strcmp(flag, "dc") == 0;
		m->dontdump |= strcmp(flag, "dd") == 0;
		m->mergeable |= strcmp(flag, "mg") == 0;
	}
}

void maps_parse_detail(const char *line, struct mapping *m)
{
	uint64_t kib;

	if (strncmp(line, "VmFlags:", 8) == 0)
		parse_flags(line + 8, m);
	else if (sscanf(line, "Rss: %" SCNu64 " kB", &kib) == 1 ||
		 sscanf(line, "Shared_Hugetlb: %" SCNu64 " kB", &kib) == 1 ||
		 sscanf(line, "Private_Hugetlb: %" SCNu64 " kB", &kib) == 1)
		m->rss += kib;
	else if (sscanf(line, "Swap: %" SCNu64 " kB", &kib) == 1)
		m->swap = kib;
	else if (sscanf(line, "KSM: %" SCNu64 " kB", &kib) == 1)
		m->ksm = kib;
}

size_t maps_count(FILE *text, const struct snapshot *snapshot)
{
	cleanup_free char *line = NULL;
	size_t room = 0, count = 0;
	struct mapping m;

	while (getline(&line, &room, text) >= 0)
		if (maps_parse_head(line, &m) &&
		    snapshot_find(snapshot, m.device, m.inode) != SNAPSHOT_NONE)
			count++;
	return count;
}

/* Does `next` go on where `m` ends, in the address space and in the file? */
static bool continues(const struct mapping *m, const struct mapping *next)
{
	return m->pid == next->pid && m->extent == next->extent &&
	       m->end == next->start &&
	       m->offset + (m->end - m->start) == next->offset;
}

static void join(struct mapping *m, const struct mapping *next)
{
	m->end = next->end;
	m->rss += next->rss;
	m->swap += next->swap;
	m->ksm += next->ksm;
	m->shared &= next->shared;
	m->locked &= next->locked;
	m->dontfork &= next->dontfork;
	m->dontdump &= next->dontdump;
	m->mergeable |= next->mergeable;
	m->pieces++;
}

static int add(struct mappings *self, const struct mapping *m)
{
	if (self->count > 0 && continues(&self->all[self->count - 1], m)) {
		join(&self->all[self->count - 1], m);
		return 0;
	}
	if (self->count == self->room) {
		size_t room = self->room * 2 + 64;
		void *all = realloc(self->all, room * sizeof(*self->all));
		if (all == NULL)
			return -ENOMEM;
		self->all = all;
		self->room = room;
	}
	self->all[self->count++] = *m;
	return 0;
}

int maps_read(struct mappings *self, FILE *text, pid_t pid,
	      const struct snapshot *snapshot)
{
	cleanup_free char *line = NULL;
	size_t room = 0;
	struct mapping m = {.extent = SNAPSHOT_NONE}, next;
	int r = 0;

	while (r == 0 && getline(&line, &room, text) >= 0) {
		if (!maps_parse_head(line, &next)) {
			maps_parse_detail(line, &m);
			continue;
		}
		if (m.extent != SNAPSHOT_NONE)
			r = add(self, &m);
		m = next;
		m.pid = pid;
		m.extent = snapshot_find(snapshot, m.device, m.inode);
	}
	if (r == 0 && m.extent != SNAPSHOT_NONE)
		r = add(self, &m);
	return r;
}

static int by_extent(const void *a, const void *b)
{
	const struct mapping *one = a, *two = b;

	if (one->extent != two->extent)
		return one->extent < two->extent ? -1 : 1;
	if (one->pid != two->pid)
		return one->pid < two->pid ? -1 : 1;
	return (one->start > two->start) - (one->start < two->start);
}

void maps_sort(struct mappings *self)
{
	if (self->count > 0)
		qsort(self->all, self->count, sizeof(*self->all), by_extent);
}

void maps_free(struct mappings *self)
{
	free(self->all);
	*self = (struct mappings){0};
}
