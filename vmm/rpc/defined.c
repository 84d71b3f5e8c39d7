/* SPDX-License-Identifier: MIT */
/*
 * Domains that are defined, beside the guests that run: what is asked of one
 * that runs is for domain.c to answer, the rest is answered here.
 */
#include <config.h>

#include "rpc/defined.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rpc/domain.h"
#include "rpc/handlers.h"
#include "rpc/roster.h"

static const struct view_guest *running(const struct rpc_call *call,
					const unsigned char *uuid)
{
	for (size_t i = 0; i < call->view->nguests; i++) {
		const struct view_guest *guest = &call->view->guests[i];
		if (memcmp(guest->uuid, uuid, sizeof(guest->uuid)) == 0)
			return guest;
	}
	return NULL;
}

/* The domain that a triple means, if it does not run; else NULL. */
static const struct act_domain *inactive(const struct rpc_call *call,
					 const rmt_dom *dom)
{
	const unsigned char *uuid = (const unsigned char *)dom->uuid;

	return running(call, uuid) == NULL ? call_domain(call, uuid) : NULL;
}

bool defined_is_inactive(const struct rpc_call *call, const rmt_dom *dom)
{
	return inactive(call, dom) != NULL;
}

int defined_fill(struct rpc_call *call, const unsigned char *uuid, rmt_dom *dom)
{
	const struct view_guest *guest = running(call, uuid);
	const struct act_domain *domain = call_domain(call, uuid);

	if (guest == NULL && domain != NULL)
		return roster_fill(
			call, &(struct roster_entry){.domain = domain}, dom);
	guest = call_guest(call, uuid);
	return guest != NULL ? domain_fill(call, guest, dom) : -1;
}

static int check_live_or_config(struct rpc_call *call, unsigned flags)
{
	const unsigned both = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG;

	if ((flags & both) != both)
		return 0;
	return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
			   "invalid argument: one question cannot be of the "
			   "guest and of its configuration");
}

int defined_choose(struct rpc_call *call, const rmt_dom *dom, unsigned flags,
		   struct roster_entry *out)
{
	const unsigned char *uuid = (const unsigned char *)dom->uuid;
	bool config = flags & VIR_DOMAIN_AFFECT_CONFIG;

	*out = (struct roster_entry){.uuid = uuid};
	if (check_live_or_config(call, flags) != 0)
		return -1;
	const struct view_guest *guest = running(call, uuid);
	const struct act_domain *domain = call_domain(call, uuid);
	if (guest != NULL && config && (domain == NULL || !domain->defined))
		return call_refuse(call, VIR_ERR_OPERATION_INVALID,
				   VIR_FROM_DOMAIN,
				   "Requested operation is not valid: a "
				   "transient domain has no stored "
				   "configuration");
	if (config || (guest == NULL && !(flags & VIR_DOMAIN_AFFECT_LIVE)))
		out->domain = domain;
	if (out->domain == NULL)
		out->guest = call_guest(call, uuid);
	return out->domain != NULL || out->guest != NULL ? 0 : -1;
}

/* Lists */

int defined_list_all(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_list_args *args = arguments;
	cleanup_free struct roster_entry *entries = NULL;
	rmt_doms *list = result;
	struct roster all;

	if (call_check_flags(call, args->flags, domain_filter_bits()) != 0 ||
	    roster_take(call, args->flags, &all) != 0)
		return -1;
	entries = all.entries;
	list->items.items_val =
		call_list(call, all.count, sizeof(rmt_dom), "domains");
	if (list->items.items_val == NULL)
		return -1;
	list->ret = (u_int)all.count;
	if (!args->need_results)
		return 0;
	list->items.items_len = (u_int)all.count;
	for (size_t i = 0; i < all.count; i++) {
		if (roster_fill(call, &entries[i], &list->items.items_val[i]) !=
		    0)
			return -1;
	}
	return 0;
}

int defined_count(struct rpc_call *call, const void *arguments, void *result)
{
	struct roster off;

	(void)arguments;
	if (roster_take(call, VIR_CONNECT_LIST_DOMAINS_INACTIVE, &off) != 0)
		return -1;
	*(int *)result = (int)off.count;
	free(off.entries);
	return 0;
}

int defined_list_names(struct rpc_call *call, const void *arguments,
		       void *result)
{
	int most = *(const int *)arguments;
	cleanup_free struct roster_entry *entries = NULL;
	rmt_names *list = result;
	struct roster off;

	if (most < 0)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
				   "invalid argument: maxnames is %d", most);
	if (roster_take(call, VIR_CONNECT_LIST_DOMAINS_INACTIVE, &off) != 0)
		return -1;
	entries = off.entries;
	if (off.count > (size_t)most)
		off.count = (size_t)most;
	list->names.names_val =
		call_list(call, off.count, sizeof(rmt_str), "domains");
	if (list->names.names_val == NULL)
		return -1;
	for (size_t i = 0; i < off.count; i++) {
		char **name = &list->names.names_val[list->names.names_len++];
		if (call_string(call, name, entries[i].domain->name) != 0)
			return -1;
	}
	return 0;
}

/* One of them */

int defined_by_name(struct rpc_call *call, const void *arguments, void *result)
{
	const char *name = *(const rmt_str *)arguments;
	const struct act_domain *domain = call_next_domain(call, NULL);

	while (domain != NULL && strcmp(domain->name, name) != 0)
		domain = call_next_domain(call, domain);
	if (domain != NULL && running(call, domain->uuid) == NULL)
		return roster_fill(
			call, &(struct roster_entry){.domain = domain}, result);
	return domain_by_name(call, arguments, result);
}

int defined_by_uuid(struct rpc_call *call, const void *arguments, void *result)
{
	return defined_fill(call, arguments, result);
}

int defined_info(struct rpc_call *call, const void *arguments, void *result)
{
	const struct act_domain *domain = inactive(call, arguments);

	if (domain == NULL)
		return domain_info(call, arguments, result);
	*(rmt_dom_info *)result = (rmt_dom_info){
		.state = VIR_DOMAIN_SHUTOFF,
		.max_memory = domain->maximum * LEASE_KIB,
		.memory = domain->limit * LEASE_KIB,
		.vcpus = (unsigned short)domain->cpus,
	};
	return 0;
}

int defined_state(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_flags *args = arguments;

	if (inactive(call, &args->dom) == NULL)
		return domain_state(call, arguments, result);
	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	*(rmt_dom_state *)result = (rmt_dom_state){
		.state = VIR_DOMAIN_SHUTOFF,
		.reason = VIR_DOMAIN_SHUTOFF_UNKNOWN,
	};
	return 0;
}

int defined_max_memory(struct rpc_call *call, const void *arguments,
		       void *result)
{
	const struct act_domain *domain = inactive(call, arguments);

	if (domain == NULL)
		return domain_max_memory(call, arguments, result);
	*(u_quad_t *)result = domain->maximum * LEASE_KIB;
	return 0;
}

int defined_max_vcpus(struct rpc_call *call, const void *arguments,
		      void *result)
{
	const struct act_domain *domain = inactive(call, arguments);

	if (domain == NULL)
		return domain_max_vcpus(call, arguments, result);
	*(int *)result = (int)domain->cpus;
	return 0;
}

int defined_os_type(struct rpc_call *call, const void *arguments, void *result)
{
	if (inactive(call, arguments) == NULL)
		return domain_os_type(call, arguments, result);
	return call_string(call, result, "hvm");
}

int defined_xml(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_flags *args = arguments;
	const unsigned char *uuid = (const unsigned char *)args->dom.uuid;
	const struct act_source *act = call->session->acts;
	const struct act_domain *domain = call_domain(call, uuid);
	char **xml = result;

	if (domain == NULL || (running(call, uuid) != NULL &&
			       !(args->flags & VIR_DOMAIN_XML_INACTIVE)))
		return domain_xml(call, arguments, result);
	if (domain_check_xml(call, args->flags) != 0)
		return -1;
	*xml = act->xml(act->context, domain);
	return *xml != NULL ? 0 : call_no_memory(call);
}

int defined_is_active(struct rpc_call *call, const void *arguments,
		      void *result)
{
	if (inactive(call, arguments) != NULL)
		return 0; /* zeroed */
	return domain_yes(call, arguments, result);
}

int defined_is_persistent(struct rpc_call *call, const void *arguments,
			  void *result)
{
	const rmt_dom *dom = arguments;
	const struct act_domain *domain =
		call_domain(call, (const unsigned char *)dom->uuid);

	if (domain == NULL)
		return domain_no(call, arguments, result);
	*(int *)result = domain->defined;
	return 0;
}

int defined_get_autostart(struct rpc_call *call, const void *arguments,
			  void *result)
{
	const rmt_dom *dom = arguments;
	const struct act_domain *domain =
		call_domain(call, (const unsigned char *)dom->uuid);

	if (domain == NULL)
		return domain_no(call, arguments, result);
	*(int *)result = domain->autostart;
	return 0;
}

int defined_no(struct rpc_call *call, const void *arguments, void *result)
{
	return inactive(call, arguments) != NULL
		       ? 0 /* zeroed */
		       : domain_no(call, arguments, result);
}

int defined_no_flags(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_flags *args = arguments;

	if (inactive(call, &args->dom) == NULL)
		return domain_no_flags(call, arguments, result);
	return call_check_flags(call, args->flags, 0);
}

int defined_messages(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_flags *args = arguments;

	return inactive(call, &args->dom) != NULL
		       ? 0 /* zeroed */
		       : domain_messages(call, arguments, result);
}

int defined_snapshots(struct rpc_call *call, const void *arguments,
		      void *result)
{
	const rmt_dom_list_args *args = arguments;

	return inactive(call, &args->dom) != NULL
		       ? 0 /* zeroed */
		       : domain_snapshots(call, arguments, result);
}
