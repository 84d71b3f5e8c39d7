/* SPDX-License-Identifier: MIT */
/* Registering for events, and no longer. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "rpc/defined.h"
#include "rpc/domain.h"
#include "rpc/handlers.h"
#include "rpc/storage.h"

/* Kinds of events that may be asked for; most of them never happen here. */
#define DOMAIN_EVENTS (VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE + 1)
#define POOL_EVENTS   (VIR_STORAGE_POOL_EVENT_ID_REFRESH + 1)

/* Note a wish; its callback is the result. */
static int add(struct rpc_call *call, const struct events_wish *wish, int last,
	       int *callback)
{
	struct rpc_session *session = call->session;

	if (wish->event < 0 || wish->event >= last)
		return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_REMOTE,
				   "invalid argument: there is no event %d",
				   wish->event);
	int r = events_add(&session->events, wish);
	if (r == -ENOSPC)
		return call_refuse(call, VIR_ERR_OPERATION_FAILED,
				   VIR_FROM_REMOTE,
				   "this connection has %d registrations for "
				   "events already",
				   EVENTS_MAX);
	if (r < 0)
		return call_no_memory(call);
	*callback = r;
	if (session->owner != NULL)
		session->owner->listens(session->owner->context);
	return 0;
}

static int remove_one(struct rpc_call *call, enum events_kind kind,
		      int callback)
{
	if (events_remove(&call->session->events, kind, callback) == 0)
		return 0;
	return call_refuse(call, VIR_ERR_INVALID_ARG, VIR_FROM_REMOTE,
			   "invalid argument: no registration has the number "
			   "%d",
			   callback);
}

int wish_domain(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_dom_event_args *args = arguments;
	struct events_wish wish = {.kind = EVENTS_DOMAIN, .event = args->event};

	if (args->dom != NULL) {
		if (!defined_is_inactive(call, args->dom) &&
		    domain_find(call, args->dom) == NULL)
			return -1;
		wish.one = true;
		memcpy(wish.uuid, args->dom->uuid, sizeof(wish.uuid));
	}
	return add(call, &wish, DOMAIN_EVENTS, result);
}

int wish_domain_no_more(struct rpc_call *call, const void *arguments,
			void *result)
{
	(void)result;
	return remove_one(call, EVENTS_DOMAIN, *(const int *)arguments);
}

int wish_pool(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_pool_event_args *args = arguments;
	struct events_wish wish = {.kind = EVENTS_POOL, .event = args->event};

	if (args->pool != NULL) {
		struct storage_pool pool;
		if (storage_meant(call, args->pool, &pool) != 0)
			return -1;
		wish.one = true;
		memcpy(wish.uuid, args->pool->uuid, sizeof(wish.uuid));
	}
	return add(call, &wish, POOL_EVENTS, result);
}

int wish_pool_no_more(struct rpc_call *call, const void *arguments,
		      void *result)
{
	(void)result;
	return remove_one(call, EVENTS_POOL, *(const int *)arguments);
}
