/* SPDX-License-Identifier: MIT */
/* Two tables and a verdict. */
#include <config.h>

#include "audit/print.h"

#include <errno.h>
#include <inttypes.h>

#include "base/pages.h"

static void print_pools(const struct snapshot *snapshot, FILE *out)
{
	fprintf(out, "%-16s %-11s %7s %7s %7s %8s %7s %9s %10s\n", "pool",
		"backing", "leases", "blank", "leased", "revoking", "dirty",
		"withdrawn", "guaranteed");
	for (uint32_t i = 0; i < snapshot->header->pools; i++) {
		const struct lab_audit_pool *p = &snapshot->pools[i];
		if (!snapshot_covers(snapshot, i))
			continue;
		fprintf(out, "%-16s %-11s %7u %7u %7u %8u %7u %9u %10u\n",
			p->name, pages_name(p->backing), p->total,
			p->counts[LAB_EXTENT_BLANK],
			p->counts[LAB_EXTENT_LEASED],
			p->counts[LAB_EXTENT_REVOKING],
			p->counts[LAB_EXTENT_DIRTY],
			p->counts[LAB_EXTENT_WITHDRAWN], p->guaranteed);
	}
}

static void print_guests(const struct snapshot *snapshot, FILE *out)
{
	bool headed = false;

	for (uint32_t i = 0; i < snapshot->header->guests; i++) {
		const struct lab_audit_guest *g = &snapshot->guests[i];
		if (!snapshot_covers(snapshot, g->pool))
			continue;
		if (!headed)
			fprintf(out, "\n%-16s %7s %-16s %7s %9s %7s\n", "guest",
				"process", "pool", "held", "guarantee",
				"limit");
		headed = true;
		fprintf(out, "%-16s %7u %-16s %7u %9u %7u\n", g->name, g->pid,
			snapshot->pools[g->pool].name, g->held, g->guarantee,
			g->limit);
	}
}

int print_text(const struct rounds *rounds, FILE *out)
{
	const struct look *look = &rounds->last;
	const struct differences *found = &look->differences;

	print_pools(&look->snapshot, out);
	print_guests(&look->snapshot, out);
	fprintf(out,
		"\nchecked: %" PRIu64 " page frames of %" PRIu64
		" leases, %" PRIu64 " mappings, %" PRIu64
		" processes; looks: %u\n",
		look->frames, look->leases, look->mappings, look->processes,
		rounds->looks);
	if (found->count == 0)
		fprintf(out, "clean\n");
	else
		fprintf(out, "%zu difference%s:\n", found->count,
			found->count == 1 ? "" : "s");
	for (size_t i = 0; i < found->count; i++)
		fprintf(out, "  %s: %s\n", check_name(found->all[i].check),
			found->all[i].text);
	return fflush(out) != 0 || ferror(out) ? -errno : 0;
}
