/* SPDX-License-Identifier: MIT */
/* All domains that there are: guests that run, and what is known by XML. */
#ifndef LABYRINTH_RPC_ROSTER_H
#define LABYRINTH_RPC_ROSTER_H

#include "guests/act.h"
#include "rpc/call.h"

/* One of them, as long as the call's view; never both are NULL. */
struct roster_entry {
	const uint8_t *uuid;
	const struct view_guest *guest;	 /* NULL: it does not run */
	const struct act_domain *domain; /* NULL: no XML of it is known */
};

/* Those that run come first, in order of id. Its owner frees the entries. */
struct roster {
	struct roster_entry *entries;
	size_t count;
};

/* Those that pass a filter, whose bits are domain_filter_bits(). 0, or -1 with
 * the call refused. */
int roster_take(struct rpc_call *call, unsigned filter, struct roster *out);

/* From now on in order of uuid: so that one can be found. */
void roster_sort(struct roster *self);

/* In a sorted one; or NULL. */
const struct roster_entry *roster_find(const struct roster *self,
				       const uint8_t *uuid);

/* Fill a client's triple. 0, or -1 with the call refused. */
int roster_fill(struct rpc_call *call, const struct roster_entry *entry,
		rmt_dom *dom);

#endif
