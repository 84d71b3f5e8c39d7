/* SPDX-License-Identifier: MIT */
/* Copies what viewers may know out of the registry. */
#include <config.h>

#include "broker/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "broker/tally.h"

static void copy_pool(struct view_pool *to, struct pool *pool)
{
	const struct ledger *ledger = pool_ledger(pool);
	const struct pool_shortage *shortage = pool_shortage(pool);

	strcpy(to->name, pool_name(pool));
	memcpy(to->uuid, pool_uuid(pool), sizeof(to->uuid));
	to->backing = pool_backing(pool);
	to->bound = pool_node(pool) != NUMA_ANY;
	to->node = to->bound ? (unsigned int)pool_node(pool) : 0;
	/* What a shrink has withdrawn is gone, to those who look. */
	to->total = ledger_size(ledger) + ledger_surplus(ledger);
	to->size = ledger_size(ledger);
	to->blank = ledger_count(ledger, EXTENT_BLANK);
	to->leased = ledger_count(ledger, EXTENT_LEASED);
	to->revoking = ledger_count(ledger, EXTENT_REVOKING);
	to->dirty = ledger_count(ledger, EXTENT_DIRTY);
	to->withdrawn = ledger_missing(ledger);
	to->guaranteed = ledger_guaranteed(ledger);
	to->available = ledger_spare(ledger);
	to->min = shortage->marks.min;
	to->low = shortage->marks.low;
	to->high = shortage->marks.high;
	to->level = shortage->level;
}

static size_t pool_index(const struct registry *registry,
			 const struct pool *pool)
{
	size_t i = 0;

	while (i < registry->npools && registry->pools[i] != pool)
		i++;
	return i;
}

static void copy_guest(struct view_guest *to, const struct guest *guest,
		       struct view_vcpu *vcpus)
{
	to->id = guest->id;
	strcpy(to->name, guest->name);
	memcpy(to->uuid, guest->uuid, sizeof(to->uuid));
	to->pid = guest->pid;
	to->cpus = guest->cpus;
	to->memory = guest->memory;
	to->guarantee = guest->account.guarantee;
	to->limit = guest->account.limit;
	to->maximum = guest->account.maximum;
	to->leases = guest->account.held;
	to->has_tally = guest->tally != NULL;
	if (!to->has_tally)
		return;
	tally_read(&to->tally, guest->tally, to->leases);
	tally_read_cpus(vcpus, to->cpus, guest->tally);
	to->vcpus = vcpus;
}

struct view *snapshot_take(const struct registry *registry)
{
	struct view *view = calloc(1, sizeof(*view));
	size_t nvcpus = 0;

	if (view == NULL)
		return NULL;
	for (const struct guest *g = registry->first; g != NULL; g = g->next) {
		view->nguests++;
		nvcpus += g->cpus;
	}
	view->npools = registry->npools;
	view->pools = calloc(view->npools + 1, sizeof(*view->pools));
	view->guests = calloc(view->nguests + 1, sizeof(*view->guests));
	view->vcpus = calloc(nvcpus + 1, sizeof(*view->vcpus));
	if (view->pools == NULL || view->guests == NULL ||
	    view->vcpus == NULL) {
		view_free(view);
		return NULL;
	}
	for (size_t i = 0; i < view->npools; i++)
		copy_pool(&view->pools[i], registry->pools[i]);
	struct view_guest *to = view->guests;
	struct view_vcpu *vcpus = view->vcpus;
	for (const struct guest *g = registry->first; g != NULL; g = g->next) {
		to->pool = pool_index(registry, g->pool);
		copy_guest(to++, g, vcpus);
		vcpus += g->cpus;
	}
	return view;
}

size_t snapshot_leases(const struct registry *registry, uint32_t id,
		       struct view_lease *to, size_t most, uint64_t *left)
{
	const struct guest *guest = registry->first;
	struct view_lease *run = NULL;
	size_t count = 0;

	*left = 0;
	while (guest != NULL && guest->id != id)
		guest = guest->next;
	if (guest == NULL)
		return 0;
	const struct ledger *ledger = pool_ledger(guest->pool);
	for (uint32_t i = guest->account.leases.first; i != LEDGER_NO_EXTENT;
	     i = ledger_next(ledger, i)) {
		uint32_t generation = ledger_generation(ledger, i);
		if (*left == 0 && run != NULL &&
		    i == run->extent + run->count &&
		    generation == run->generation) {
			run->count++;
		} else if (*left == 0 && count < most) {
			run = &to[count++];
			*run = (struct view_lease){i, 1, generation};
		} else {
			++*left;
		}
	}
	return count;
}
