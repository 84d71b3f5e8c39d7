/* SPDX-License-Identifier: MIT */
/* The host as libvirt's node: its memory, CPUs, cells and page sizes. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "rpc/alloc.h"
#include "rpc/handlers.h"
#include "rpc/host.h"
#include "rpc/node.h"
#include "rpc/xml.h"

int node_info(struct rpc_call *call, const void *arguments, void *result)
{
	rmt_node_info *info = result;
	struct host host;

	(void)call;
	(void)arguments;
	host_look(&host);
	snprintf(info->model, sizeof(info->model), "x86_64");
	for (size_t i = 0; i < host.ncells; i++)
		info->memory += host.cells[i].total_kib;
	/* The flat form: one node, one socket, a core for each CPU. */
	info->cpus = (int)host.cpus;
	info->mhz = (int)host.mhz;
	info->nodes = 1;
	info->sockets = 1;
	info->cores = (int)host.cpus;
	info->threads = 1;
	return 0;
}

int node_capabilities(struct rpc_call *call, const void *arguments,
		      void *result)
{
	struct host host;
	char **xml = result;

	(void)arguments;
	host_look(&host);
	*xml = xml_capabilities(&host);
	return *xml != NULL ? 0 : call_no_memory(call);
}

int node_free_memory(struct rpc_call *call, const void *arguments, void *result)
{
	struct host host;
	u_quad_t *bytes = result;

	(void)call;
	(void)arguments;
	host_look(&host);
	for (size_t i = 0; i < host.ncells; i++)
		*bytes += host.cells[i].free_kib * 1024;
	return 0;
}

int node_cell(struct rpc_call *call, const struct host *host, int id)
{
	for (size_t i = 0; i < host->ncells; i++) {
		if (id >= 0 && host->cells[i].id == (unsigned)id)
			return (int)i;
	}
	return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_REMOTE,
			   "invalid argument: the host has no cell %d", id);
}

/* Room for count numbers in a result, of at most RMT_CELL_MAX. */
static int make_room(struct rpc_call *call, rmt_counts *counts, size_t count)
{
	if (count > RMT_CELL_MAX)
		return call_refuse(call, VIR_ERR_RPC, VIR_FROM_REMOTE,
				   "%zu numbers asked for, at most %d", count,
				   RMT_CELL_MAX);
	counts->values.values_val = calloc(count + 1, sizeof(u_quad_t));
	if (counts->values.values_val == NULL)
		return call_no_memory(call);
	counts->values.values_len = (u_int)count;
	return 0;
}

int node_cells_free(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_cells_args *args = arguments;
	rmt_counts *counts = result;
	struct host host;

	host_look(&host);
	int first = node_cell(call, &host, args->start);
	if (first < 0)
		return -1;
	if (args->maxcells <= 0)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_REMOTE,
				   "invalid argument: maxcells is %d",
				   args->maxcells);
	size_t count = host.ncells - (size_t)first;
	if (count > (size_t)args->maxcells)
		count = (size_t)args->maxcells;
	if (make_room(call, counts, count) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		counts->values.values_val[i] =
			host.cells[(size_t)first + i].free_kib * 1024;
	return 0;
}

static int check_page_size(struct rpc_call *call, const struct host *host,
			   unsigned size)
{
	for (size_t i = 0; i < host->npages; i++) {
		if (host->pages[i] == size)
			return 0;
	}
	return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_REMOTE,
			   "invalid argument: the host has no pages of %u KiB",
			   size);
}

int node_free_pages(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_pages_args *args = arguments;
	size_t npages = args->sizes.sizes_len;
	rmt_counts *counts = result;
	struct host host;

	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	/* Each size once is all there is to ask; each costs a file to read. */
	if (npages > HOST_PAGES_MAX)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_REMOTE,
				   "invalid argument: %zu page sizes, at most "
				   "%d",
				   npages, HOST_PAGES_MAX);
	host_look(&host);
	/* Cell -1 is the whole host, and then there is one of it. */
	int whole = args->start == -1;
	int first = whole ? 0 : node_cell(call, &host, args->start);
	if (first < 0)
		return -1;
	size_t there = whole ? 1 : host.ncells - (size_t)first;
	size_t ncells = args->cells < there ? args->cells : there;
	if (make_room(call, counts, ncells * npages) != 0)
		return -1;
	/* Never more than asked for: clients copy without a check. */
	u_quad_t *out = counts->values.values_val;
	for (size_t c = 0; c < ncells; c++) {
		const struct host_cell *cell =
			whole ? NULL : &host.cells[(size_t)first + c];
		for (size_t p = 0; p < npages; p++) {
			unsigned size = args->sizes.sizes_val[p];
			if (check_page_size(call, &host, size) != 0)
				return -1;
			*out++ = size == ALLOC_LEASE_KIB
					 ? alloc_free_leases(call->view, &host,
							     cell)
					 : host_free_pages(&host, cell, size);
		}
	}
	return 0;
}
