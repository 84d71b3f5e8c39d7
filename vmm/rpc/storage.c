/* SPDX-License-Identifier: MIT */
/* Pools as storage pools: those of the broker, and those that could be. */
#include <config.h>

#include "rpc/storage.h"

#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "base/cleanup.h"
#include "guests/act.h"
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

static const struct act_pool *next_known(const struct rpc_call *call,
					 const struct act_pool *after)
{
	const struct act_source *acts = call->session->acts;

	if (acts == NULL || acts->pools == NULL)
		return NULL;
	return acts->pools->next(acts->pools->context, after);
}

static const struct act_pool *known(const struct rpc_call *call,
				    const uint8_t *uuid)
{
	const struct act_pool *pool = next_known(call, NULL);

	while (pool != NULL &&
	       memcmp(pool->uuid, uuid, sizeof(pool->uuid)) != 0)
		pool = next_known(call, pool);
	return pool;
}

static const struct view_pool *active(const struct rpc_call *call,
				      const uint8_t *uuid)
{
	for (size_t i = 0; i < call->view->npools; i++) {
		const struct view_pool *pool = &call->view->pools[i];
		if (memcmp(pool->uuid, uuid, sizeof(pool->uuid)) == 0)
			return pool;
	}
	return NULL;
}

static const struct act_pool *next_inactive(const struct rpc_call *call,
					    const struct act_pool *after)
{
	do
		after = next_known(call, after);
	while (after != NULL && active(call, after->uuid) != NULL);
	return after;
}

/* What a filter asks of one. Without anybody who acts, options make them all
 * at each start. */
static unsigned bits_of(const struct storage_pool *pool)
{
	const struct act_pool *kept = pool->known;
	unsigned bits = pool->active != NULL
				? VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE
				: VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE;

	bits |= kept == NULL || kept->defined
			? VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT
			: VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT;
	bits |= kept == NULL || kept->autostart
			? VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART
			: VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART;
	return bits;
}

static int fill(struct rpc_call *call, const char *name, const uint8_t *uuid,
		rmt_pool *out)
{
	memcpy(out->uuid, uuid, sizeof(out->uuid));
	return call_string(call, &out->name, name);
}

int storage_fill(struct rpc_call *call, const struct storage_pool *pool,
		 rmt_pool *out)
{
	return pool->active != NULL
		       ? fill(call, pool->active->name, pool->active->uuid, out)
		       : fill(call, pool->known->name, pool->known->uuid, out);
}

int storage_named(struct rpc_call *call, const char *name,
		  struct storage_pool *out)
{
	const struct act_pool *kept = next_known(call, NULL);

	*out = (struct storage_pool){0};
	for (size_t i = 0; i < call->view->npools; i++) {
		if (strcmp(call->view->pools[i].name, name) == 0)
			out->active = &call->view->pools[i];
	}
	while (kept != NULL && strcmp(kept->name, name) != 0)
		kept = next_known(call, kept);
	out->known = kept;
	if (out->active != NULL || kept != NULL)
		return 0;
	return call_refuse(call, VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE,
			   "Storage pool not found: no pool with the name '%s'",
			   name);
}

int storage_of_uuid(struct rpc_call *call, const unsigned char *uuid,
		    struct storage_pool *out)
{
	char text[37];

	out->active = active(call, uuid);
	out->known = known(call, uuid);
	if (out->active != NULL || out->known != NULL)
		return 0;
	uuid_unparse_lower(uuid, text);
	return call_refuse(call, VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE,
			   "Storage pool not found: no pool with the uuid %s",
			   text);
}

int storage_meant(struct rpc_call *call, const rmt_pool *pool,
		  struct storage_pool *out)
{
	return storage_of_uuid(call, (const unsigned char *)pool->uuid, out);
}

static const struct view_pool *only_active(struct rpc_call *call, int found,
					   const struct storage_pool *pool)
{
	if (found == 0 && pool->active == NULL)
		call_refuse(call, VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE,
			    "Requested operation is not valid: storage pool "
			    "'%s' is not active",
			    pool->known->name);
	return found == 0 ? pool->active : NULL;
}

const struct view_pool *storage_by_name(struct rpc_call *call, const char *name)
{
	struct storage_pool pool;

	return only_active(call, storage_named(call, name, &pool), &pool);
}

const struct view_pool *storage_find(struct rpc_call *call,
				     const rmt_pool *meant)
{
	struct storage_pool pool;

	return only_active(call, storage_meant(call, meant, &pool), &pool);
}

/* Fill in those that pass a filter, or count them (to NULL). */
static int list(struct rpc_call *call, unsigned filter, rmt_pool *to,
		size_t *count)
{
	const struct view *view = call->view;
	const struct act_pool *kept = NULL;
	struct storage_pool pool;

	*count = 0;
	for (size_t i = 0;; i++) {
		if (i >= view->npools)
			kept = next_inactive(call, kept);
		if (i >= view->npools && kept == NULL)
			return 0;
		pool.active = i < view->npools ? &view->pools[i] : NULL;
		pool.known = pool.active != NULL
				     ? known(call, pool.active->uuid)
				     : kept;
		if (!call_filter(filter, filter_groups, FILTER_GROUPS,
				 bits_of(&pool)))
			continue;
		if (to != NULL && storage_fill(call, &pool, to++) != 0)
			return -1;
		++*count;
	}
}

int pool_list_all(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_list_args *args = arguments;
	rmt_pools *out = result;
	size_t count;

	if (call_check_flags(call, args->flags,
			     call_filter_bits(filter_groups, FILTER_GROUPS)) !=
	    0)
		return -1;
	list(call, args->flags, NULL, &count);
	out->items.items_val =
		call_list(call, count, sizeof(rmt_pool), "pools");
	if (out->items.items_val == NULL)
		return -1;
	out->ret = (u_int)count;
	if (!args->need_results)
		return 0;
	out->items.items_len = (u_int)count;
	return list(call, args->flags, out->items.items_val, &count);
}

/* The names of at most so many pools, as storage_fill() has them. */
static int list_names(struct rpc_call *call, unsigned filter, int most,
		      rmt_names *out)
{
	cleanup_free rmt_pool *pools = NULL;
	size_t count;

	if (most < 0)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
				   "invalid argument: maxnames is %d", most);
	list(call, filter, NULL, &count);
	out->names.names_val = call_list(call, count, sizeof(rmt_str), "pools");
	pools = call_list(call, count, sizeof(rmt_pool), "pools");
	if (out->names.names_val == NULL || pools == NULL)
		return -1;
	int r = list(call, filter, pools, &count);
	for (size_t i = 0; i < count; i++) {
		if (r == 0 && i < (size_t)most)
			out->names.names_val[out->names.names_len++] =
				pools[i].name;
		else
			free(pools[i].name);
	}
	return r;
}

int pool_list_names(struct rpc_call *call, const void *arguments, void *result)
{
	return list_names(call, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE,
			  *(const int *)arguments, result);
}

int pool_list_inactive(struct rpc_call *call, const void *arguments,
		       void *result)
{
	return list_names(call, VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE,
			  *(const int *)arguments, result);
}

int pool_count(struct rpc_call *call, const void *arguments, void *result)
{
	(void)arguments;
	*(int *)result = (int)call->view->npools;
	return 0;
}

int pool_count_inactive(struct rpc_call *call, const void *arguments,
			void *result)
{
	size_t count;

	(void)arguments;
	list(call, VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE, NULL, &count);
	*(int *)result = (int)count;
	return 0;
}

int pool_by_name(struct rpc_call *call, const void *arguments, void *result)
{
	struct storage_pool pool;

	return storage_named(call, *(const rmt_str *)arguments, &pool) == 0
		       ? storage_fill(call, &pool, result)
		       : -1;
}

int pool_by_uuid(struct rpc_call *call, const void *arguments, void *result)
{
	struct storage_pool pool;

	return storage_of_uuid(call, arguments, &pool) == 0
		       ? storage_fill(call, &pool, result)
		       : -1;
}

int pool_by_volume(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_vol *volume = arguments;
	const struct view_pool *pool = storage_by_name(call, volume->pool);

	return pool != NULL ? fill(call, pool->name, pool->uuid, result) : -1;
}

int pool_by_path(struct rpc_call *call, const void *arguments, void *result)
{
	/* A pool's target path is its name. */
	return pool_by_name(call, arguments, result);
}

int pool_info(struct rpc_call *call, const void *arguments, void *result)
{
	struct storage_pool meant;

	if (storage_meant(call, arguments, &meant) != 0)
		return -1;
	const struct view_pool *pool = meant.active;
	if (pool == NULL) {
		*(rmt_pool_info *)result = (rmt_pool_info){
			.state = VIR_STORAGE_POOL_INACTIVE,
			.capacity = meant.known->size * LEASE_BYTES,
		};
		return 0;
	}
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
	const struct act_source *acts = call->session->acts;
	struct storage_pool pool;
	char **xml = result;

	if (call_check_flags(call, args->flags, VIR_STORAGE_XML_INACTIVE) !=
		    0 ||
	    storage_meant(call, &args->pool, &pool) != 0)
		return -1;
	bool kept = pool.known != NULL && pool.known->defined &&
		    (args->flags & VIR_STORAGE_XML_INACTIVE) != 0;
	*xml = pool.active == NULL || kept
		       ? acts->pools->xml(acts->pools->context, pool.known)
		       : xml_pool(pool.active);
	return *xml != NULL ? 0 : call_no_memory(call);
}

int pool_is_active(struct rpc_call *call, const void *arguments, void *result)
{
	struct storage_pool pool;

	if (storage_meant(call, arguments, &pool) != 0)
		return -1;
	*(int *)result = pool.active != NULL;
	return 0;
}

int pool_is_persistent(struct rpc_call *call, const void *arguments,
		       void *result)
{
	struct storage_pool pool;

	if (storage_meant(call, arguments, &pool) != 0)
		return -1;
	*(int *)result = pool.known == NULL || pool.known->defined;
	return 0;
}

int pool_get_autostart(struct rpc_call *call, const void *arguments,
		       void *result)
{
	struct storage_pool pool;

	if (storage_meant(call, arguments, &pool) != 0)
		return -1;
	*(int *)result = pool.known == NULL || pool.known->autostart;
	return 0;
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
