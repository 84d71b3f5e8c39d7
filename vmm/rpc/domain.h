/* SPDX-License-Identifier: MIT */
/* Which guest a client means: what the files about domains share. */
#ifndef LABYRINTH_RPC_DOMAIN_H
#define LABYRINTH_RPC_DOMAIN_H

#include <labyrinth/hypercall.h>

#include "rpc/call.h"

#define LEASE_KIB (LAB_EXTENT_SIZE / 1024)

/* Fill a triple from a guest. 0, or -1 with the call refused. */
int domain_fill(struct rpc_call *call, const struct view_guest *guest,
		rmt_dom *dom);

/*
 * The guest that a client's triple means; NULL with the call refused. Its id
 * may be stale and its name is redundant; the uuid decides.
 */
const struct view_guest *domain_find(struct rpc_call *call, const rmt_dom *dom);

/* All filter bits of a typed list, and whether what has some passes others. */
unsigned domain_filter_bits(void);
bool domain_passes(unsigned bits, unsigned filter);

/* May this connection ask for XML with these flags? 0, or -1 refused. */
int domain_check_xml(struct rpc_call *call, unsigned flags);

#endif
