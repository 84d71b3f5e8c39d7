/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc-pools.h"

#include <errno.h>
#include <string.h>

#include "guests/pool_def.h"

static struct pool_def def;
static struct act_pool seen;

static const struct act_domain *no_domain(void *context,
					  const struct act_domain *after)
{
	(void)context, (void)after;
	return NULL;
}

static const struct act_pool *next(void *context, const struct act_pool *after)
{
	(void)context;
	return after == NULL && seen.defined ? &seen : NULL;
}

static char *xml(void *context, const struct act_pool *pool)
{
	(void)context, (void)pool;
	return pool_def_write(&def);
}

static int define(void *context, const char *text, uint8_t uuid[16],
		  struct err *err)
{
	(void)context;
	int r = pool_def_read(&def, text, err);
	if (r < 0)
		return r;
	seen = (struct act_pool){.defined = true, .size = def.spec.leases};
	strcpy(seen.name, def.spec.name);
	memcpy(seen.uuid, def.uuid, sizeof(seen.uuid));
	memcpy(uuid, def.uuid, sizeof(def.uuid));
	return 0;
}

static int undefine(void *context, const struct act_pool *pool, struct err *err)
{
	(void)context, (void)pool, (void)err;
	seen.defined = false;
	return 0;
}

static int autostart(void *context, const struct act_pool *pool, bool on,
		     struct err *err)
{
	(void)context, (void)pool, (void)err;
	seen.autostart = on;
	return 0;
}

static int start(void *context, const struct act_pool *pool,
		 struct act_wait *wait, struct err *err)
{
	(void)context, (void)wait;
	return err_say(err, ENOMEM, "pool %s: there is no memory", pool->name);
}

static int stop(void *context, const struct act_pool *pool, struct err *err)
{
	(void)context;
	return err_say(err, EBUSY, "pool %s: somebody leases from it",
		       pool->name);
}

static void forget(void *context, struct act_wait *wait)
{
	(void)context;
	wait->run = NULL;
}

static const struct act_pools pools = {
	.next = next,
	.xml = xml,
	.define = define,
	.undefine = undefine,
	.autostart = autostart,
	.start = start,
	.stop = stop,
	.forget = forget,
};

const struct act_source rpc_pools_acts = {.next = no_domain, .pools = &pools};
