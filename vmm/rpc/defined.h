/* SPDX-License-Identifier: MIT */
/* Domains that are known by their XML, beside the guests that run. */
#ifndef LABYRINTH_RPC_DEFINED_H
#define LABYRINTH_RPC_DEFINED_H

#include "guests/act.h"
#include "rpc/call.h"
#include "rpc/roster.h"

/* Whether a triple means a domain that is known, and does not run. */
bool defined_is_inactive(const struct rpc_call *call, const rmt_dom *dom);

/*
 * Whom AFFECT_LIVE, AFFECT_CONFIG or neither mean: *out has a guest that runs,
 * or what is known of the domain, and never both. 0, or -1 with the call
 * refused.
 */
int defined_choose(struct rpc_call *call, const rmt_dom *dom, unsigned flags,
		   struct roster_entry *out);

/* Fill a client's triple from a guest or a domain. 0, or -1 with the call
 * refused: there is none. */
int defined_fill(struct rpc_call *call, const unsigned char *uuid,
		 rmt_dom *dom);

#endif
