/* SPDX-License-Identifier: MIT */
/* What a domain's owner has noted of it: its title, description, metadata. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "rpc/defined.h"
#include "rpc/handlers.h"
#include "rpc/xml.h"
#include "wire/xmltext.h"

static int none(struct rpc_call *call)
{
	return call_refuse(call, VIR_ERR_NO_DOMAIN_METADATA, VIR_FROM_DOMAIN,
			   "metadata not found: Requested metadata element is "
			   "not present");
}

static int give_text(struct rpc_call *call, const char *text, char **out)
{
	return text != NULL ? call_string(call, out, text) : none(call);
}

/* An element of others, or our own of what is kept. */
static int give_element(struct rpc_call *call, const struct act_domain *domain,
			const char *uri, char **out)
{
	const struct act_source *act = call->session->acts;

	int r = domain != NULL ? act->metadata(act->context, domain, uri, out)
			       : -ENOENT;
	if (r == -ENOMEM)
		return call_no_memory(call);
	return r < 0 ? none(call) : 0;
}

int metadata_get(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_metadata_args *args = arguments;
	struct roster_entry which;
	char **out = result;

	if (call_check_flags(call, args->flags,
			     VIR_DOMAIN_AFFECT_LIVE |
				     VIR_DOMAIN_AFFECT_CONFIG) != 0 ||
	    defined_choose(call, &args->dom, args->flags, &which) != 0)
		return -1;
	const struct view_guest *guest = which.guest;
	/* A guest that runs has the notes of what it was started from. */
	const struct act_domain *domain =
		guest != NULL ? call_domain(call, guest->uuid) : which.domain;
	switch (args->type) {
	case VIR_DOMAIN_METADATA_DESCRIPTION:
		return give_text(
			call, domain != NULL ? domain->description : NULL, out);
	case VIR_DOMAIN_METADATA_TITLE:
		return give_text(call, domain != NULL ? domain->title : NULL,
				 out);
	case VIR_DOMAIN_METADATA_ELEMENT:
		break;
	default:
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
				   "invalid argument: there is no metadata of "
				   "type %d",
				   args->type);
	}
	if (args->uri == NULL)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
				   "invalid argument: an element needs a uri");
	if (guest == NULL || strcmp(*args->uri, XML_NAMESPACE) != 0)
		return give_element(call, domain, *args->uri, out);
	*out = xml_guest(guest, &call->view->pools[guest->pool]);
	return *out != NULL ? 0 : call_no_memory(call);
}
