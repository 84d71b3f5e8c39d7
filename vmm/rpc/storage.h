/* SPDX-License-Identifier: MIT */
/* Which pool a client means: what storage.c and volume.c share. */
#ifndef LABYRINTH_RPC_STORAGE_H
#define LABYRINTH_RPC_STORAGE_H

#include <labyrinth/hypercall.h>

#include "rpc/call.h"

#define LEASE_BYTES LAB_EXTENT_SIZE

/* A pool that a client means: active, known by its XML, or both. */
struct storage_pool {
	const struct view_pool *active; /* NULL: it is not */
	const struct act_pool *known;	/* NULL: options made it */
};

/* That of a name, of a uuid, of a client's pair (the uuid decides). 0, or -1
 * with the call refused. */
int storage_named(struct rpc_call *call, const char *name,
		  struct storage_pool *out);
int storage_of_uuid(struct rpc_call *call, const unsigned char *uuid,
		    struct storage_pool *out);
int storage_meant(struct rpc_call *call, const rmt_pool *pool,
		  struct storage_pool *out);

/* The active pool of a name; NULL with the call refused. */
const struct view_pool *storage_by_name(struct rpc_call *call,
					const char *name);

/* The active pool that a client's pair means. NULL as above. */
const struct view_pool *storage_find(struct rpc_call *call,
				     const rmt_pool *pool);

/* Fill a pair from a pool. 0, or -1 with the call refused. */
int storage_fill(struct rpc_call *call, const struct storage_pool *pool,
		 rmt_pool *out);

#endif
