/* SPDX-License-Identifier: MIT */
/* What is done to pools. Each handler checks, and asks guests/ to do it. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "guests/act.h"
#include "rpc/act.h"
#include "rpc/handlers.h"
#include "rpc/storage.h"

/* r of a function of act.h, as a handler's. */
static int done(struct rpc_call *call, int r, const struct err *err)
{
	if (r >= 0)
		return 0;
	return call_refuse(
		call, r == -EEXIST ? VIR_ERR_OPERATION_FAILED : act_code(-r),
		VIR_FROM_STORAGE, "%s", err->text);
}

/* Who acts; NULL with the call refused where nobody does. */
static const struct act_pools *acts(struct rpc_call *call)
{
	const struct act_source *all = call->session->acts;

	if (all != NULL && all->pools != NULL)
		return all->pools;
	call_refuse(call, VIR_ERR_NO_SUPPORT, VIR_FROM_REMOTE,
		    "this function is not supported by the connection driver: "
		    "nobody acts on pools here");
	return NULL;
}

/* The pool that is to be acted on, and who does; NULL with a refusal. */
static const struct act_pool *find(struct rpc_call *call, const rmt_pool *meant,
				   const struct act_pools **act)
{
	struct storage_pool pool;

	*act = acts(call);
	if (*act == NULL || storage_meant(call, meant, &pool) != 0)
		return NULL;
	if (pool.known == NULL)
		call_refuse(call, VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE,
			    "Requested operation is not valid: nothing is "
			    "known of pool %s but that it is there",
			    pool.active->name);
	return pool.known;
}

static int fill(struct rpc_call *call, const uint8_t *uuid, rmt_pool *result)
{
	struct storage_pool pool;

	return storage_of_uuid(call, uuid, &pool) == 0
		       ? storage_fill(call, &pool, result)
		       : -1;
}

int pool_define(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_xml_flags *args = arguments;
	const struct act_pools *act = acts(call);
	uint8_t uuid[16];
	struct err err;

	/* All XML is held against all that is known of it anyway. */
	if (act == NULL ||
	    call_check_flags(call, args->flags,
			     VIR_STORAGE_POOL_DEFINE_VALIDATE) != 0 ||
	    done(call, act->define(act->context, args->xml, uuid, &err),
		 &err) != 0)
		return -1;
	return fill(call, uuid, result);
}

int pool_undefine(struct rpc_call *call, const void *arguments, void *result)
{
	const struct act_pools *act;
	const struct act_pool *pool = find(call, arguments, &act);
	struct err err;

	(void)result;
	return pool == NULL
		       ? -1
		       : done(call, act->undefine(act->context, pool, &err),
			      &err);
}

/* How what was started has ended; the session can start another then. */
static int finish(struct rpc_call *call)
{
	struct rpc_later *later = &call->session->later;

	later->done = false;
	later->of_pool = false;
	return done(call, later->result, &later->err);
}

/* The start of a pool is under way, or is refused. */
static int await(struct rpc_call *call, int r, const struct err *err)
{
	call->session->later.of_pool = r >= 0;
	return r < 0 ? done(call, r, err) : CALL_LATER;
}

int pool_create(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_xml_flags *args = arguments;
	const struct act_pools *act = acts(call);
	struct rpc_later *later = &call->session->later;
	struct err err;

	if (act == NULL ||
	    call_check_flags(call, args->flags,
			     VIR_STORAGE_POOL_CREATE_WITH_BUILD) != 0)
		return -1;
	if (later->done)
		return finish(call) == 0 ? fill(call, later->uuid, result) : -1;
	return await(call,
		     act->create(act->context, args->xml, later->uuid,
				 &later->wait, &err),
		     &err);
}

int pool_start(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_pool_flags *args = arguments;
	struct rpc_later *later = &call->session->later;
	const struct act_pools *act;
	struct err err;

	(void)result;
	if (call_check_flags(call, args->flags,
			     VIR_STORAGE_POOL_CREATE_WITH_BUILD) != 0)
		return -1;
	if (later->done)
		return finish(call);
	const struct act_pool *pool = find(call, &args->pool, &act);
	if (pool == NULL)
		return -1;
	return await(call, act->start(act->context, pool, &later->wait, &err),
		     &err);
}

int pool_build(struct rpc_call *call, const void *arguments, void *result)
{
	const rmt_pool_flags *args = arguments;
	const struct act_pools *act;

	/* There is nothing to be made before its memory is, by a start. */
	(void)result;
	return call_check_flags(call, args->flags, 0) == 0 &&
			       find(call, &args->pool, &act) != NULL
		       ? 0
		       : -1;
}

int pool_destroy(struct rpc_call *call, const void *arguments, void *result)
{
	const struct act_pools *act;
	const struct act_pool *pool = find(call, arguments, &act);
	struct err err;

	(void)result;
	return pool == NULL
		       ? -1
		       : done(call, act->stop(act->context, pool, &err), &err);
}

int pool_set_autostart(struct rpc_call *call, const void *arguments,
		       void *result)
{
	const rmt_pool_int *args = arguments;
	const struct act_pools *act;
	const struct act_pool *pool = find(call, &args->pool, &act);
	struct err err;

	(void)result;
	return pool == NULL ? -1
			    : done(call,
				   act->autostart(act->context, pool,
						  args->value != 0, &err),
				   &err);
}
