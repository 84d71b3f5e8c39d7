/* SPDX-License-Identifier: MIT */
/* Guests as domains: those that run. Others are defined.c's. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "rpc/domain.h"
#include "rpc/handlers.h"
#include "rpc/host.h"
#include "rpc/xml.h"
#include "wire/xmltext.h"

/* The filter bits of a typed list, by group. */
static const unsigned filter_groups[] = {
	VIR_CONNECT_LIST_DOMAINS_ACTIVE | VIR_CONNECT_LIST_DOMAINS_INACTIVE,
	VIR_CONNECT_LIST_DOMAINS_PERSISTENT |
		VIR_CONNECT_LIST_DOMAINS_TRANSIENT,
	VIR_CONNECT_LIST_DOMAINS_RUNNING | VIR_CONNECT_LIST_DOMAINS_PAUSED |
		VIR_CONNECT_LIST_DOMAINS_SHUTOFF |
		VIR_CONNECT_LIST_DOMAINS_OTHER,
	VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE |
		VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE,
	VIR_CONNECT_LIST_DOMAINS_AUTOSTART |
		VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART,
	VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT |
		VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT,
	VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT |
		VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT,
};
#define FILTER_GROUPS (sizeof(filter_groups) / sizeof(filter_groups[0]))

unsigned domain_filter_bits(void)
{
	return call_filter_bits(filter_groups, FILTER_GROUPS);
}

bool domain_passes(unsigned bits, unsigned filter)
{
	return call_filter(filter, filter_groups, FILTER_GROUPS, bits);
}

int domain_fill(struct rpc_call *call, const struct view_guest *guest,
		rmt_dom *dom)
{
	memcpy(dom->uuid, guest->uuid, sizeof(dom->uuid));
	dom->id = (int)guest->id;
	return call_string(call, &dom->name, guest->name);
}

const struct view_guest *call_guest(struct rpc_call *call,
				    const unsigned char *uuid)
{
	char text[37];

	for (size_t i = 0; i < call->view->nguests; i++) {
		const struct view_guest *guest = &call->view->guests[i];
		if (memcmp(guest->uuid, uuid, sizeof(guest->uuid)) == 0)
			return guest;
	}
	if (call_domain(call, uuid) != NULL) {
		call_refuse(call, VIR_ERR_OPERATION_INVALID, VIR_FROM_DOMAIN,
			    "Requested operation is not valid: domain is not "
			    "running");
		return NULL;
	}
	uuid_unparse_lower(uuid, text);
	call_refuse(call, VIR_ERR_NO_DOMAIN, VIR_FROM_DOMAIN,
		    "Domain not found: no guest with the uuid %s", text);
	return NULL;
}

const struct view_guest *domain_find(struct rpc_call *call, const rmt_dom *dom)
{
	return call_guest(call, (const unsigned char *)dom->uuid);
}

int domain_list_ids(struct rpc_call *call, const void *arguments, void *result)
{
	int most = *(const int *)arguments;
	rmt_ints *ids = result;
	size_t count = call->view->nguests;

	if (most < 0)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
				   "invalid argument: maxids is %d", most);
	if (count > (size_t)most)
		count = (size_t)most;
	ids->values.values_val = call_list(call, count, sizeof(int), "domains");
	if (ids->values.values_val == NULL)
		return -1;
	ids->values.values_len = (u_int)count;
	for (size_t i = 0; i < count; i++)
		ids->values.values_val[i] = (int)call->view->guests[i].id;
	return 0;
}

int domain_count(struct rpc_call *call, const void *arguments, void *result)
{
	(void)arguments;
	*(int *)result = (int)call->view->nguests;
	return 0;
}

int domain_by_id(struct rpc_call *call, const void *arguments, void *result)
{
	int id = *(const int *)arguments;

	for (size_t i = 0; i < call->view->nguests; i++) {
		const struct view_guest *guest = &call->view->guests[i];
		if ((int)guest->id == id)
			return domain_fill(call, guest, result);
	}
	return call_refuse(call, VIR_ERR_NO_DOMAIN, VIR_FROM_DOMAIN,
			   "Domain not found: no guest with the id %d", id);
}

int domain_by_name(struct rpc_call *call, const void *arguments, void *result)
{
	const char *name = *(const rmt_str *)arguments;

	for (size_t i = 0; i < call->view->nguests; i++) {
		const struct view_guest *guest = &call->view->guests[i];
		if (strcmp(guest->name, name) == 0)
			return domain_fill(call, guest, result);
	}
	return call_refuse(call, VIR_ERR_NO_DOMAIN, VIR_FROM_DOMAIN,
			   "Domain not found: no guest with the name '%s'",
			   name);
}

int domain_by_uuid(struct rpc_call *call, const void *arguments, void *result)
{
	const struct view_guest *guest = call_guest(call, arguments);

	return guest != NULL ? domain_fill(call, guest, result) : -1;
}

int domain_info(struct rpc_call *call, const void *arguments, void *result)
{
	const struct view_guest *guest = domain_find(call, arguments);

	if (guest == NULL)
		return -1;
	struct host_usage usage = host_usage(guest->pid);
	*(rmt_dom_info *)result = (rmt_dom_info){
		.state = VIR_DOMAIN_RUNNING,
		.max_memory = guest->maximum * LEASE_KIB,
		.memory = guest->leases * LEASE_KIB,
		.vcpus = (unsigned short)guest->cpus,
		.cpu_time = usage.user + usage.system,
	};
	return 0;
}

int domain_state(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_flags *args = arguments;

	if (call_check_flags(call, args->flags, 0) != 0 ||
	    domain_find(call, &args->dom) == NULL)
		return -1;
	*(rmt_dom_state *)result = (rmt_dom_state){
		.state = VIR_DOMAIN_RUNNING,
		.reason = VIR_DOMAIN_RUNNING_BOOTED,
	};
	return 0;
}

int domain_max_memory(struct rpc_call *call, const void *arguments,
		      void *result)
{
	const struct view_guest *guest = domain_find(call, arguments);

	if (guest == NULL)
		return -1;
	*(u_quad_t *)result = guest->maximum * LEASE_KIB;
	return 0;
}

int domain_os_type(struct rpc_call *call, const void *arguments, void *result)
{
	if (domain_find(call, arguments) == NULL)
		return -1;
	return call_string(call, result, "hvm");
}

int domain_check_xml(struct rpc_call *call, unsigned flags)
{
	if (call_check_flags(call, flags,
			     VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE |
				     VIR_DOMAIN_XML_UPDATE_CPU |
				     VIR_DOMAIN_XML_MIGRATABLE) != 0)
		return -1;
	if (call->session->readonly && (flags & VIR_DOMAIN_XML_SECURE))
		return call_refuse(call, VIR_ERR_OPERATION_DENIED,
				   VIR_FROM_DOMAIN,
				   "operation forbidden: read only access "
				   "prevents virDomainGetXMLDesc with secure "
				   "flag");
	return 0;
}

int domain_xml(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_flags *args = arguments;
	char **xml = result;

	if (domain_check_xml(call, args->flags) != 0)
		return -1;
	const struct view_guest *guest = domain_find(call, &args->dom);
	if (guest == NULL)
		return -1;
	*xml = xml_domain(guest, &call->view->pools[guest->pool],
			  call_domain(call, guest->uuid));
	return *xml != NULL ? 0 : call_no_memory(call);
}

int domain_control(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_flags *args = arguments;

	(void)result; /* zeroed: it is well, and nothing is going on */
	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	return domain_find(call, &args->dom) != NULL ? 0 : -1;
}

int domain_messages(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_flags *args = arguments;

	(void)result; /* zeroed: none */
	if (call_check_flags(call, args->flags,
			     VIR_DOMAIN_MESSAGE_DEPRECATION |
				     VIR_DOMAIN_MESSAGE_TAINTING) != 0)
		return -1;
	return domain_find(call, &args->dom) != NULL ? 0 : -1;
}

int domain_snapshots(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_list_args *args = arguments;

	(void)result; /* zeroed: none, whatever is asked of them */
	return domain_find(call, &args->dom) != NULL ? 0 : -1;
}

int domain_yes(struct rpc_call *call, const void *arguments, void *result)
{
	*(int *)result = 1;
	return domain_find(call, arguments) != NULL ? 0 : -1;
}

int domain_no(struct rpc_call *call, const void *arguments, void *result)
{
	*(int *)result = 0;
	return domain_find(call, arguments) != NULL ? 0 : -1;
}

int domain_no_flags(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_flags *args = arguments;

	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	return domain_no(call, &args->dom, result);
}
