/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/roster.h"

#include <stdlib.h>
#include <string.h>

#include "rpc/domain.h"

static int by_uuid(const void *a, const void *b)
{
	const struct roster_entry *left = a, *right = b;

	return memcmp(left->uuid, right->uuid, sizeof(left->guest->uuid));
}

void roster_sort(struct roster *self)
{
	qsort(self->entries, self->count, sizeof(*self->entries), by_uuid);
}

const struct roster_entry *roster_find(const struct roster *self,
				       const uint8_t *uuid)
{
	const struct roster_entry wanted = {.uuid = uuid};

	return bsearch(&wanted, self->entries, self->count,
		       sizeof(*self->entries), by_uuid);
}

/* What a filter asks of one. */
static unsigned bits_of(const struct roster_entry *entry)
{
	const struct act_domain *domain = entry->domain;
	unsigned bits = VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE |
			VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT |
			VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT;

	bits |= entry->guest != NULL ? VIR_CONNECT_LIST_DOMAINS_ACTIVE |
					       VIR_CONNECT_LIST_DOMAINS_RUNNING
				     : VIR_CONNECT_LIST_DOMAINS_INACTIVE |
					       VIR_CONNECT_LIST_DOMAINS_SHUTOFF;
	bits |= domain != NULL && domain->defined
			? VIR_CONNECT_LIST_DOMAINS_PERSISTENT
			: VIR_CONNECT_LIST_DOMAINS_TRANSIENT;
	bits |= domain != NULL && domain->autostart
			? VIR_CONNECT_LIST_DOMAINS_AUTOSTART
			: VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART;
	return bits;
}

static size_t count_known(const struct rpc_call *call)
{
	size_t count = 0;

	for (const struct act_domain *d = call_next_domain(call, NULL);
	     d != NULL; d = call_next_domain(call, d))
		count++;
	return count;
}

/* What is known by XML, sorted. */
static void add_known(const struct rpc_call *call, struct roster *known)
{
	for (const struct act_domain *d = call_next_domain(call, NULL);
	     d != NULL; d = call_next_domain(call, d))
		known->entries[known->count++] =
			(struct roster_entry){.uuid = d->uuid, .domain = d};
	roster_sort(known);
}

/* A guest beside what is known of it, which runs by that. */
static struct roster_entry of_guest(const struct roster *known,
				    const struct view_guest *guest)
{
	struct roster_entry *found =
		(struct roster_entry *)(uintptr_t)roster_find(known,
							      guest->uuid);

	if (found != NULL)
		found->guest = guest;
	return (struct roster_entry){
		.uuid = guest->uuid,
		.guest = guest,
		.domain = found != NULL ? found->domain : NULL,
	};
}

static void keep(struct roster *self, struct roster_entry entry,
		 unsigned filter)
{
	if (domain_passes(bits_of(&entry), filter))
		self->entries[self->count++] = entry;
}

int roster_take(struct rpc_call *call, unsigned filter, struct roster *out)
{
	const struct view *view = call->view;
	size_t most = view->nguests + count_known(call) + 1;

	*out = (struct roster){.entries = calloc(most, sizeof(*out->entries))};
	if (out->entries == NULL)
		return call_no_memory(call);
	/* Where those that run will not reach: each moves down from there. */
	struct roster known = {.entries = out->entries + view->nguests};
	add_known(call, &known);
	for (size_t i = 0; i < view->nguests; i++)
		keep(out, of_guest(&known, &view->guests[i]), filter);
	for (size_t i = 0; i < known.count; i++) {
		if (known.entries[i].guest == NULL)
			keep(out, known.entries[i], filter);
	}
	return 0;
}

int roster_fill(struct rpc_call *call, const struct roster_entry *entry,
		rmt_dom *dom)
{
	const struct act_domain *domain = entry->domain;

	if (entry->guest != NULL)
		return domain_fill(call, entry->guest, dom);
	memcpy(dom->uuid, domain->uuid, sizeof(dom->uuid));
	dom->id = -1;
	return call_string(call, &dom->name, domain->name);
}
