/* SPDX-License-Identifier: MIT */
/* What the host's CPUs and memory have done and hold. */
#include <config.h>

#include <stdlib.h>

#include "rpc/handlers.h"
#include "rpc/host.h"
#include "rpc/node.h"

struct number {
	const char *name;
	uint64_t value;
};

/*
 * Asked twice: how many numbers there are, then for so many. Never more than
 * asked for: clients copy without a check.
 */
static int fill(struct rpc_call *call, const struct number *numbers, int count,
		int wanted, rmt_node_stats *out)
{
	if (wanted < 0)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_REMOTE,
				   "invalid argument: nparams is %d", wanted);
	out->nparams = count;
	if (wanted == 0)
		return 0;
	if (wanted < count)
		out->nparams = count = wanted;
	out->items.items_val = calloc((size_t)count, sizeof(rmt_node_stat));
	if (out->items.items_val == NULL)
		return call_no_memory(call);
	for (int i = 0; i < count; i++) {
		rmt_node_stat *to = &out->items.items_val[i];
		to->value = numbers[i].value;
		if (call_string(call, &to->field, numbers[i].name) != 0)
			return -1;
		out->items.items_len++;
	}
	return 0;
}

int node_cpu_stats(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_node_stats_args *args = arguments;
	struct host_cpu_usage usage;

	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	if (args->which < VIR_NODE_CPU_STATS_ALL_CPUS ||
	    !host_cpu_usage(args->which, &usage))
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_REMOTE,
				   "invalid argument: the host has no CPU %d "
				   "that is online",
				   args->which);
	const struct number numbers[] = {
		{VIR_NODE_CPU_STATS_KERNEL, usage.kernel},
		{VIR_NODE_CPU_STATS_USER, usage.user},
		{VIR_NODE_CPU_STATS_IDLE, usage.idle},
		{VIR_NODE_CPU_STATS_IOWAIT, usage.iowait},
	};
	return fill(call, numbers, 4, args->nparams, result);
}

int node_memory_stats(struct rpc_call *call, const void *arguments,
		      void *result)
{
	const rmt_node_memory_args *args = arguments;
	struct host_memory memory;
	struct host host;

	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	if (args->cell == VIR_NODE_MEMORY_STATS_ALL_CELLS) {
		host_memory(&memory);
		const struct number all[] = {
			{VIR_NODE_MEMORY_STATS_TOTAL, memory.total_kib},
			{VIR_NODE_MEMORY_STATS_FREE, memory.free_kib},
			{VIR_NODE_MEMORY_STATS_BUFFERS, memory.buffers_kib},
			{VIR_NODE_MEMORY_STATS_CACHED, memory.cached_kib},
		};
		return fill(call, all, 4, args->nparams, result);
	}
	host_look(&host);
	int at = node_cell(call, &host, args->cell);
	if (at < 0)
		return -1;
	const struct number one[] = {
		{VIR_NODE_MEMORY_STATS_TOTAL, host.cells[at].total_kib},
		{VIR_NODE_MEMORY_STATS_FREE, host.cells[at].free_kib},
	};
	return fill(call, one, 2, args->nparams, result);
}
