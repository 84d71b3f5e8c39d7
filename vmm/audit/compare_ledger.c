/* SPDX-License-Identifier: MIT */
/* The ledger against itself: what it counts, against what it lists. */
#include <config.h>

#include "audit/compare.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const states[LAB_EXTENT_STATES] = {
	[LAB_EXTENT_WITHDRAWN] = "withdrawn", [LAB_EXTENT_DIRTY] = "dirty",
	[LAB_EXTENT_BLANK] = "blank",	      [LAB_EXTENT_LEASED] = "leased",
	[LAB_EXTENT_REVOKING] = "revoking",
};

static void compare_counts(const struct snapshot *snapshot, uint32_t pool,
			   uint32_t first, struct differences *out)
{
	const struct lab_audit_pool *p = &snapshot->pools[pool];
	const struct where where = {.pool = pool, .extent = SNAPSHOT_NONE};
	uint32_t counts[LAB_EXTENT_STATES] = {0};
	uint64_t sum = 0;

	for (uint32_t i = 0; i < p->total; i++)
		counts[snapshot->extents[first + i].state]++;
	for (int s = 0; s < LAB_EXTENT_STATES; s++) {
		sum += p->counts[s];
		if (p->counts[s] != counts[s])
			differences_add(out, CHECK_LEDGER_SUMS, snapshot,
					&where,
					"the ledger counts %u %s extents and "
					"lists %u",
					p->counts[s], states[s], counts[s]);
	}
	if (sum != p->total)
		differences_add(out, CHECK_LEDGER_SUMS, snapshot, &where,
				"its states sum to %" PRIu64
				" extents, but it has %u",
				sum, p->total);
}

/* The extents that each guest owns, by its place among the guests. */
static void compare_owners_of(const struct snapshot *snapshot, uint32_t pool,
			      uint32_t first, uint32_t *owned,
			      struct differences *out)
{
	for (uint32_t i = first; i < first + snapshot->pools[pool].total; i++) {
		const struct lab_audit_extent *e = &snapshot->extents[i];
		const struct where where = {.extent = i};
		const struct lab_audit_guest *guest =
			snapshot_guest(snapshot, e->owner);

		if (e->state != LAB_EXTENT_LEASED && e->owner != 0)
			differences_add(out, CHECK_LEDGER_OWNER, snapshot,
					&where,
					"it is %s and owned by guest %u",
					states[e->state], e->owner);
		if (e->state != LAB_EXTENT_LEASED)
			continue;
		if (guest == NULL)
			differences_add(out, CHECK_LEDGER_OWNER, snapshot,
					&where,
					"it is leased to guest %u, whom the "
					"ledger does not know",
					e->owner);
		else if (guest->pool != pool)
			differences_add(out, CHECK_LEDGER_OWNER, snapshot,
					&where,
					"it is leased to guest %s, which is of "
					"another pool",
					guest->name);
		else
			owned[guest - snapshot->guests]++;
	}
}

static void compare_guest(const struct snapshot *snapshot,
			  const struct lab_audit_guest *guest, uint32_t owned,
			  struct differences *out)
{
	const struct where where = {.pool = guest->pool,
				    .extent = SNAPSHOT_NONE,
				    .guest = guest,
				    .pid = (pid_t)guest->pid};

	if (guest->held != owned)
		differences_add(out, CHECK_LEDGER_SUMS, snapshot, &where,
				"the ledger counts %u leases of it and lists "
				"%u",
				guest->held, owned);
	if (guest->held > guest->limit)
		differences_add(out, CHECK_LEDGER_LIMIT, snapshot, &where,
				"it holds %u leases, more than its limit of %u",
				guest->held, guest->limit);
	if (guest->guarantee > guest->limit)
		differences_add(out, CHECK_LEDGER_GUARANTEE, snapshot, &where,
				"its guarantee of %u leases is more than its "
				"limit of %u",
				guest->guarantee, guest->limit);
}

static void compare_guarantees(const struct snapshot *snapshot, uint32_t pool,
			       struct differences *out)
{
	const struct lab_audit_pool *p = &snapshot->pools[pool];
	const struct where where = {.pool = pool, .extent = SNAPSHOT_NONE};
	uint64_t sum = 0;

	for (uint32_t i = 0; i < snapshot->header->guests; i++)
		if (snapshot->guests[i].pool == pool)
			sum += snapshot->guests[i].guarantee;
	if (sum != p->guaranteed)
		differences_add(out, CHECK_LEDGER_GUARANTEE, snapshot, &where,
				"the ledger has promised %u leases, its guests "
				"were promised %" PRIu64,
				p->guaranteed, sum);
	if (sum > p->total)
		differences_add(out, CHECK_LEDGER_GUARANTEE, snapshot, &where,
				"%" PRIu64
				" leases are promised, but the pool has %u",
				sum, p->total);
}

/* A lease, or what may become one at once, has a file of its own. */
static void compare_files(const struct snapshot *snapshot,
			  struct differences *out)
{
	for (uint32_t i = snapshot->first; i < snapshot->end; i++) {
		const struct lab_audit_extent *e = &snapshot->extents[i];
		const struct where where = {.extent = i};
		bool needs = e->state == LAB_EXTENT_LEASED ||
			     e->state == LAB_EXTENT_BLANK;
		uint32_t found = snapshot_find(snapshot, e->device, e->inode);

		if (needs && e->inode == 0)
			differences_add(out, CHECK_LEDGER_FILE, snapshot,
					&where, "it is %s and has no file",
					states[e->state]);
		else if (e->inode != 0 && found != i)
			differences_add(out, CHECK_LEDGER_FILE, snapshot,
					&where,
					"its file is that of extent %u as well",
					snapshot_place(snapshot, found).extent);
	}
}

void compare_ledger(const struct snapshot *snapshot, struct differences *out)
{
	uint32_t guests = snapshot->header->guests, first = 0;
	uint32_t *owned = calloc(guests + 1, sizeof(*owned));

	if (owned == NULL) {
		out->exhausted = true;
		return;
	}
	for (uint32_t i = 0; i < snapshot->header->pools; i++) {
		if (snapshot_covers(snapshot, i)) {
			compare_counts(snapshot, i, first, out);
			compare_owners_of(snapshot, i, first, owned, out);
			compare_guarantees(snapshot, i, out);
		}
		first += snapshot->pools[i].total;
	}
	for (uint32_t i = 0; i < guests; i++)
		if (snapshot_covers(snapshot, snapshot->guests[i].pool))
			compare_guest(snapshot, &snapshot->guests[i], owned[i],
				      out);
	compare_files(snapshot, out);
	free(owned);
}
