/* SPDX-License-Identifier: MIT */
/* A list of differences, and how two looks are brought together. */
#include <config.h>

#include "audit/difference.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[CHECKS] = {
	[CHECK_LEDGER_SUMS] = "ledger-sums",
	[CHECK_LEDGER_OWNER] = "ledger-owner",
	[CHECK_LEDGER_LIMIT] = "ledger-limit",
	[CHECK_LEDGER_GUARANTEE] = "ledger-guarantee",
	[CHECK_LEDGER_FILE] = "ledger-file",
	[CHECK_UNMAPPED] = "unmapped",
	[CHECK_MAPPED_TWICE] = "mapped-twice",
	[CHECK_MAPPED_PARTLY] = "mapped-partly",
	[CHECK_MAPPED_PRIVATE] = "mapped-private",
	[CHECK_MAPPED_ELSEWHERE] = "mapped-elsewhere",
	[CHECK_MAPPED_UNOWNED] = "mapped-unowned",
	[CHECK_NOT_LOCKED] = "not-locked",
	[CHECK_FORKABLE] = "forkable",
	[CHECK_DUMPABLE] = "dumpable",
	[CHECK_MERGEABLE] = "mergeable",
	[CHECK_DESCRIPTOR_KEPT] = "descriptor-kept",
	[CHECK_DESCRIPTOR_ELSEWHERE] = "descriptor-elsewhere",
	[CHECK_NOT_RESIDENT] = "not-resident",
	[CHECK_SWAPPED] = "swapped",
	[CHECK_FRAME_SHARED] = "frame-shared",
	[CHECK_FRAME_KSM] = "frame-ksm",
	[CHECK_FRAME_COPY] = "frame-copy",
	[CHECK_FRAME_SWAPCACHE] = "frame-swapcache",
	[CHECK_FRAME_POISONED] = "frame-poisoned",
	[CHECK_FRAME_FREE] = "frame-free",
	[CHECK_FRAME_BACKING] = "frame-backing",
	[CHECK_FRAME_TWICE] = "frame-twice",
};

const char *check_name(enum check check)
{
	return names[check];
}

static struct difference *append(struct differences *self)
{
	if (self->count == self->room) {
		size_t room = self->room * 2 + 16;
		void *all = realloc(self->all, room * sizeof(*self->all));
		if (all == NULL) {
			self->exhausted = true;
			return NULL;
		}
		self->all = all;
		self->room = room;
	}
	struct difference *d = &self->all[self->count++];
	*d = (struct difference){.extent = SNAPSHOT_NONE};
	return d;
}

static void locate(struct difference *d, const struct snapshot *snapshot,
		   const struct where *where)
{
	struct snapshot_place place = {.pool = where->pool,
				       .extent = SNAPSHOT_NONE};

	if (where->extent != SNAPSHOT_NONE) {
		place = snapshot_place(snapshot, where->extent);
		d->generation = snapshot->extents[where->extent].generation;
	}
	d->extent = place.extent;
	strcpy(d->pool, snapshot->pools[place.pool].name);
	if (where->guest != NULL)
		strcpy(d->guest, where->guest->name);
	d->pid = where->pid;
	d->frame = where->frame;
}

/* "pool default, extent 7, guest ada (process 812): " */
static size_t write_place(struct difference *d, const struct where *where)
{
	size_t used, room = sizeof(d->text);

	used = (size_t)snprintf(d->text, room, "pool %s", d->pool);
	if (d->extent != SNAPSHOT_NONE)
		used += (size_t)snprintf(d->text + used, room - used,
					 ", extent %u", d->extent);
	if (where->guest != NULL)
		used += (size_t)snprintf(d->text + used, room - used,
					 ", guest %s (process %u)", d->guest,
					 where->guest->pid);
	used += (size_t)snprintf(d->text + used, room - used, ": ");
	return used;
}

void differences_add(struct differences *self, enum check check,
		     const struct snapshot *snapshot, const struct where *where,
		     const char *format, ...)
{
	struct difference *d = append(self);
	va_list args;

	if (d == NULL)
		return;
	d->check = check;
	locate(d, snapshot, where);
	size_t used = write_place(d, where);
	va_start(args, format);
	vsnprintf(d->text + used, sizeof(d->text) - used, format, args);
	va_end(args);
}

/* Is it the same difference, of the same lease? */
static int compare(const void *a, const void *b)
{
	const struct difference *one = a, *two = b;

	if (one->check != two->check)
		return one->check < two->check ? -1 : 1;
	if (one->extent != two->extent)
		return one->extent < two->extent ? -1 : 1;
	if (one->generation != two->generation)
		return one->generation < two->generation ? -1 : 1;
	if (one->pid != two->pid)
		return one->pid < two->pid ? -1 : 1;
	int names_differ = strcmp(one->pool, two->pool);
	return names_differ != 0 ? names_differ
				 : strcmp(one->guest, two->guest);
}

void differences_keep_common(struct differences *self,
			     struct differences *later)
{
	struct differences common = {0};

	if (self->count > 0)
		qsort(self->all, self->count, sizeof(*self->all), compare);
	if (later->count > 0)
		qsort(later->all, later->count, sizeof(*later->all), compare);
	for (size_t i = 0; i < later->count && self->count > 0; i++) {
		const struct difference *d = &later->all[i];
		if (i > 0 && compare(d, d - 1) == 0)
			continue;
		if (bsearch(d, self->all, self->count, sizeof(*d), compare) ==
		    NULL)
			continue;
		struct difference *kept = append(&common);
		if (kept != NULL)
			*kept = *d;
	}
	common.exhausted |= self->exhausted | later->exhausted;
	differences_free(self);
	*self = common;
}

void differences_free(struct differences *self)
{
	free(self->all);
	*self = (struct differences){0};
}
