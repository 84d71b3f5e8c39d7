/* SPDX-License-Identifier: MIT */
/* What is done to guests. Each handler checks, and asks guests/ to do it. */
#include <config.h>

#include <errno.h>

#include "guests/act.h"
#include "rpc/handlers.h"

/* By which of libvirt's codes a refusal goes out. */
static int code_of(int error)
{
	switch (error) {
	case ENOENT:
		return VIR_ERR_NO_DOMAIN;
	case ENOMEM:
		return VIR_ERR_NO_MEMORY;
	default:
		return VIR_ERR_OPERATION_FAILED;
	}
}

/* r of a function of act.h, as a handler's. */
static int done(struct rpc_call *call, int r, const struct err *err)
{
	if (r >= 0)
		return 0;
	return call_refuse(call, code_of(-r), VIR_FROM_DOMAIN, "%s", err->text);
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
	if (call_check_flags(call, args->flags,
			     VIR_DOMAIN_SHUTDOWN_SIGNAL) != 0)
		return -1;
	return end_guest(call, &args->dom, false);
}
