/* SPDX-License-Identifier: MIT */
/* Which pool a client means: what storage.c and volume.c share. */
#ifndef LABYRINTH_RPC_STORAGE_H
#define LABYRINTH_RPC_STORAGE_H

#include <labyrinth/hypercall.h>

#include "rpc/call.h"

#define LEASE_BYTES LAB_EXTENT_SIZE

/* The pool of a name; NULL with the call refused. */
const struct view_pool *storage_by_name(struct rpc_call *call,
					const char *name);

/* The pool that a client's pair means: the uuid decides. NULL as above. */
const struct view_pool *storage_find(struct rpc_call *call,
				     const rmt_pool *pool);

/* Fill a pair from a pool. 0, or -1 with the call refused. */
int storage_fill(struct rpc_call *call, const struct view_pool *pool,
		 rmt_pool *out);

#endif
