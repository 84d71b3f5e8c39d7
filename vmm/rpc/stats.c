/* SPDX-License-Identifier: MIT */
/* Numbers about guests: in bulk, their memory's, and its bounds. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <labyrinth/hypercall.h>

#include "base/cleanup.h"
#include "rpc/defined.h"
#include "rpc/domain.h"
#include "rpc/handlers.h"
#include "rpc/host.h"
#include "rpc/params.h"
#include "rpc/roster.h"

#define PAGE_KIB (LAB_PAGE_SIZE / 1024)

/* Groups that there is something to say of. */
#define GROUPS                                                 \
	(VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL | \
	 VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_VCPU |    \
	 VIR_DOMAIN_STATS_INTERFACE | VIR_DOMAIN_STATS_BLOCK | \
	 VIR_DOMAIN_STATS_IOTHREAD | VIR_DOMAIN_STATS_VM)

#define ENFORCE ((unsigned)VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS)

/* What these ask for holds anyway: nothing waits, and no guest has a disk. */
#define HARMLESS                                    \
	(VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT | \
	 VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING)

static void add_cpu(struct params *to, const struct view_guest *guest)
{
	struct host_usage usage = host_usage(guest->pid);

	params_ulong(to, usage.user + usage.system, "cpu.time");
	params_ulong(to, usage.user, "cpu.user");
	params_ulong(to, usage.system, "cpu.system");
}

static void add_balloon(struct params *to, const struct view_guest *guest)
{
	params_ulong(to, guest->leases * LEASE_KIB, "balloon.current");
	params_ulong(to, guest->limit * LEASE_KIB, "balloon.maximum");
	if (guest->has_tally)
		params_ulong(to, guest->tally.pages_free * PAGE_KIB,
			     "balloon.unused");
}

/* Libvirt has such names for what only one hypervisor counts of a processor:
 * `vcpu.N.NAME`. */
static void add_vcpu_counts(struct params *to, const struct view_vcpu *vcpu,
			    uint32_t n)
{
	params_ulong(to, vcpu->fast, "vcpu.%u.labyrinth.fast", n);
	params_ulong(to, vcpu->slow, "vcpu.%u.labyrinth.slow", n);
	params_ulong(to, vcpu->failed, "vcpu.%u.labyrinth.failed", n);
	params_ulong(to, vcpu->refilled, "vcpu.%u.labyrinth.refilled", n);
	params_ulong(to, vcpu->reclaimed, "vcpu.%u.labyrinth.reclaimed", n);
}

static void add_vcpus(struct params *to, const struct view_guest *guest)
{
	params_uint(to, guest->cpus, "vcpu.current");
	params_uint(to, guest->cpus, "vcpu.maximum");
	for (uint32_t i = 0; i < guest->cpus; i++)
		params_int(to, VIR_VCPU_RUNNING, "vcpu.%u.state", i);
	for (uint32_t i = 0; guest->vcpus != NULL && i < guest->cpus; i++)
		add_vcpu_counts(to, &guest->vcpus[i], i);
}

/* What the broker's ledger and pool say. */
static void add_leases(struct params *to, const struct view_guest *guest,
		       const struct view_pool *pool)
{
	params_text(to, pool->name, "labyrinth.pool");
	params_ulong(to, guest->leases, "labyrinth.leases");
	params_ulong(to, guest->memory, "labyrinth.leases.boot");
	params_ulong(to, guest->guarantee, "labyrinth.leases.guarantee");
	params_ulong(to, guest->limit, "labyrinth.leases.limit");
	params_uint(to, pool->level, "labyrinth.pool.pressure");
	params_ulong(to, pool->available, "labyrinth.pool.available");
	params_ulong(to, pool->min, "labyrinth.pool.min");
	params_ulong(to, pool->low, "labyrinth.pool.low");
	params_ulong(to, pool->high, "labyrinth.pool.high");
}

/* What the guest's VMM counts. */
static void add_tally(struct params *to, const struct view_tally *tally)
{
	params_ulong(to, tally->counts.grants_atomic,
		     "labyrinth.grants.atomic");
	params_ulong(to, tally->counts.grants_nowait,
		     "labyrinth.grants.nowait");
	params_ulong(to, tally->counts.grants_kernel,
		     "labyrinth.grants.kernel");
	params_ulong(to,
		     tally->counts.failed_atomic + tally->counts.failed_nowait +
			     tally->counts.failed_kernel,
		     "labyrinth.grants.failed");
	params_ulong(to, tally->counts.failed_atomic,
		     "labyrinth.grants.failed.atomic");
	params_ulong(to, tally->counts.failed_nowait,
		     "labyrinth.grants.failed.nowait");
	params_ulong(to, tally->counts.failed_kernel,
		     "labyrinth.grants.failed.kernel");
	params_ulong(to, tally->counts.releases, "labyrinth.releases");
	params_ulong(to, tally->counts.mistakes, "labyrinth.mistakes");
	params_ulong(to, tally->counts.calls, "labyrinth.calls");
	params_ulong(to, tally->counts.refills, "labyrinth.refills");
	params_ulong(to, tally->pages_granted, "labyrinth.pages.granted");
	params_ulong(to, tally->pages_free, "labyrinth.pages.free");
	params_ulong(to, tally->counts.pages_min, "labyrinth.pages.min");
	params_ulong(to, tally->counts.pages_low, "labyrinth.pages.low");
	params_ulong(to, tally->counts.pages_high, "labyrinth.pages.high");
	params_ulong(to, tally->counts.level, "labyrinth.pressure");
}

static void add_groups(struct params *to, const struct view_guest *guest,
		       const struct view_pool *pool, unsigned groups)
{
	if (groups & VIR_DOMAIN_STATS_STATE) {
		params_int(to, VIR_DOMAIN_RUNNING, "state.state");
		params_int(to, VIR_DOMAIN_RUNNING_BOOTED, "state.reason");
	}
	if (groups & VIR_DOMAIN_STATS_CPU_TOTAL)
		add_cpu(to, guest);
	if (groups & VIR_DOMAIN_STATS_BALLOON)
		add_balloon(to, guest);
	if (groups & VIR_DOMAIN_STATS_VCPU)
		add_vcpus(to, guest);
	if (groups & VIR_DOMAIN_STATS_INTERFACE)
		params_uint(to, 0, "net.count");
	if (groups & VIR_DOMAIN_STATS_BLOCK)
		params_uint(to, 0, "block.count");
	if (groups & VIR_DOMAIN_STATS_IOTHREAD)
		params_uint(to, 0, "iothread.count");
	if (!(groups & VIR_DOMAIN_STATS_VM))
		return;
	add_leases(to, guest, pool);
	if (guest->has_tally)
		add_tally(to, &guest->tally);
}

/* As libvirt has it of a domain that is off: what it would be started with. */
static void add_groups_off(struct params *to, const struct act_domain *domain,
			   unsigned groups)
{
	if (groups & VIR_DOMAIN_STATS_STATE) {
		params_int(to, VIR_DOMAIN_SHUTOFF, "state.state");
		params_int(to, VIR_DOMAIN_SHUTOFF_UNKNOWN, "state.reason");
	}
	if (groups & VIR_DOMAIN_STATS_BALLOON) {
		params_ulong(to, domain->limit * LEASE_KIB, "balloon.current");
		params_ulong(to, domain->maximum * LEASE_KIB,
			     "balloon.maximum");
	}
	if (groups & VIR_DOMAIN_STATS_VCPU) {
		params_uint(to, domain->cpus, "vcpu.current");
		params_uint(to, domain->cpus, "vcpu.maximum");
	}
	if (groups & VIR_DOMAIN_STATS_BLOCK)
		params_uint(to, 0, "block.count");
}

static int fill_record(struct rpc_call *call, const struct roster_entry *entry,
		       unsigned groups, rmt_dom_stats *record)
{
	const struct view_guest *guest = entry->guest;
	struct params params = {0};

	if (roster_fill(call, entry, &record->dom) != 0)
		return -1;
	if (guest != NULL)
		add_groups(&params, guest, &call->view->pools[guest->pool],
			   groups);
	else
		add_groups_off(&params, entry->domain, groups);
	record->items.items_val = params.items;
	record->items.items_len = params.count;
	return params.failed ? call_no_memory(call) : 0;
}

/* Which groups are wanted: 0 and *groups, or -1 with the call refused. */
static int choose_groups(struct rpc_call *call, const rmt_stats_args *args,
			 unsigned *groups)
{
	unsigned unknown = args->stats & ~(unsigned)GROUPS;

	/* Of other groups there is nothing to say, unless that must be said. */
	if (unknown != 0 && (args->flags & ENFORCE))
		return call_refuse(call, VIR_ERR_CONFIG_UNSUPPORTED,
				   VIR_FROM_DOMAIN,
				   "unsupported configuration: there are no "
				   "statistics of the groups 0x%x",
				   unknown);
	*groups = args->stats == 0 ? GROUPS : args->stats & GROUPS;
	return 0;
}

/*
 * Those that are named, in that order, those that are gone left out. A list may
 * name thousands among thousands, so it is not searched through for each.
 */
static int find_named(struct rpc_call *call, const rmt_stats_args *args,
		      struct roster *out)
{
	size_t named = args->doms.doms_len;
	struct roster all;

	*out = (struct roster){.entries = calloc(named, sizeof(*out->entries))};
	if (out->entries == NULL)
		return call_no_memory(call);
	if (roster_take(call, 0, &all) != 0)
		return -1;
	roster_sort(&all);
	for (size_t i = 0; i < named; i++) {
		const struct roster_entry *found = roster_find(
			&all, (const uint8_t *)args->doms.doms_val[i].uuid);
		if (found != NULL)
			out->entries[out->count++] = *found;
	}
	free(all.entries);
	return 0;
}

int connect_all_stats(struct rpc_call *call, const void *arguments,
		      void *result)
{
	const rmt_stats_args *args = arguments;
	rmt_all_stats *stats = result;
	struct roster which = {0};
	unsigned filter = args->flags & domain_filter_bits(), groups = 0;

	if (call_check_flags(call, args->flags,
			     ENFORCE | HARMLESS | domain_filter_bits()) != 0 ||
	    choose_groups(call, args, &groups) != 0)
		return -1;
	int r = args->doms.doms_len != 0 ? find_named(call, args, &which)
					 : roster_take(call, filter, &which);
	cleanup_free struct roster_entry *entries = which.entries;
	if (r != 0)
		return -1;
	stats->records.records_val =
		call_list(call, which.count, sizeof(rmt_dom_stats), "domains");
	if (stats->records.records_val == NULL)
		return -1;
	for (size_t i = 0; i < which.count; i++) {
		/* Counted before it is filled: so what is there is freed. */
		stats->records.records_len = (u_int)i + 1;
		if (fill_record(call, &entries[i], groups,
				&stats->records.records_val[i]) != 0)
			return -1;
	}
	return 0;
}

int domain_memory_stats(struct rpc_call *call, const void *arguments,
			void *result)
{
	const rmt_dom_max *args = arguments;
	rmt_memory_stats *stats = result;

	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	const struct view_guest *guest = domain_find(call, &args->dom);
	if (guest == NULL)
		return -1;
	uint64_t held = guest->leases * LEASE_KIB;
	uint64_t free = guest->tally.pages_free * PAGE_KIB;
	const rmt_memory_stat all[] = {
		{VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON, held},
		{VIR_DOMAIN_MEMORY_STAT_RSS, host_usage(guest->pid).rss_kib},
		/* Where nobody counts what is free, nothing is said of it. */
		{VIR_DOMAIN_MEMORY_STAT_AVAILABLE, held},
		{VIR_DOMAIN_MEMORY_STAT_UNUSED, free},
		{VIR_DOMAIN_MEMORY_STAT_USABLE, free},
	};
	u_int count = guest->has_tally ? 5 : 2;
	/* Never more than asked for: clients copy without a check. */
	if (count > args->max)
		count = args->max;
	stats->items.items_val = calloc(5, sizeof(all[0]));
	if (stats->items.items_val == NULL)
		return call_no_memory(call);
	memcpy(stats->items.items_val, all, count * sizeof(all[0]));
	stats->items.items_len = count;
	return 0;
}

int domain_memory_params(struct rpc_call *call, const void *arguments,
			 void *result)
{
	const rmt_dom_number *args = arguments;
	struct params params = {0};
	struct roster_entry which;
	rmt_params *out = result;

	if (call_check_flags(call, args->flags,
			     VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG |
				     VIR_TYPED_PARAM_STRING_OKAY) != 0 ||
	    defined_choose(call, &args->dom, args->flags, &which) != 0)
		return -1;
	const struct view_guest *guest = which.guest;
	uint64_t limit = guest != NULL ? guest->limit : which.domain->limit;
	uint64_t guarantee =
		guest != NULL ? guest->guarantee : which.domain->guarantee;
	/* Asked twice: how many there are, then for so many. */
	if (args->number > 0)
		params_ulong(&params, limit * LEASE_KIB,
			     VIR_DOMAIN_MEMORY_HARD_LIMIT);
	if (args->number > 1)
		params_ulong(&params, guarantee * LEASE_KIB,
			     VIR_DOMAIN_MEMORY_MIN_GUARANTEE);
	out->items.items_val = params.items;
	out->items.items_len = params.count;
	out->nparams = args->number > 0 ? (int)params.count : 2;
	return params.failed ? call_no_memory(call) : 0;
}
