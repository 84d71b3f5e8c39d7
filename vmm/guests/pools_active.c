/* SPDX-License-Identifier: MIT */
/* Pools that are started and stopped. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "broker/registry.h"
#include "guests/pools_private.h"

int pools_begin(struct pools *self, struct pools_entry *entry, bool at_once,
		struct err *err)
{
	struct err other;

	int r = broker_start_pool(self->terms.broker, &entry->def.spec, at_once,
				  err);
	if (r < 0 || entry->given)
		return r;
	r = pools_save(&self->active, &entry->def, err);
	if (r < 0)
		(void)broker_stop_pool(self->terms.broker, entry->seen.name,
				       &other);
	return r;
}

static int start_entry(struct pools *self, struct pools_entry *entry,
		       struct act_wait *wait, struct err *err)
{
	if (pools_active(self, entry) != NULL)
		return err_say(err, EBUSY,
			       "storage pool '%s' is already active",
			       entry->seen.name);
	int r = pools_begin(self, entry, false, err);
	if (r < 0)
		return r;
	pools_say(self, entry, VIEW_POOL_STARTED);
	entry->wait = wait;
	wait->run = entry;
	(void)sd_event_source_set_enabled(self->watch, SD_EVENT_ON);
	return 0;
}

int pools_start(void *context, const struct act_pool *pool,
		struct act_wait *wait, struct err *err)
{
	return start_entry(context, pools_entry_of(pool), wait, err);
}

int pools_create(void *context, const char *xml, uint8_t uuid[16],
		 struct act_wait *wait, struct err *err)
{
	struct pools *self = context;
	struct pool_def def;

	int r = pool_def_read(&def, xml, err);
	if (r == 0)
		r = pools_check_new(self, &def, err);
	if (r < 0)
		return r;
	struct pools_entry *entry = pools_by_name(self, def.spec.name);
	if (entry != NULL && pools_active(self, entry) != NULL)
		return err_say(err, EBUSY,
			       "storage pool '%s' is already active",
			       entry->seen.name);
	if (entry != NULL)
		return err_say(err, EEXIST,
			       "storage pool '%s' is defined: start it",
			       entry->seen.name);
	entry = pools_know(self, &def);
	if (entry == NULL)
		return err_set(err, ENOMEM, "create pool %s", def.spec.name);
	memcpy(uuid, def.uuid, sizeof(def.uuid));
	r = start_entry(self, entry, wait, err);
	if (r < 0)
		pools_prune(self, entry);
	return r;
}

void pools_forget(void *context, struct act_wait *wait)
{
	struct pools_entry *entry = wait->run;

	(void)context;
	wait->run = NULL;
	if (entry != NULL)
		entry->wait = NULL;
}

/* It has all that it can have for now: tell who waits for that. */
static void filled(struct pools_entry *entry)
{
	struct act_wait *wait = entry->wait;

	entry->wait = NULL;
	wait->run = NULL;
	wait->done(wait, 0, NULL);
}

int pools_on_watch(sd_event_source *source, void *context)
{
	struct pools *self = context;
	bool awaited = false;

	for (struct pools_entry *e = self->entries; e != NULL; e = e->next) {
		const struct pool *pool =
			e->wait != NULL ? pools_active(self, e) : NULL;
		if (pool != NULL && !pool_busy(pool))
			filled(e);
		awaited = awaited || e->wait != NULL;
	}
	return awaited ? 0 : sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

int pools_stop(void *context, const struct act_pool *pool, struct err *err)
{
	struct pools *self = context;
	struct pools_entry *entry = pools_entry_of(pool);

	if (pools_active(self, entry) == NULL)
		return err_say(err, EPERM, "storage pool '%s' is not active",
			       pool->name);
	int r = broker_stop_pool(self->terms.broker, pool->name, err);
	if (r < 0)
		return r;
	/* The note first would be one of less than there is. */
	if (!entry->given)
		r = store_remove(&self->active, pool->name, err);
	if (entry->wait != NULL)
		filled(entry);
	pools_say(self, entry, VIEW_POOL_STOPPED);
	pools_prune(self, entry);
	return r;
}
