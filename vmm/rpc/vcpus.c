/* SPDX-License-Identifier: MIT */
/* Processors: a guest's, and the host's that they run on. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

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

	if (call_check_flags(call, args->flags,
			     VIR_DOMAIN_VCPU_LIVE | VIR_DOMAIN_VCPU_CONFIG |
				     VIR_DOMAIN_VCPU_MAXIMUM) != 0)
		return -1;
	const struct view_guest *guest = domain_find(call, &args->dom);
	if (guest == NULL)
		return -1;
	if (args->flags & VIR_DOMAIN_VCPU_CONFIG)
		return call_refuse(call, VIR_ERR_OPERATION_INVALID,
				   VIR_FROM_DOMAIN,
				   "Requested operation is not valid: a "
				   "transient domain has no stored "
				   "configuration");
	*(int *)result = (int)guest->cpus;
	return 0;
}

int domain_vcpus(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_vcpus_args *args = arguments;
	rmt_vcpus *out = result;
	struct host_cpus cpus;

	if (args->maxinfo < 0 || args->maplen < 0 || args->maplen > RMT_MAP_MAX)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
				   "invalid argument: %d processors, maps of "
				   "%d bytes",
				   args->maxinfo, args->maplen);
	const struct view_guest *guest = domain_find(call, &args->dom);
	if (guest == NULL)
		return -1;
	u_int count = guest->cpus;
	if (count > (u_int)args->maxinfo)
		count = (u_int)args->maxinfo;
	size_t bytes = (size_t)args->maplen;
	out->items.items_val = calloc(count + 1, sizeof(rmt_vcpu_info));
	out->maps.maps_val = calloc(count * bytes + 1, 1);
	if (out->items.items_val == NULL || out->maps.maps_val == NULL)
		return call_no_memory(call);
	out->items.items_len = count;
	out->maps.maps_len = (u_int)(count * bytes);
	host_cpus(&cpus);
	for (u_int i = 0; i < count; i++) {
		out->items.items_val[i] = (rmt_vcpu_info){
			.number = i,
			.state = VIR_VCPU_RUNNING,
			.cpu = VIR_VCPU_INFO_CPU_UNAVAILABLE,
		};
		/* They may run on any. */
		memcpy(out->maps.maps_val + i * bytes, cpus.map,
		       bytes < sizeof(cpus.map) ? bytes : sizeof(cpus.map));
	}
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
