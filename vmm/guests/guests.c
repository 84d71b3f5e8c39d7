/* SPDX-License-Identifier: MIT */
/* Its life, and its face to rpc/. */
#include <config.h>

#include "guests/guests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "broker/command.h"
#include "guests/guests_private.h"
#include "guests/pools.h"

static int destroy(void *context, uint32_t id, struct err *err)
{
	struct guests *self = context;

	return command_destroy(self->terms.registry, id, err);
}

static int ask_to_end(void *context, uint32_t id, struct err *err)
{
	struct guests *self = context;

	return command_shutdown(self->terms.registry, id, err);
}

static int set_limit(void *context, uint32_t id, uint64_t leases,
		     struct err *err)
{
	struct guests *self = context;

	return command_limit(self->terms.registry, id, leases, err);
}

static const struct act_domain *next(void *context,
				     const struct act_domain *after)
{
	const struct guests *self = context;
	const struct guests_entry *entry =
		after != NULL
			? ((const struct guests_entry *)(const void *)after)
				  ->next
			: self->entries;

	return entry != NULL ? &entry->seen : NULL;
}

static const struct domain *domain_of(const struct act_domain *domain)
{
	return &((const struct guests_entry *)(const void *)domain)->domain;
}

static char *xml(void *context, const struct act_domain *domain)
{
	(void)context;
	return domain_write(domain_of(domain));
}

static int metadata(void *context, const struct act_domain *domain,
		    const char *uri, char **out)
{
	(void)context;
	return domain_element(domain_of(domain), uri, out);
}

struct act_source guests_acts(struct guests *self)
{
	return (struct act_source){
		.destroy = destroy,
		.shutdown = ask_to_end,
		.set_limit = set_limit,
		.keep_limit = guests_keep_limit,
		.keep_maximum = guests_keep_maximum,
		.next = next,
		.xml = xml,
		.metadata = metadata,
		.define = guests_define,
		.undefine = guests_undefine,
		.autostart = guests_set_autostart,
		.start = guests_start,
		.create = guests_create,
		.forget = guests_forget,
		.listen = guests_listen,
		.read_console = guests_read_console,
		.pools = self->terms.pools != NULL
				 ? pools_acts(self->terms.pools)
				 : NULL,
		.context = self,
	};
}

static void name_pools(const struct pools *pools, struct view *view)
{
	for (size_t i = 0; pools != NULL && i < view->npools; i++) {
		struct view_pool *pool = &view->pools[i];
		const uint8_t *uuid = pools_uuid(pools, pool->name);
		if (uuid != NULL)
			memcpy(pool->uuid, uuid, sizeof(pool->uuid));
	}
}

static struct view *take(void *context)
{
	const struct guests *self = context;
	struct view *view = self->terms.source.take(self->terms.source.context);

	if (view != NULL)
		name_pools(self->terms.pools, view);
	for (size_t i = 0; view != NULL && i < view->nguests; i++) {
		struct view_guest *guest = &view->guests[i];
		const struct guests_entry *entry =
			guests_by_name(self, guest->name);
		if (entry != NULL)
			memcpy(guest->uuid, entry->domain.uuid,
			       sizeof(guest->uuid));
	}
	return view;
}

static int resize(void *context, const char *pool, uint64_t leases,
		  struct err *err)
{
	const struct guests *self = context;

	return self->terms.source.resize(self->terms.source.context, pool,
					 leases, err);
}

static size_t leases(void *context, uint32_t guest, struct view_lease *to,
		     size_t most, uint64_t *left)
{
	const struct guests *self = context;
	const struct view_source *source = &self->terms.source;

	return source->leases(source->context, guest, to, most, left);
}

struct view_source guests_view(struct guests *self)
{
	return (struct view_source){.take = take,
				    .resize = resize,
				    .leases = leases,
				    .context = self};
}

static void tell(void *context, const struct view_event *event)
{
	struct guests *self = context;
	struct view_event known = *event;
	const struct guests_entry *entry = guests_by_name(self, event->name);

	/* Pools have names of their own. */
	if (entry != NULL && !view_is_of_pool(event->what))
		known.uuid = entry->domain.uuid;
	if (event->what == VIEW_GUEST_ENDED)
		(void)sd_event_source_set_enabled(self->watch,
						  SD_EVENT_ONESHOT);
	self->told->tell(self->told->context, &known);
}

const struct view_listener *guests_listener(struct guests *self,
					    const struct view_listener *told)
{
	self->told = told;
	if (self->terms.pools != NULL)
		pools_tell(self->terms.pools, told);
	self->listener = (struct view_listener){.tell = tell, .context = self};
	return &self->listener;
}

/* Not at once: who ended a guest may still look at its domain. */
static int on_watch(sd_event_source *source, void *context)
{
	struct guests *self = context;

	(void)source;
	guests_prune_screens(self);
	guests_prune(self);
	return 0;
}

int guests_new(struct guests **out, const struct guests_terms *terms,
	       struct err *err)
{
	struct guests *self = calloc(1, sizeof(*self));
	char path[256];
	int r = 0;

	if (self == NULL)
		return err_set(err, ENOMEM, "keep guests");
	self->terms = *terms;
	self->store = (struct store)STORE_NONE;
	if (terms->state_dir != NULL) {
		snprintf(path, sizeof(path), "%s/domains", terms->state_dir);
		r = store_open(&self->store, path, err);
		if (r < 0 && !terms->state_required) {
			log_warning("no domain is kept: %s", err->text);
			r = 0;
		}
	}
	if (r == 0)
		r = guests_load(self, err);
	if (r == 0) {
		guests_find_screens(self);
		r = sd_event_add_defer(terms->event, &self->watch, on_watch,
				       self);
		if (r >= 0)
			r = sd_event_source_set_enabled(self->watch,
							SD_EVENT_OFF);
		if (r < 0)
			err_set(err, -r, "watch guests");
	}
	if (r < 0) {
		guests_free(self);
		return r;
	}
	*out = self;
	return 0;
}

/* Once in the life of the run directory, which is the host's. */
static bool first_time(const struct guests *self)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/autostarted", self->terms.run_dir);
	cleanup_close int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno != EEXIST)
		log_warning("nothing is autostarted: %s: %s", path,
			    strerror(errno));
	return fd >= 0;
}

void guests_autostart(struct guests *self)
{
	struct err err;

	if (!first_time(self))
		return;
	for (struct guests_entry *e = self->entries; e != NULL; e = e->next) {
		if (e->seen.autostart &&
		    guests_running(self, e->domain.name) == NULL &&
		    guests_start(self, &e->seen, NULL, &err) < 0)
			log_warning("%s is not autostarted: %s", e->domain.name,
				    err.text);
	}
}

void guests_free(struct guests *self)
{
	if (self == NULL)
		return;
	sd_event_source_disable_unref(self->watch);
	guests_free_runs(self);
	guests_clear(self);
	store_close(&self->store);
	free(self);
}
