/* SPDX-License-Identifier: MIT */
/* Pools as storage pools: every pool is active, and configured to be so. */
#include <config.h>

#include "rpc/storage.h"

#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "rpc/handlers.h"
#include "rpc/xml.h"

/* A pool of ours is of no type that has a filter bit. */
#define TYPE_BITS                                  \
	(VIR_CONNECT_LIST_STORAGE_POOLS_DIR |      \
	 VIR_CONNECT_LIST_STORAGE_POOLS_FS |       \
	 VIR_CONNECT_LIST_STORAGE_POOLS_NETFS |    \
	 VIR_CONNECT_LIST_STORAGE_POOLS_LOGICAL |  \
	 VIR_CONNECT_LIST_STORAGE_POOLS_DISK |     \
	 VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI |    \
	 VIR_CONNECT_LIST_STORAGE_POOLS_SCSI |     \
	 VIR_CONNECT_LIST_STORAGE_POOLS_MPATH |    \
	 VIR_CONNECT_LIST_STORAGE_POOLS_RBD |      \
	 VIR_CONNECT_LIST_STORAGE_POOLS_SHEEPDOG | \
	 VIR_CONNECT_LIST_STORAGE_POOLS_GLUSTER |  \
	 VIR_CONNECT_LIST_STORAGE_POOLS_ZFS |      \
	 VIR_CONNECT_LIST_STORAGE_POOLS_VSTORAGE | \
	 VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI_DIRECT)

/* The filter bits of a typed list, by group. */
static const unsigned filter_groups[] = {
	VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE |
		VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE,
	VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT |
		VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT,
	VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART |
		VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART,
	TYPE_BITS,
};
#define FILTER_GROUPS (sizeof(filter_groups) / sizeof(filter_groups[0]))

/* What holds of every pool: the daemon's options make it at each start. */
#define POOL_HAS                                     \
	(VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE |     \
	 VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT | \
	 VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART)

int storage_fill(struct rpc_call *call, const struct view_pool *pool,
		 rmt_pool *out)
{
	memcpy(out->uuid, pool->uuid, sizeof(out->uuid));
	return call_string(call, &out->name, pool->name);
}

const struct view_pool *storage_by_name(struct rpc_call *call, const char *name)
{
	for (size_t i = 0; i < call->view->npools; i++) {
		if (strcmp(call->view->pools[i].name, name) == 0)
			return &call->view->pools[i];
	}
	call_refuse(call, VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE,
		    "Storage pool not found: no pool with the name '%s'", name);
	return NULL;
}

static const struct view_pool *find_uuid(struct rpc_call *call,
					 const unsigned char *uuid)
{
	char text[37];

	for (size_t i = 0; i < call->view->npools; i++) {
		const struct view_pool *pool = &call->view->pools[i];
		if (memcmp(pool->uuid, uuid, sizeof(pool->uuid)) == 0)
			return pool;
	}
	uuid_unparse_lower(uuid, text);
	call_refuse(call, VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE,
		    "Storage pool not found: no pool with the uuid %s", text);
	return NULL;
}

const struct view_pool *storage_find(struct rpc_call *call,
				     const rmt_pool *pool)
{
	return find_uuid(call, (const unsigned char *)pool->uuid);
}

int pool_list_all(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_list_args *args = arguments;
	rmt_pools *list = result;
	size_t count = call->view->npools;

	if (call_check_flags(call, args->flags,
			     call_filter_bits(filter_groups, FILTER_GROUPS)) !=
	    0)
		return -1;
	/* All pools are alike to the filter: all of them, or none. */
	if (!call_filter(args->flags, filter_groups, FILTER_GROUPS, POOL_HAS))
		count = 0;
	list->items.items_val =
		call_list(call, count, sizeof(rmt_pool), "pools");
	if (list->items.items_val == NULL)
		return -1;
	list->ret = (u_int)count;
	if (!args->need_results)
		return 0;
	list->items.items_len = (u_int)count;
	for (size_t i = 0; i < count; i++) {
		if (storage_fill(call, &call->view->pools[i],
				 &list->items.items_val[i]) != 0)
			return -1;
	}
	return 0;
}

int pool_list_names(struct rpc_call *call, const void *arguments, void *result)
{
	int most = *(const int *)arguments;
	rmt_names *list = result;
	size_t count = call->view->npools;

	if (most < 0)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
				   "invalid argument: maxnames is %d", most);
	if (count > (size_t)most)
		count = (size_t)most;
	list->names.names_val =
		call_list(call, count, sizeof(rmt_str), "pools");
	if (list->names.names_val == NULL)
		return -1;
	list->names.names_len = (u_int)count;
	for (size_t i = 0; i < count; i++) {
		if (call_string(call, &list->names.names_val[i],
				call->view->pools[i].name) != 0)
			return -1;
	}
	return 0;
}

int pool_count(struct rpc_call *call, const void *arguments, void *result)
{
	(void)arguments;
	*(int *)result = (int)call->view->npools;
	return 0;
}

int pool_by_name(struct rpc_call *call, const void *arguments, void *result)
{
	const struct view_pool *pool =
		storage_by_name(call, *(const rmt_str *)arguments);

	return pool != NULL ? storage_fill(call, pool, result) : -1;
}

int pool_by_uuid(struct rpc_call *call, const void *arguments, void *result)
{
	const struct view_pool *pool = find_uuid(call, arguments);

	return pool != NULL ? storage_fill(call, pool, result) : -1;
}

int pool_by_volume(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_vol *volume = arguments;
	const struct view_pool *pool = storage_by_name(call, volume->pool);

	return pool != NULL ? storage_fill(call, pool, result) : -1;
}

int pool_by_path(struct rpc_call *call, const void *arguments, void *result)
{
	/* A pool's target path is its name. */
	return pool_by_name(call, arguments, result);
}

int pool_info(struct rpc_call *call, const void *arguments, void *result)
{
	const struct view_pool *pool = storage_find(call, arguments);

	if (pool == NULL)
		return -1;
	*(rmt_pool_info *)result = (rmt_pool_info){
		.state = pool->withdrawn > 0 ? VIR_STORAGE_POOL_DEGRADED
					     : VIR_STORAGE_POOL_RUNNING,
		.capacity = pool->total * LEASE_BYTES,
		.allocation = (pool->leased + pool->revoking) * LEASE_BYTES,
		.available = (pool->blank + pool->dirty) * LEASE_BYTES,
	};
	return 0;
}

int pool_xml(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_pool_flags *args = arguments;
	char **xml = result;

	if (call_check_flags(call, args->flags, VIR_STORAGE_XML_INACTIVE) != 0)
		return -1;
	const struct view_pool *pool = storage_find(call, &args->pool);
	if (pool == NULL)
		return -1;
	*xml = xml_pool(pool);
	return *xml != NULL ? 0 : call_no_memory(call);
}

int pool_capabilities(struct rpc_call *call, const void *arguments,
		      void *result)
{
	char **xml = result;

	if (call_check_flags(call, *(const u_int *)arguments, 0) != 0)
		return -1;
	*xml = xml_pool_capabilities();
	return *xml != NULL ? 0 : call_no_memory(call);
}

int pool_yes(struct rpc_call *call, const void *arguments, void *result)
{
	*(int *)result = 1;
	return storage_find(call, arguments) != NULL ? 0 : -1;
}

int pool_refresh(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_pool_flags *args = arguments;

	(void)result;
	/* Nothing is cached: each call sees the ledger as it is. */
	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	const struct view_pool *pool = storage_find(call, &args->pool);
	if (pool == NULL)
		return -1;
	const struct view_event event = {.what = VIEW_POOL_REFRESHED,
					 .name = pool->name,
					 .uuid = pool->uuid};
	const struct session_owner *owner = call->session->owner;
	if (owner != NULL)
		owner->tell(owner->context, &event);
	return 0;
}
