/* SPDX-License-Identifier: MIT */
/* Ledger, processes, page frames: read, and handed to the comparison. */
#include <config.h>

#include "audit/look.h"

#include <errno.h>

static int look_at_lease(struct look *self, const struct mapping *mapping,
			 struct owners *owners, struct frames *frames,
			 struct err *err)
{
	struct frame found[LAB_EXTENT_PAGES];
	uint64_t bytes = mapping->end - mapping->start;
	unsigned int count = (unsigned int)(bytes / LAB_PAGE_SIZE);

	if (count > LAB_EXTENT_PAGES)
		count = LAB_EXTENT_PAGES;
	int r = frames_read(frames, mapping->pid, mapping->start, found, count,
			    err);
	if (r < 0)
		return r;
	compare_frames(&self->snapshot, mapping, found, count,
		       &self->differences);
	self->leases++;
	self->frames += count;
	r = owners_note(owners, mapping->extent, found, count);
	return r < 0 ? err_set(err, -r, "note page frames") : 0;
}

static int look_at_frames(struct look *self, const struct mappings *mappings,
			  struct frames *frames, struct err *err)
{
	struct owners owners = {0};
	int r = 0;

	for (uint32_t i = self->snapshot.first;
	     i < self->snapshot.end && r == 0; i++) {
		const struct mapping *m =
			compare_owned(&self->snapshot, mappings, i);
		if (m != NULL)
			r = look_at_lease(self, m, &owners, frames, err);
	}
	if (r == 0)
		compare_owners(&self->snapshot, &owners, &self->differences);
	owners_free(&owners);
	return r;
}

int look_take(struct look *self, const char *path, const char *pool,
	      struct frames *frames, struct err *err)
{
	struct processes processes;

	*self = (struct look){0};
	int r = snapshot_ask(&self->snapshot, path, pool, err);
	if (r < 0)
		return r;
	r = processes_scan(&processes, &self->snapshot, err);
	if (r < 0) {
		look_free(self);
		return r;
	}
	self->processes = processes.count;
	self->mappings = processes.mappings.count;
	compare_ledger(&self->snapshot, &self->differences);
	compare_processes(&self->snapshot, &processes, &self->differences);
	r = look_at_frames(self, &processes.mappings, frames, err);
	processes_free(&processes);
	if (r == 0 && self->differences.exhausted)
		r = err_set(err, ENOMEM, "note the differences");
	if (r < 0)
		look_free(self);
	return r;
}

void look_free(struct look *self)
{
	snapshot_free(&self->snapshot);
	differences_free(&self->differences);
}
