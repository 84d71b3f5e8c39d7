/* SPDX-License-Identifier: MIT */
/* Who maps and holds leases, against the ledger. */
#include <config.h>

#include "audit/compare.h"

#include <stdio.h>

#include "base/pages.h"

static const struct lab_audit_guest *owner_of(const struct snapshot *snapshot,
					      uint32_t extent)
{
	const struct lab_audit_extent *e = &snapshot->extents[extent];

	return e->state == LAB_EXTENT_LEASED
		       ? snapshot_guest(snapshot, e->owner)
		       : NULL;
}

/* The mappings of one extent lie together: the first one, or the end. */
static size_t first_of(const struct mappings *mappings, uint32_t extent)
{
	size_t low = 0, high = mappings->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (mappings->all[middle].extent < extent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* "the broker (process 8)", "guest bob's VMM (process 9)", "process 10" */
struct name {
	char text[LAB_NAME_MAX + 48];
};

static struct name name_process(const struct snapshot *snapshot, pid_t pid)
{
	const struct lab_audit_guest *guest = snapshot_guest_of(snapshot, pid);
	struct name name;

	if (pid == snapshot->broker)
		snprintf(name.text, sizeof(name.text),
			 "the broker (process %d)", (int)pid);
	else if (guest != NULL)
		snprintf(name.text, sizeof(name.text),
			 "guest %s's VMM (process %d)", guest->name, (int)pid);
	else
		snprintf(name.text, sizeof(name.text), "process %d", (int)pid);
	return name;
}

/* A mapping by the owner: whole, shared, locked, and kept to itself? */
static void compare_shape(const struct snapshot *snapshot,
			  const struct where *where, const struct mapping *m,
			  struct differences *out)
{
	uint32_t pool = snapshot_place(snapshot, m->extent).pool;

	if (m->offset != 0 || m->end - m->start != LAB_EXTENT_SIZE)
		differences_add(out, CHECK_MAPPED_PARTLY, snapshot, where,
				"%llu KiB of it are mapped, from %llu KiB on, "
				"not the whole",
				(unsigned long long)(m->end - m->start) >> 10,
				(unsigned long long)m->offset >> 10);
	if (!m->shared)
		differences_add(out, CHECK_MAPPED_PRIVATE, snapshot, where,
				"it is mapped private: what is written goes to "
				"other page frames");
	if (!m->locked && pages_lockable(snapshot->pools[pool].backing))
		differences_add(out, CHECK_NOT_LOCKED, snapshot, where,
				"its mapping is not locked, so it can be "
				"swapped");
	if (!m->dontfork)
		differences_add(out, CHECK_FORKABLE, snapshot, where,
				"a fork of the VMM would inherit its mapping");
	if (!m->dontdump)
		differences_add(out, CHECK_DUMPABLE, snapshot, where,
				"a core dump of the VMM would contain it");
	if (m->mergeable)
		differences_add(out, CHECK_MERGEABLE, snapshot, where,
				"KSM may merge its pages with others");
	if (m->ksm > 0)
		differences_add(out, CHECK_FRAME_KSM, snapshot, where,
				"%llu KiB of it are merged by KSM",
				(unsigned long long)m->ksm);
	if (m->swap > 0)
		differences_add(out, CHECK_SWAPPED, snapshot, where,
				"%llu KiB of it are swapped out",
				(unsigned long long)m->swap);
}

static void compare_owner(const struct snapshot *snapshot, uint32_t extent,
			  const struct lab_audit_guest *owner,
			  const struct mapping *mappings, size_t count,
			  struct differences *out)
{
	const struct where where = {
		.extent = extent, .guest = owner, .pid = (pid_t)owner->pid};
	size_t own = 0;

	for (size_t i = 0; i < count; i++) {
		if (mappings[i].pid != (pid_t)owner->pid)
			continue;
		compare_shape(snapshot, &where, &mappings[i], out);
		own++;
	}
	if (own == 0)
		differences_add(out, CHECK_UNMAPPED, snapshot, &where,
				"its owner does not map it");
	if (own > 1)
		differences_add(out, CHECK_MAPPED_TWICE, snapshot, &where,
				"its owner maps it at %zu places", own);
}

/* Mappings by anybody but the owner. */
static void compare_strangers(const struct snapshot *snapshot, uint32_t extent,
			      const struct lab_audit_guest *owner,
			      const struct mapping *mappings, size_t count,
			      struct differences *out)
{
	uint32_t state = snapshot->extents[extent].state;

	for (size_t i = 0; i < count; i++) {
		const struct mapping *m = &mappings[i];
		struct name name = name_process(snapshot, m->pid);
		const struct where where = {
			.extent = extent, .guest = owner, .pid = m->pid};

		if (owner != NULL && m->pid == (pid_t)owner->pid)
			continue;
		if (state == LAB_EXTENT_LEASED)
			differences_add(out, CHECK_MAPPED_ELSEWHERE, snapshot,
					&where, "%s maps it too", name.text);
		/* A file that was cut may still have its place in a VMM. */
		else if (state == LAB_EXTENT_BLANK || m->rss > 0)
			differences_add(
				out, CHECK_MAPPED_UNOWNED, snapshot, &where,
				"%s maps it, and nobody owns it", name.text);
	}
}

static void compare_descriptor(const struct snapshot *snapshot,
			       const struct descriptor *d,
			       struct differences *out)
{
	const struct lab_audit_guest *owner = owner_of(snapshot, d->extent);
	uint32_t state = snapshot->extents[d->extent].state;
	const struct where where = {
		.extent = d->extent, .guest = owner, .pid = d->pid};
	struct name name = name_process(snapshot, d->pid);

	/* What was cut is of no use to who still holds it. */
	if (state != LAB_EXTENT_LEASED && state != LAB_EXTENT_BLANK)
		return;
	bool own = owner != NULL && d->pid == (pid_t)owner->pid;
	uint32_t pool = snapshot_place(snapshot, d->extent).pool;

	/* Its mapping could not be opened by the next broker. */
	if (own && snapshot->pools[pool].backing == LAB_BACKING_GUEST_MEMFD)
		return;
	if (own)
		differences_add(out, CHECK_DESCRIPTOR_KEPT, snapshot, &where,
				"its owner keeps descriptor %d of it", d->fd);
	else
		differences_add(out, CHECK_DESCRIPTOR_ELSEWHERE, snapshot,
				&where, "%s has descriptor %d of it", name.text,
				d->fd);
}

void compare_processes(const struct snapshot *snapshot,
		       const struct processes *processes,
		       struct differences *out)
{
	const struct mappings *all = &processes->mappings;
	size_t next = 0;

	for (uint32_t i = snapshot->first; i < snapshot->end; i++) {
		const struct lab_audit_guest *owner = owner_of(snapshot, i);
		size_t first = next;

		while (next < all->count && all->all[next].extent == i)
			next++;
		if (owner != NULL)
			compare_owner(snapshot, i, owner, all->all + first,
				      next - first, out);
		compare_strangers(snapshot, i, owner, all->all + first,
				  next - first, out);
	}
	for (size_t i = 0; i < processes->ndescriptors; i++)
		compare_descriptor(snapshot, &processes->descriptors[i], out);
}

const struct mapping *compare_owned(const struct snapshot *snapshot,
				    const struct mappings *mappings,
				    uint32_t extent)
{
	const struct lab_audit_guest *owner = owner_of(snapshot, extent);

	for (size_t i = first_of(mappings, extent);
	     owner != NULL && i < mappings->count &&
	     mappings->all[i].extent == extent;
	     i++)
		if (mappings->all[i].pid == (pid_t)owner->pid)
			return &mappings->all[i];
	return NULL;
}
