/* SPDX-License-Identifier: MIT */
/* Domains that are known by their XML, beside the guests that run. */
#ifndef LABYRINTH_RPC_DEFINED_H
#define LABYRINTH_RPC_DEFINED_H

#include "guests/act.h"
#include "rpc/call.h"

/* Whether a triple means a domain that is known, and does not run. */
bool defined_is_inactive(const struct rpc_call *call, const rmt_dom *dom);

/* Fill a client's triple from a guest or a domain. 0, or -1 with the call
 * refused: there is none. */
int defined_fill(struct rpc_call *call, const unsigned char *uuid,
		 rmt_dom *dom);

/* From a domain that does not run. */
int defined_fill_known(struct rpc_call *call, const struct act_domain *domain,
		       rmt_dom *dom);

#endif
