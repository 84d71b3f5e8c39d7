/* SPDX-License-Identifier: MIT */
/* What is done to guests. Each handler checks, and asks guests/ to do it. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "guests/act.h"
#include "rpc/act.h"
#include "rpc/defined.h"
#include "rpc/domain.h"
#include "rpc/handlers.h"

int act_code(int error)
{
	switch (error) {
	case ENOENT:
		return VIR_ERR_NO_DOMAIN;
	case ENOMEM:
		return VIR_ERR_NO_MEMORY;
	case EBADMSG:
		return VIR_ERR_XML_ERROR;
	case ENOTSUP:
		return VIR_ERR_CONFIG_UNSUPPORTED;
	case EINVAL:
	case ERANGE:
		return VIR_ERR_INVALID_ARG;
	case EEXIST:
		return VIR_ERR_DOM_EXIST;
	case EBUSY:
	case EPERM:
		return VIR_ERR_OPERATION_INVALID;
	default:
		return VIR_ERR_OPERATION_FAILED;
	}
}

/* r of a function of act.h, as a handler's. */
static int done(struct rpc_call *call, int r, const struct err *err)
{
	if (r >= 0)
		return 0;
	return call_refuse(call, act_code(-r), VIR_FROM_DOMAIN, "%s",
			   err->text);
}

static int find_defined(struct rpc_call *call, const rmt_dom *dom,
			const struct act_domain **out)
{
	const unsigned char *uuid = (const unsigned char *)dom->uuid;

	*out = call_domain(call, uuid);
	if (*out != NULL)
		return 0;
	/* A guest that somebody has started by hand; or nobody at all. */
	const struct view_guest *guest = call_guest(call, uuid);
	if (guest != NULL)
		call_refuse(call, VIR_ERR_OPERATION_INVALID, VIR_FROM_DOMAIN,
			    "Requested operation is not valid: domain %s was "
			    "never defined",
			    guest->name);
	return -1;
}

/* Who acts; NULL with the call refused where nobody does. */
static const struct act_source *acts(struct rpc_call *call)
{
	if (call->session->acts == NULL)
		call_refuse(call, VIR_ERR_NO_SUPPORT, VIR_FROM_REMOTE,
			    "this function is not supported by the connection "
			    "driver: nobody acts here");
	return call->session->acts;
}

static int end_guest(struct rpc_call *call, const rmt_dom *dom, bool at_once)
{
	const struct act_source *act = acts(call);
	struct err err;

	if (act == NULL)
		return -1;
	const struct view_guest *guest =
		call_guest(call, (const unsigned char *)dom->uuid);
	if (guest == NULL)
		return -1;
	int r = at_once ? act->destroy(act->context, guest->id, &err)
			: act->shutdown(act->context, guest->id, &err);
	return done(call, r, &err);
}

int act_destroy(struct rpc_call *call, const void *arguments, void *result)
{
	(void)result;
	return end_guest(call, arguments, true);
}

int act_destroy_flags(struct rpc_call *call, const void *arguments,
		      void *result)
{
	const rmt_dom_flags *args = arguments;

	(void)result;
	/* Graceful: ask, and no more. */
	if (call_check_flags(call, args->flags, VIR_DOMAIN_DESTROY_GRACEFUL) !=
	    0)
		return -1;
	return end_guest(call, &args->dom,
			 !(args->flags & VIR_DOMAIN_DESTROY_GRACEFUL));
}

int act_shutdown(struct rpc_call *call, const void *arguments, void *result)
{
	(void)result;
	return end_guest(call, arguments, false);
}

int act_shutdown_flags(struct rpc_call *call, const void *arguments,
		       void *result)
{
	const rmt_dom_flags *args = arguments;

	(void)result;
	if (call_check_flags(call, args->flags, VIR_DOMAIN_SHUTDOWN_SIGNAL) !=
	    0)
		return -1;
	return end_guest(call, &args->dom, false);
}

/* Of the guest, of what is kept of it, or of both; in KiB, rounded up. */
static int set_memory(struct rpc_call *call, const rmt_dom *dom, uint64_t kib,
		      unsigned flags)
{
	const unsigned char *uuid = (const unsigned char *)dom->uuid;
	const struct act_source *act = acts(call);
	const struct act_domain *domain = NULL;
	const struct view_guest *guest = NULL;
	uint64_t leases = kib / LEASE_KIB + (kib % LEASE_KIB != 0);
	struct err err;
	int r = 0;

	if (act == NULL)
		return -1;
	/* Neither: what there is now. */
	if ((flags & (VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG)) == 0)
		flags |= (flags & VIR_DOMAIN_MEM_MAXIMUM) != 0 ||
					 defined_is_inactive(call, dom)
				 ? VIR_DOMAIN_AFFECT_CONFIG
				 : VIR_DOMAIN_AFFECT_LIVE;
	if ((flags & VIR_DOMAIN_AFFECT_CONFIG) != 0 &&
	    find_defined(call, dom, &domain) != 0)
		return -1;
	if ((flags & VIR_DOMAIN_AFFECT_LIVE) != 0) {
		guest = call_guest(call, uuid);
		if (guest == NULL)
			return -1;
	}
	if (guest != NULL && (flags & VIR_DOMAIN_MEM_MAXIMUM) != 0)
		return call_refuse(call, VIR_ERR_OPERATION_INVALID,
				   VIR_FROM_DOMAIN,
				   "Requested operation is not valid: the "
				   "maximum of a guest that runs stays");
	if (domain != NULL)
		r = (flags & VIR_DOMAIN_MEM_MAXIMUM) != 0
			    ? act->keep_maximum(act->context, domain, leases,
						&err)
			    : act->keep_limit(act->context, domain, leases,
					      &err);
	if (r == 0 && guest != NULL)
		r = act->set_limit(act->context, guest->id, leases, &err);
	return done(call, r, &err);
}

int act_set_memory(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_memory *args = arguments;

	(void)result;
	return set_memory(call, &args->dom, args->memory, 0);
}

int act_set_memory_flags(struct rpc_call *call, const void *arguments,
			 void *result)
{
	const rmt_dom_memory_flags *args = arguments;

	(void)result;
	if (call_check_flags(call, args->flags,
			     VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG |
				     VIR_DOMAIN_MEM_MAXIMUM) != 0)
		return -1;
	return set_memory(call, &args->dom, args->memory, args->flags);
}

int act_set_max_memory(struct rpc_call *call, const void *arguments,
		       void *result)
{
	const rmt_dom_memory *args = arguments;

	(void)result;
	return set_memory(call, &args->dom, args->memory,
			  VIR_DOMAIN_MEM_MAXIMUM);
}

/* How what was started has ended; the session can start another then. */
static int finish(struct rpc_call *call)
{
	struct rpc_later *later = &call->session->later;

	later->done = false;
	return done(call, later->result, &later->err);
}

static int start(struct rpc_call *call, const rmt_dom *dom)
{
	const struct act_source *act = acts(call);
	struct rpc_later *later = &call->session->later;
	const struct act_domain *domain;
	struct err err;

	if (act == NULL)
		return -1;
	if (later->done)
		return finish(call);
	if (find_defined(call, dom, &domain) != 0)
		return -1;
	int r = act->start(act->context, domain, &later->wait, &err);
	return r < 0 ? done(call, r, &err) : CALL_LATER;
}

int act_start(struct rpc_call *call, const void *arguments, void *result)
{
	(void)result;
	return start(call, arguments);
}

int act_start_flags(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_flags *args = arguments;

	if (call_check_flags(call, args->flags, 0) != 0)
		return -1;
	int r = start(call, &args->dom);
	return r == 0 ? defined_fill(call,
				     (const unsigned char *)args->dom.uuid,
				     result)
		      : r;
}

int act_create(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_xml_flags *args = arguments;
	const struct act_source *act = acts(call);
	struct rpc_later *later = &call->session->later;
	struct err err;

	if (act == NULL ||
	    call_check_flags(call, args->flags, VIR_DOMAIN_START_VALIDATE) != 0)
		return -1;
	if (later->done)
		return finish(call) == 0
			       ? defined_fill(call, later->uuid, result)
			       : -1;
	int r = act->create(act->context, args->xml, later->uuid, &later->wait,
			    &err);
	return r < 0 ? done(call, r, &err) : CALL_LATER;
}

static int define(struct rpc_call *call, const char *xml, void *result)
{
	const struct act_source *act = acts(call);
	uint8_t uuid[16];
	struct err err;

	if (act == NULL ||
	    done(call, act->define(act->context, xml, uuid, &err), &err) != 0)
		return -1;
	return defined_fill(call, uuid, result);
}

int act_define(struct rpc_call *call, const void *arguments, void *result)
{
	return define(call, *(char *const *)arguments, result);
}

int act_define_flags(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_xml_flags *args = arguments;

	/* All XML is held against all that is known of it anyway. */
	if (call_check_flags(call, args->flags, VIR_DOMAIN_DEFINE_VALIDATE) !=
	    0)
		return -1;
	return define(call, args->xml, result);
}

static int undefine(struct rpc_call *call, const rmt_dom *dom)
{
	const struct act_source *act = acts(call);
	const struct act_domain *domain;
	struct err err;

	if (act == NULL || find_defined(call, dom, &domain) != 0)
		return -1;
	return done(call, act->undefine(act->context, domain, &err), &err);
}

int act_undefine(struct rpc_call *call, const void *arguments, void *result)
{
	(void)result;
	return undefine(call, arguments);
}

int act_undefine_flags(struct rpc_call *call, const void *arguments,
		       void *result)
{
	const rmt_dom_flags *args = arguments;

	(void)result;
	/* Each names something to be removed as well that no guest has. */
	if (call_check_flags(call, args->flags,
			     VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
				     VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
				     VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA |
				     VIR_DOMAIN_UNDEFINE_NVRAM |
				     VIR_DOMAIN_UNDEFINE_KEEP_NVRAM) != 0)
		return -1;
	return undefine(call, &args->dom);
}

int act_autostart(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_int *args = arguments;
	const struct act_source *act = acts(call);
	const struct act_domain *domain;
	struct err err;

	(void)result;
	if (act == NULL || find_defined(call, &args->dom, &domain) != 0)
		return -1;
	return done(
		call,
		act->autostart(act->context, domain, args->value != 0, &err),
		&err);
}

int act_console(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_console_args *args = arguments;
	const struct act_source *act = acts(call);
	struct stream *stream = &call->session->stream;
	struct err err;

	(void)result;
	/* Any number may listen: nobody is in anybody's way. */
	if (act == NULL ||
	    call_check_flags(call, args->flags,
			     VIR_DOMAIN_CONSOLE_FORCE |
				     VIR_DOMAIN_CONSOLE_SAFE) != 0)
		return -1;
	if (args->device != NULL)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
				   "invalid argument: a guest has one console, "
				   "without a name");
	if (stream_is_open(stream))
		return call_refuse(call, VIR_ERR_OPERATION_INVALID,
				   VIR_FROM_DOMAIN,
				   "Requested operation is not valid: this "
				   "connection has a console open");
	const struct view_guest *guest =
		call_guest(call, (const unsigned char *)args->dom.uuid);
	if (guest == NULL)
		return -1;
	return done(
		call,
		act->listen(act->context, guest->name, &stream->listener, &err),
		&err);
}
