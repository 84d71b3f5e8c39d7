/* SPDX-License-Identifier: MIT */
/* The page frames of a lease, and of all leases together. */
#include <config.h>

#include "audit/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/kernel-page-flags.h>
#include <stdlib.h>

#include "base/cleanup.h"

static bool has(const struct frame *frame, unsigned int flag)
{
	return frame->flags >> flag & 1;
}

static bool is_made_of(const struct frame *frame, uint32_t backing)
{
	if (has(frame, KPF_HUGE) != (backing == LAB_BACKING_HUGETLB))
		return false;
	/* Small pages may lie in large ones of any size, by the kernel's
	 * choice: only where a large one is owed is it missed. */
	return backing != LAB_BACKING_THP || has(frame, KPF_THP);
}

/* Is this wrong with one frame? Several things may be. */
static bool is_wrong(const struct frame *f, enum check check, uint32_t backing)
{
	switch (check) {
	case CHECK_NOT_RESIDENT:
		return !f->present && !f->swapped;
	case CHECK_SWAPPED:
		return f->swapped;
	case CHECK_FRAME_SHARED:
		return f->present && f->count != 1;
	case CHECK_FRAME_KSM:
		return has(f, KPF_KSM);
	case CHECK_FRAME_COPY:
		/* The file's pages are not; what was written privately is. */
		return has(f, KPF_ANON);
	case CHECK_FRAME_SWAPCACHE:
		return has(f, KPF_SWAPCACHE);
	case CHECK_FRAME_POISONED:
		return has(f, KPF_HWPOISON);
	case CHECK_FRAME_FREE:
		return has(f, KPF_NOPAGE) || has(f, KPF_BUDDY) ||
		       has(f, KPF_SLAB);
	case CHECK_FRAME_BACKING:
		return f->present && !is_made_of(f, backing);
	default:
		return false;
	}
}

static const struct {
	enum check check;
	const char *what;
} rules[] = {
	{CHECK_NOT_RESIDENT, "not resident"},
	{CHECK_SWAPPED, "swapped out"},
	{CHECK_FRAME_SHARED, "not mapped once"},
	{CHECK_FRAME_KSM, "merged by KSM"},
	{CHECK_FRAME_COPY, "not the file's, but a copy"},
	{CHECK_FRAME_SWAPCACHE, "in the swap cache"},
	{CHECK_FRAME_POISONED, "broken memory (HWPOISON)"},
	{CHECK_FRAME_FREE, "no memory of a file to the kernel"},
	{CHECK_FRAME_BACKING, "not as the pool's backing has it"},
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

void compare_frames(const struct snapshot *snapshot,
		    const struct mapping *mapping, const struct frame *frames,
		    unsigned int count, struct differences *out)
{
	struct snapshot_place place = snapshot_place(snapshot, mapping->extent);
	uint32_t backing = snapshot->pools[place.pool].backing;
	struct where where = {
		.extent = mapping->extent,
		.guest = snapshot_guest_of(snapshot, mapping->pid),
		.pid = mapping->pid,
	};

	for (size_t r = 0; r < RULES; r++) {
		unsigned int wrong = 0;
		const struct frame *first = NULL;
		for (unsigned int i = 0; i < count; i++) {
			if (!is_wrong(&frames[i], rules[r].check, backing))
				continue;
			if (wrong++ == 0)
				first = &frames[i];
		}
		if (wrong == 0)
			continue;
		where.frame = first->number;
		differences_add(out, rules[r].check, snapshot, &where,
				"%u of its %u pages: %s (the first: page %u, "
				"frame %#" PRIx64 ", mapped %" PRIu64 " times)",
				wrong, count, rules[r].what,
				(unsigned int)(first - frames), first->number,
				first->count);
	}
}

static int start_run(struct owners *self, uint32_t extent, uint64_t number)
{
	if (self->count == self->room) {
		size_t room = self->room * 2 + 512;
		void *all = realloc(self->all, room * sizeof(*self->all));
		if (all == NULL)
			return -ENOMEM;
		self->all = all;
		self->room = room;
	}
	self->all[self->count++] =
		(struct owner){.number = number, .count = 1, .extent = extent};
	return 0;
}

int owners_note(struct owners *self, uint32_t extent,
		const struct frame *frames, unsigned int count)
{
	struct owner *run = NULL; /* of this lease, so far */
	int r = 0;

	for (unsigned int i = 0; i < count && r == 0; i++) {
		if (!frames[i].present)
			continue;
		if (run != NULL &&
		    run->number + run->count == frames[i].number) {
			run->count++;
			continue;
		}
		r = start_run(self, extent, frames[i].number);
		run = r == 0 ? &self->all[self->count - 1] : NULL;
	}
	return r;
}

static int by_number(const void *a, const void *b)
{
	const struct owner *one = a, *two = b;

	if (one->number != two->number)
		return one->number < two->number ? -1 : 1;
	return (one->extent > two->extent) - (one->extent < two->extent);
}

static void say_twice(const struct snapshot *snapshot, const struct owner *run,
		      const struct owner *other, struct differences *out)
{
	uint32_t owner = snapshot->extents[run->extent].owner;
	struct snapshot_place there = snapshot_place(snapshot, other->extent);
	const struct where where = {
		.extent = run->extent,
		.guest = snapshot_guest(snapshot, owner),
		.frame = run->number,
	};

	differences_add(out, CHECK_FRAME_TWICE, snapshot, &where,
			"frame %#" PRIx64 " of it is in extent %u of pool %s "
			"as well",
			run->number, there.extent,
			snapshot->pools[there.pool].name);
}

void compare_owners(const struct snapshot *snapshot, struct owners *owners,
		    struct differences *out)
{
	const struct owner *widest = owners->all; /* that reaches furthest */
	cleanup_free bool *said = calloc(snapshot->header->extents + 1, 1);

	if (said == NULL)
		out->exhausted = true;
	if (said == NULL || owners->count == 0)
		return;
	qsort(owners->all, owners->count, sizeof(*owners->all), by_number);
	for (size_t i = 1; i < owners->count; i++) {
		const struct owner *run = &owners->all[i];
		uint64_t end = widest->number + widest->count;
		if (run->number < end && run->extent != widest->extent &&
		    !said[run->extent]) {
			say_twice(snapshot, run, widest, out);
			said[run->extent] = true;
		}
		if (run->number + run->count >= end)
			widest = run;
	}
}

void owners_free(struct owners *self)
{
	free(self->all);
	*self = (struct owners){0};
}
