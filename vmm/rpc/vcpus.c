/* SPDX-License-Identifier: MIT */
/* Processors: a guest's, and the host's that they run on. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "rpc/defined.h"
#include "rpc/domain.h"
#include "rpc/handlers.h"
#include "rpc/host.h"

int domain_max_vcpus(struct rpc_call *call, const void *arguments, void *result)
{
	const struct view_guest *guest = domain_find(call, arguments);

	if (guest == NULL)
		return -1;
	*(int *)result = (int)guest->cpus;
	return 0;
}

int domain_vcpus_flags(struct rpc_call *call, const void *arguments,
		       void *result)
{
	const rmt_dom_flags *args = arguments;
	struct roster_entry which;

	if (call_check_flags(call, args->flags,
			     VIR_DOMAIN_VCPU_LIVE | VIR_DOMAIN_VCPU_CONFIG |
				     VIR_DOMAIN_VCPU_MAXIMUM) != 0 ||
	    defined_choose(call, &args->dom, args->flags, &which) != 0)
		return -1;
	*(int *)result = (int)(which.guest != NULL ? which.guest->cpus
						   : which.domain->cpus);
	return 0;
}

static int check_room(struct rpc_call *call, int count, int maplen)
{
	if (count >= 0 && maplen >= 0 && maplen <= RMT_MAP_MAX)
		return 0;
	return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
			   "invalid argument: %d processors, maps of %d bytes",
			   count, maplen);
}

/* The host's CPUs for each of `count` processors: they may run on any. NULL
 * with the call refused. */
static char *make_maps(struct rpc_call *call, u_int count, int maplen)
{
	size_t bytes = (size_t)maplen;
	char *maps = calloc(count * bytes + 1, 1);
	struct host_cpus cpus;

	if (maps == NULL) {
		call_no_memory(call);
		return NULL;
	}
	host_cpus(&cpus);
	for (u_int i = 0; i < count; i++)
		memcpy(maps + i * bytes, cpus.map,
		       bytes < sizeof(cpus.map) ? bytes : sizeof(cpus.map));
	return maps;
}

int domain_vcpus(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_vcpus_args *args = arguments;
	struct host_thread threads[RMT_VCPU_MAX];
	rmt_vcpus *out = result;

	if (check_room(call, args->maxinfo, args->maplen) != 0)
		return -1;
	const struct view_guest *guest = domain_find(call, &args->dom);
	if (guest == NULL)
		return -1;
	u_int count = guest->cpus < RMT_VCPU_MAX ? guest->cpus : RMT_VCPU_MAX;
	if (count > (u_int)args->maxinfo)
		count = (u_int)args->maxinfo;
	out->maps.maps_val = make_maps(call, count, args->maplen);
	if (out->maps.maps_val == NULL)
		return -1;
	out->maps.maps_len = count * (u_int)args->maplen;
	out->items.items_val = calloc(count + 1, sizeof(rmt_vcpu_info));
	if (out->items.items_val == NULL)
		return call_no_memory(call);
	out->items.items_len = count;
	host_threads(guest->pid, threads, count);
	for (u_int i = 0; i < count; i++) {
		out->items.items_val[i] = (rmt_vcpu_info){
			.number = i,
			.state = VIR_VCPU_RUNNING,
			.cpu_time = threads[i].time,
			.cpu = threads[i].cpu >= 0
				       ? threads[i].cpu
				       : VIR_VCPU_INFO_CPU_UNAVAILABLE,
		};
	}
	return 0;
}

int domain_vcpu_pins(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_pins_args *args = arguments;
	struct roster_entry which;
	rmt_pins *out = result;

	if (call_check_flags(call, args->flags,
			     VIR_DOMAIN_AFFECT_LIVE |
				     VIR_DOMAIN_AFFECT_CONFIG) != 0 ||
	    check_room(call, args->count, args->maplen) != 0 ||
	    defined_choose(call, &args->dom, args->flags, &which) != 0)
		return -1;
	u_int count =
		which.guest != NULL ? which.guest->cpus : which.domain->cpus;
	if (count > (u_int)args->count)
		count = (u_int)args->count;
	out->maps.maps_val = make_maps(call, count, args->maplen);
	if (out->maps.maps_val == NULL)
		return -1;
	out->maps.maps_len = count * (u_int)args->maplen;
	out->count = (int)count;
	return 0;
}

int node_cpu_map(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_map_args *args = arguments;
	rmt_cpu_map *out = result;
	struct host_cpus cpus;

	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	host_cpus(&cpus);
	out->ret = (int)cpus.count;
	if (args->need_online)
		out->online = cpus.online;
	if (!args->need_map)
		return 0;
	out->map.map_len = (cpus.count + 7) / 8;
	out->map.map_val = malloc(sizeof(cpus.map));
	if (out->map.map_val == NULL)
		return call_no_memory(call);
	memcpy(out->map.map_val, cpus.map, sizeof(cpus.map));
	return 0;
}
