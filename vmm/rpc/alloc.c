/* SPDX-License-Identifier: MIT */
/*
 * Leases as the pages that libvirt allocates: of one size, 2 MiB whatever they
 * are made of, and in the pools' stock where others have the kernel's.
 */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rpc/alloc.h"
#include "rpc/handlers.h"

/* Are this pool's leases on that cell, as far as anybody knows? */
static bool is_on(const struct host *host, const struct view_pool *pool,
		  const struct host_cell *cell)
{
	if (cell == NULL)
		return true;
	return pool->bound ? pool->node == cell->id : host->ncells == 1;
}

uint64_t alloc_free_leases(const struct view *view, const struct host *host,
			   const struct host_cell *cell)
{
	uint64_t leases = 0;

	for (size_t i = 0; i < view->npools; i++) {
		const struct view_pool *pool = &view->pools[i];
		if (is_on(host, pool, cell))
			leases += pool->blank + pool->dirty;
	}
	return leases;
}

/* "on cell 1", or "of this host". */
struct place {
	char text[32];
};

static struct place place_of(const struct host_cell *cell)
{
	struct place place = {.text = "of this host"};

	if (cell != NULL)
		snprintf(place.text, sizeof(place.text), "on cell %u",
			 cell->id);
	return place;
}

/* Who is meant: the one pool that is there, or else the default one. */
static const struct view_pool *choose(struct rpc_call *call,
				      const struct host *host,
				      const struct host_cell *cell)
{
	const struct view_pool *found = NULL;
	char names[256] = "";
	size_t count = 0;

	for (size_t i = 0; i < call->view->npools; i++) {
		const struct view_pool *pool = &call->view->pools[i];
		if (!is_on(host, pool, cell))
			continue;
		if (strcmp(pool->name, "default") == 0)
			return pool;
		size_t length = strlen(names);
		snprintf(names + length, sizeof(names) - length, "%s%s",
			 count > 0 ? ", " : "", pool->name);
		found = pool;
		count++;
	}
	if (count == 1)
		return found;
	if (count == 0)
		call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
			    "invalid argument: no pool is bound to cell %u: "
			    "leave the cell out",
			    cell != NULL ? cell->id : 0);
	else
		call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
			    "invalid argument: which of the pools %s is "
			    "meant: %s? None is named default; virsh pool-edit "
			    "gives any of them another capacity",
			    place_of(cell).text, names);
	return NULL;
}

static int check_arguments(struct rpc_call *call, const rmt_alloc_args *args)
{
	if (call_check_flags(call, args->flags, VIR_NODE_ALLOC_PAGES_SET) != 0)
		return -1;
	if (args->sizes.sizes_len != 1 || args->counts.counts_len != 1)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
				   "invalid argument: %u page sizes with %u "
				   "counts, not one of each",
				   args->sizes.sizes_len,
				   args->counts.counts_len);
	if (args->sizes.sizes_val[0] != ALLOC_LEASE_KIB)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
				   "invalid argument: pages of %u KiB are the "
				   "kernel's; the pools' are leases, of %u KiB",
				   args->sizes.sizes_val[0], ALLOC_LEASE_KIB);
	return 0;
}

/* The cells that are meant: one that is NULL, or some from a cell on. */
static int choose_cells(struct rpc_call *call, const struct host *host,
			const rmt_alloc_args *args,
			const struct host_cell **cells, size_t *count)
{
	size_t first = 0;

	if (args->start == -1 && args->cells == 1) {
		cells[0] = NULL;
		*count = 1;
		return 0;
	}
	while (first < host->ncells &&
	       (args->start < 0 ||
		host->cells[first].id != (unsigned)args->start))
		first++;
	if (args->cells == 0 || args->cells > host->ncells - first)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
				   "invalid argument: the host has no %u cells "
				   "from cell %d on",
				   args->cells, args->start);
	for (*count = 0; *count < args->cells; ++*count)
		cells[*count] = &host->cells[first + *count];
	return 0;
}

/* What it is to have; far too much stays far too much. */
static uint64_t size_asked(const struct view_pool *pool,
			   const rmt_alloc_args *args)
{
	uint64_t count = args->counts.counts_val[0];

	if ((args->flags & VIR_NODE_ALLOC_PAGES_SET) != 0)
		return count;
	return count < UINT32_MAX ? pool->size + count : UINT64_MAX;
}

int node_alloc_pages(struct rpc_call *call, const void *arguments, void *result)
{
	const struct host_cell *cells[HOST_CELLS_MAX];
	const struct view_pool *pools[HOST_CELLS_MAX];
	const struct view_source *source = call->source;
	const rmt_alloc_args *args = arguments;
	struct host host;
	size_t count = 0;
	struct err err;

	host_look(&host);
	if (check_arguments(call, args) != 0 ||
	    choose_cells(call, &host, args, cells, &count) != 0)
		return -1;
	/* Nothing is changed before it is known what. */
	for (size_t i = 0; i < count; i++) {
		pools[i] = choose(call, &host, cells[i]);
		if (pools[i] == NULL)
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (source->resize(source->context, pools[i]->name,
				   size_asked(pools[i], args), &err) < 0)
			return call_refuse(call,
					   err.code == EINVAL
						   ? VIR_ERR_INVALID_ARG
						   : VIR_ERR_OPERATION_FAILED,
					   VIR_FROM_STORAGE, "%s", err.text);
	}
	*(int *)result = (int)count;
	return 0;
}
