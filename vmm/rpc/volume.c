/* SPDX-License-Identifier: MIT */
/* A guest's share of its pool, as a volume of that pool. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rpc/handlers.h"
#include "rpc/storage.h"
#include "rpc/xml.h"

/*
 * A share is named by its guest; its key, labyrinth:POOL/GUEST, is unique on
 * the host; its path, POOL/GUEST, names no file.
 */
#define KEY_PREFIX "labyrinth:"

/* Of leases in one XML, which stock clients take up to 4 MiB of. */
#define RUNS_MAX 4096

struct share_name {
	char key[sizeof(KEY_PREFIX) + 2 * LAB_NAME_MAX];
};

static struct share_name name_share(const struct view *view,
				    const struct view_guest *guest)
{
	struct share_name name;

	snprintf(name.key, sizeof(name.key), KEY_PREFIX "%s/%s",
		 view->pools[guest->pool].name, guest->name);
	return name;
}

static const char *path_of(const struct share_name *name)
{
	return name->key + strlen(KEY_PREFIX);
}

static int fill_vol(struct rpc_call *call, const struct view_guest *guest,
		    rmt_vol *vol)
{
	struct share_name name = name_share(call->view, guest);

	if (call_string(call, &vol->pool,
			call->view->pools[guest->pool].name) != 0 ||
	    call_string(call, &vol->name, guest->name) != 0)
		return -1;
	return call_string(call, &vol->key, name.key);
}

/* The share of a name in a pool; NULL with the call refused. */
static const struct view_guest *find_in(struct rpc_call *call,
					const struct view_pool *pool,
					const char *name)
{
	const struct view *view = call->view;

	for (size_t i = 0; i < view->nguests; i++) {
		const struct view_guest *guest = &view->guests[i];
		if (&view->pools[guest->pool] == pool &&
		    strcmp(guest->name, name) == 0)
			return guest;
	}
	call_refuse(call, VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE,
		    "Storage volume not found: no guest '%s' in the pool '%s'",
		    name, pool->name);
	return NULL;
}

static const struct view_guest *find(struct rpc_call *call, const rmt_vol *vol)
{
	const struct view_pool *pool = storage_by_name(call, vol->pool);

	return pool != NULL ? find_in(call, pool, vol->name) : NULL;
}

/* How many shares a pool has. */
static size_t count_in(const struct view *view, const struct view_pool *pool)
{
	size_t count = 0;

	for (size_t i = 0; i < view->nguests; i++)
		count += &view->pools[view->guests[i].pool] == pool;
	return count;
}

int volume_list_all(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_pool_list_args *args = arguments;
	const struct view *view = call->view;
	rmt_vols *list = result;

	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	const struct view_pool *pool = storage_find(call, &args->pool);
	if (pool == NULL)
		return -1;
	size_t count = count_in(view, pool);
	list->items.items_val =
		call_list(call, count, sizeof(rmt_vol), "volumes");
	if (list->items.items_val == NULL)
		return -1;
	list->ret = (u_int)count;
	if (!args->need_results)
		return 0;
	for (size_t i = 0; i < view->nguests; i++) {
		const struct view_guest *guest = &view->guests[i];
		if (&view->pools[guest->pool] != pool)
			continue;
		rmt_vol *vol = &list->items.items_val[list->items.items_len++];
		if (fill_vol(call, guest, vol) != 0)
			return -1;
	}
	return 0;
}

int volume_list_names(struct rpc_call *call, const void *arguments,
		      void *result)
{
	const rmt_pool_max *args = arguments;
	const struct view *view = call->view;
	rmt_names *list = result;

	const struct view_pool *pool = storage_find(call, &args->pool);
	if (pool == NULL)
		return -1;
	if (args->maxnames < 0)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
				   "invalid argument: maxnames is %d",
				   args->maxnames);
	size_t count = count_in(view, pool);
	if (count > (size_t)args->maxnames)
		count = (size_t)args->maxnames;
	list->names.names_val =
		call_list(call, count, sizeof(rmt_str), "volumes");
	if (list->names.names_val == NULL)
		return -1;
	for (size_t i = 0; i < view->nguests; i++) {
		const struct view_guest *guest = &view->guests[i];
		if (list->names.names_len == count)
			break;
		if (&view->pools[guest->pool] != pool)
			continue;
		char **name = &list->names.names_val[list->names.names_len++];
		if (call_string(call, name, guest->name) != 0)
			return -1;
	}
	return 0;
}

int volume_count(struct rpc_call *call, const void *arguments, void *result)
{
	const struct view_pool *pool = storage_find(call, arguments);

	if (pool == NULL)
		return -1;
	*(int *)result = (int)count_in(call->view, pool);
	return 0;
}

int volume_by_name(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_pool_name *args = arguments;

	const struct view_pool *pool = storage_find(call, &args->pool);
	if (pool == NULL)
		return -1;
	const struct view_guest *guest = find_in(call, pool, args->name);
	return guest != NULL ? fill_vol(call, guest, result) : -1;
}

/* By the tail of the key from an offset on: the key itself, or the path. */
static int by_tail(struct rpc_call *call, const char *what, const char *tail,
		   size_t offset, rmt_vol *vol)
{
	for (size_t i = 0; i < call->view->nguests; i++) {
		const struct view_guest *guest = &call->view->guests[i];
		struct share_name name = name_share(call->view, guest);
		if (strcmp(name.key + offset, tail) == 0)
			return fill_vol(call, guest, vol);
	}
	return call_refuse(call, VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE,
			   "Storage volume not found: no guest's share with "
			   "the %s '%s'",
			   what, tail);
}

int volume_by_key(struct rpc_call *call, const void *arguments, void *result)
{
	return by_tail(call, "key", *(const rmt_str *)arguments, 0, result);
}

int volume_by_path(struct rpc_call *call, const void *arguments, void *result)
{
	return by_tail(call, "path", *(const rmt_str *)arguments,
		       strlen(KEY_PREFIX), result);
}

int volume_info(struct rpc_call *call, const void *arguments, void *result)
{
	const struct view_guest *guest = find(call, arguments);

	if (guest == NULL)
		return -1;
	*(rmt_vol_info *)result = (rmt_vol_info){
		.type = VIR_STORAGE_VOL_FILE,
		.capacity = guest->limit * LEASE_BYTES,
		.allocation = guest->leases * LEASE_BYTES,
	};
	return 0;
}

int volume_info_flags(struct rpc_call *call, const void *arguments,
		      void *result)
{
	const rmt_vol_flags *args = arguments;

	/* Physical size and allocation are one and the same here. */
	if (call_check_flags(call, args->flags, VIR_STORAGE_VOL_GET_PHYSICAL) !=
	    0)
		return -1;
	return volume_info(call, &args->vol, result);
}

int volume_xml(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_vol_flags *args = arguments;
	char **xml = result;

	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	const struct view_guest *guest = find(call, &args->vol);
	if (guest == NULL)
		return -1;
	struct share_name name = name_share(call->view, guest);
	cleanup_free struct view_lease *runs = calloc(RUNS_MAX, sizeof(*runs));
	if (runs == NULL)
		return call_no_memory(call);
	struct xml_leases leases = {.runs = runs};
	leases.count = call->source->leases(call->source->context, guest->id,
					    runs, RUNS_MAX, &leases.left);
	*xml = xml_volume(guest, &call->view->pools[guest->pool], &leases,
			  name.key, path_of(&name));
	return *xml != NULL ? 0 : call_no_memory(call);
}

int volume_path(struct rpc_call *call, const void *arguments, void *result)
{
	const struct view_guest *guest = find(call, arguments);

	if (guest == NULL)
		return -1;
	struct share_name name = name_share(call->view, guest);
	return call_string(call, result, path_of(&name));
}
