/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "guests/pools.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "broker/after.h"
#include "broker/registry.h"
#include "guests/pools_private.h"

struct pools_entry *pools_by_name(const struct pools *self, const char *name)
{
	struct pools_entry *entry = self->entries;

	while (entry != NULL && strcmp(entry->def.spec.name, name) != 0)
		entry = entry->next;
	return entry;
}

struct pools_entry *pools_entry_of(const struct act_pool *pool)
{
	return (struct pools_entry *)(uintptr_t)pool;
}

struct pool *pools_active(const struct pools *self,
			  const struct pools_entry *entry)
{
	return registry_find_pool(broker_registry(self->terms.broker),
				  entry->def.spec.name);
}

void pools_say(const struct pools *self, const struct pools_entry *entry,
	       enum view_happening what)
{
	const struct view_event event = {.what = what,
					 .name = entry->seen.name,
					 .uuid = entry->seen.uuid};

	if (self->told != NULL)
		self->told->tell(self->told->context, &event);
}

/* What is known */

struct pools_entry *pools_know(struct pools *self, const struct pool_def *def)
{
	struct pools_entry *entry = pools_by_name(self, def->spec.name);

	if (entry == NULL) {
		entry = calloc(1, sizeof(*entry));
		if (entry == NULL)
			return NULL;
		entry->next = self->entries;
		self->entries = entry;
		self->nentries++;
	}
	entry->def = *def;
	strcpy(entry->seen.name, def->spec.name);
	memcpy(entry->seen.uuid, def->uuid, sizeof(def->uuid));
	entry->seen.size = def->spec.leases;
	return entry;
}

void pools_prune(struct pools *self, struct pools_entry *entry)
{
	struct pools_entry **at = &self->entries;

	if (entry->seen.defined || pools_active(self, entry) != NULL)
		return;
	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	self->nentries--;
	free(entry);
}

static int check_not_given(const struct pools_entry *entry, struct err *err)
{
	return !entry->given
		       ? 0
		       : err_say(err, EPERM,
				 "pool %s is of labyrinthd's --pool, and is "
				 "changed there",
				 entry->seen.name);
}

int pools_check_new(const struct pools *self, const struct pool_def *def,
		    struct err *err)
{
	const struct pools_entry *same = pools_by_name(self, def->spec.name);

	for (const struct pools_entry *e = self->entries; e != NULL;
	     e = e->next) {
		if ((memcmp(e->def.uuid, def->uuid, sizeof(def->uuid)) == 0) !=
		    (e == same))
			return err_say(err, EEXIST,
				       "pool %s is there already, with %s",
				       e->seen.name,
				       e == same ? "another uuid"
						 : "this uuid");
	}
	if (same != NULL)
		return check_not_given(same, err);
	if (self->nentries >= POOLS_MAX)
		return err_say(err, ENOSPC, "there can be %d pools at most",
			       POOLS_MAX);
	return 0;
}

int pools_save(const struct store *store, const struct pool_def *def,
	       struct err *err)
{
	cleanup_free char *xml = pool_def_write(def);

	if (xml == NULL)
		return err_set(err, ENOMEM, "keep pool %s", def->spec.name);
	return store_save(store, def->spec.name, xml, err);
}

/*
 * Is it active, and asked for with another size alone? Then that counts at
 * once. 0, or why it cannot be.
 */
static int resize(struct pools *self, const struct pools_entry *entry,
		  const struct pool_def *def, bool *same, struct err *err)
{
	const struct pool *pool =
		entry != NULL ? pools_active(self, entry) : NULL;
	const struct pool_spec *spec = &def->spec;

	*same = pool != NULL &&
		(spec->backing == 0 || spec->backing == pool_backing(pool)) &&
		(spec->bound ? spec->node : NUMA_ANY) == pool_node(pool);
	if (!*same || spec->leases == ledger_size(pool_ledger(pool)))
		return 0;
	return broker_view_resize(self->terms.broker, spec->name, spec->leases,
				  err);
}

static int define(void *context, const char *xml, uint8_t uuid[16],
		  struct err *err)
{
	struct pools *self = context;
	struct pool_def def;

	int r = pool_def_read(&def, xml, err);
	if (r < 0)
		return r;
	struct pools_entry *entry = pools_by_name(self, def.spec.name);
	bool given = entry != NULL && entry->given, same = false;
	memcpy(uuid, def.uuid, sizeof(def.uuid));
	if (!given)
		r = pools_check_new(self, &def, err);
	else if (memcmp(uuid, entry->def.uuid, sizeof(def.uuid)) != 0)
		r = check_not_given(entry, err);
	if (r == 0)
		r = resize(self, entry, &def, &same, err);
	if (r == 0 && given) /* what there is of it; the options stay */
		return same ? 0 : check_not_given(entry, err);
	if (r == 0)
		r = pools_save(&self->kept, &def, err);
	if (r == 0 && same && !given)
		r = pools_save(&self->active, &def, err);
	if (r < 0)
		return r;
	entry = pools_know(self, &def);
	if (entry == NULL)
		return err_set(err, ENOMEM, "define pool %s", def.spec.name);
	entry->seen.defined = true;
	pools_say(self, entry, VIEW_POOL_DEFINED);
	return 0;
}

static int check_kept(const struct pools_entry *entry, struct err *err)
{
	int r = check_not_given(entry, err);

	if (r == 0 && !entry->seen.defined)
		r = err_say(err, EPERM,
			    "pool %s is not kept: it is gone when it is "
			    "destroyed",
			    entry->seen.name);
	return r;
}

static int undefine(void *context, const struct act_pool *pool, struct err *err)
{
	struct pools *self = context;
	struct pools_entry *entry = pools_entry_of(pool);

	int r = check_kept(entry, err);
	if (r == 0 && pools_active(self, entry) != NULL)
		r = err_say(err, EBUSY, "storage pool '%s' is still active",
			    pool->name);
	if (r == 0)
		r = store_remove(&self->kept, pool->name, err);
	if (r < 0)
		return r;
	entry->seen.defined = false;
	entry->seen.autostart = false;
	pools_say(self, entry, VIEW_POOL_UNDEFINED);
	pools_prune(self, entry);
	return 0;
}

static int set_autostart(void *context, const struct act_pool *pool,
			 bool autostart, struct err *err)
{
	struct pools *self = context;
	struct pools_entry *entry = pools_entry_of(pool);

	int r = check_kept(entry, err);
	if (r == 0)
		r = store_autostart(&self->kept, pool->name, autostart, err);
	if (r == 0)
		entry->seen.autostart = autostart;
	return r;
}

static const struct act_pool *next(void *context, const struct act_pool *after)
{
	const struct pools *self = context;
	const struct pools_entry *entry =
		after != NULL ? pools_entry_of(after)->next : self->entries;

	return entry != NULL ? &entry->seen : NULL;
}

static char *xml_of(void *context, const struct act_pool *pool)
{
	(void)context;
	return pool_def_write(&pools_entry_of(pool)->def);
}

/* Life */

static int read_found(struct pools *self, struct pool_def *def,
		      const char *name, const char *xml, struct err *err)
{
	int r = pool_def_read(def, xml, err);

	if (r == 0 && strcmp(def->spec.name, name) != 0)
		r = err_say(err, EUCLEAN, "it is of another pool, %s",
			    def->spec.name);
	return r == 0 ? pools_check_new(self, def, err) : r;
}

/* One that was kept; what is wrong with it is said, and it is left out. */
static void found_kept(void *context, const char *name, const char *xml,
		       bool autostart)
{
	struct pools *self = context;
	struct pools_entry *entry = NULL;
	struct pool_def def;
	struct err err;

	int r = read_found(self, &def, name, xml, &err);
	if (r == 0) {
		entry = pools_know(self, &def);
		if (entry == NULL)
			err_set(&err, ENOMEM, "know it");
	}
	if (entry == NULL) {
		log_warning("%s/%s.xml is left out: %s", self->kept.path, name,
			    err.text);
		return;
	}
	entry->seen.defined = true;
	entry->seen.autostart = autostart;
}

/*
 * One that was active when the daemon before us ended: as it was then, though
 * its definition may have changed since.
 */
static void found_active(void *context, const char *name, const char *xml,
			 bool autostart)
{
	struct pools *self = context;
	struct pool_def def;
	struct err err;

	(void)autostart;
	struct pools_entry *entry = pools_by_name(self, name);
	if (entry != NULL && entry->given) /* since then */
		return;
	int r = read_found(self, &def, name, xml, &err);
	if (r == 0) {
		entry = entry != NULL ? entry : pools_know(self, &def);
		if (entry == NULL)
			r = err_set(&err, ENOMEM, "know it");
	}
	if (r == 0)
		r = broker_start_pool(self->terms.broker, &def.spec, true,
				      &err);
	if (r < 0)
		log_warning("pool %s was active, and is not: %s", name,
			    err.text);
	if (r < 0 && entry != NULL)
		pools_prune(self, entry);
}

static int open_store(struct store *store, const char *folder, const char *name,
		      struct err *err)
{
	char path[256];

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >=
	    (int)sizeof(path))
		return err_set(err, ENAMETOOLONG, "%s", folder);
	return store_open(store, path, err);
}

static int know_given(struct pools *self, const struct pool_spec *spec,
		      struct err *err)
{
	struct pool_def def = {.spec = *spec};

	pool_own_uuid(def.uuid, spec->name);
	struct pools_entry *entry = pools_know(self, &def);
	if (entry == NULL)
		return err_set(err, ENOMEM, "know pool %s", spec->name);
	entry->given = true;
	entry->seen.defined = true;
	entry->seen.autostart = true;
	return 0;
}

static int load(struct pools *self, struct err *err)
{
	const struct pools_terms *terms = &self->terms;
	int r = 0;

	for (size_t i = 0; i < terms->ngiven && r == 0; i++)
		r = know_given(self, &terms->given[i], err);
	if (r == 0 && terms->state_dir != NULL) {
		r = open_store(&self->kept, terms->state_dir, "pools", err);
		if (r < 0 && !terms->state_required) {
			log_warning("no pool is kept: %s", err->text);
			r = 0;
		}
	}
	if (r == 0)
		r = store_load(&self->kept, found_kept, self, err);
	if (r == 0)
		r = open_store(&self->active, terms->run_dir, "pools", err);
	return r == 0 ? store_load(&self->active, found_active, self, err) : r;
}

/* With the host, as guests are (guests.c), which come after their pools. */
static void autostart_all(struct pools *self)
{
	char path[512];
	struct err err;

	snprintf(path, sizeof(path), "%s/autostarted", self->terms.run_dir);
	if (access(path, F_OK) == 0)
		return;
	for (struct pools_entry *e = self->entries; e != NULL; e = e->next) {
		if (e->seen.autostart && pools_active(self, e) == NULL &&
		    pools_begin(self, e, true, &err) < 0)
			log_warning("pool %s is not autostarted: %s",
				    e->seen.name, err.text);
	}
}

int pools_new(struct pools **out, const struct pools_terms *terms,
	      struct err *err)
{
	struct pools *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return err_set(err, ENOMEM, "keep pools");
	self->terms = *terms;
	self->kept = (struct store)STORE_NONE;
	self->active = (struct store)STORE_NONE;
	self->acts = (struct act_pools){
		.next = next,
		.xml = xml_of,
		.define = define,
		.undefine = undefine,
		.autostart = set_autostart,
		.start = pools_start,
		.create = pools_create,
		.forget = pools_forget,
		.stop = pools_stop,
		.context = self,
	};
	int r = load(self, err);
	if (r == 0) {
		autostart_all(self);
		r = after_add(terms->event, &self->watch, pools_on_watch,
			      self);
		if (r >= 0)
			r = sd_event_source_set_enabled(self->watch,
							SD_EVENT_OFF);
		if (r < 0)
			err_set(err, -r, "watch pools");
	}
	if (r < 0) {
		pools_free(self);
		return r;
	}
	*out = self;
	return 0;
}

void pools_free(struct pools *self)
{
	if (self == NULL)
		return;
	sd_event_source_disable_unref(self->watch);
	while (self->entries != NULL) {
		struct pools_entry *entry = self->entries;
		self->entries = entry->next;
		if (entry->wait != NULL)
			entry->wait->run = NULL;
		free(entry);
	}
	store_close(&self->kept);
	store_close(&self->active);
	free(self);
}

const struct act_pools *pools_acts(const struct pools *self)
{
	return &self->acts;
}

void pools_tell(struct pools *self, const struct view_listener *told)
{
	self->told = told;
}

const uint8_t *pools_uuid(const struct pools *self, const char *name)
{
	const struct pools_entry *entry = pools_by_name(self, name);

	return entry != NULL ? entry->seen.uuid : NULL;
}
