/* SPDX-License-Identifier: MIT */
/* The domains that are known, and those of them that are kept. */
#include <config.h>

#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "guests/guests_private.h"

/* A name is what an entry begins with, so one is looked for by a bare name. */
_Static_assert(offsetof(struct guests_entry, seen.name) == 0,
	       "an entry is its name");

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

struct guests_entry *guests_by_name(const struct guests *self, const char *name)
{
	struct guests_entry *const *found =
		(void *)tfind(name, &self->by_name, compare);

	return found != NULL ? *found : NULL;
}

static struct guests_entry *add(struct guests *self, const char *name)
{
	struct guests_entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return NULL;
	strcpy(entry->seen.name, name);
	if (tsearch(entry, &self->by_name, compare) == NULL) {
		free(entry);
		return NULL;
	}
	entry->next = self->entries;
	self->entries = entry;
	self->nentries++;
	return entry;
}

/* Take out the one that a link leads to. */
static void drop(struct guests *self, struct guests_entry **link)
{
	struct guests_entry *entry = *link;

	*link = entry->next;
	self->nentries--;
	tdelete(entry, &self->by_name, compare);
	domain_clear(&entry->domain);
	free(entry);
}

void guests_clear(struct guests *self)
{
	while (self->entries != NULL)
		drop(self, &self->entries);
}

const struct guest *guests_running(const struct guests *self, const char *name)
{
	const struct guest *guest = self->terms.registry->first;

	while (guest != NULL && strcmp(guest->name, name) != 0)
		guest = guest->next;
	return guest;
}

/* What rpc/ sees follows what is known. */
static void show(struct guests_entry *entry)
{
	const struct domain *domain = &entry->domain;
	struct act_domain *seen = &entry->seen;

	memcpy(seen->name, domain->name, sizeof(seen->name));
	memcpy(seen->uuid, domain->uuid, sizeof(seen->uuid));
	seen->cpus = domain->cpus;
	seen->maximum = domain->maximum;
	seen->limit = domain->limit;
	seen->guarantee = domain->guarantee;
	seen->kernel = domain->kernel;
	seen->cmdline = domain->cmdline;
	seen->title = domain->title;
	seen->description = domain->description;
}

struct guests_entry *guests_know(struct guests *self, struct domain *domain)
{
	struct guests_entry *entry = guests_by_name(self, domain->name);

	if (entry == NULL)
		entry = add(self, domain->name);
	if (entry == NULL)
		return NULL;
	domain_clear(&entry->domain);
	entry->domain = *domain;
	*domain = (struct domain){0};
	show(entry);
	return entry;
}

void guests_prune(struct guests *self)
{
	for (struct guests_entry **at = &self->entries; *at != NULL;) {
		struct guests_entry *entry = *at;
		const char *name = entry->domain.name;
		if (entry->seen.defined || guests_starting(self, name) ||
		    guests_running(self, name) != NULL)
			at = &entry->next;
		else
			drop(self, at);
	}
}

int guests_check_new(const struct guests *self, const struct domain *domain,
		     struct err *err)
{
	for (const struct guests_entry *e = self->entries; e != NULL;
	     e = e->next) {
		bool same_name = strcmp(e->domain.name, domain->name) == 0;
		bool same_uuid = memcmp(e->domain.uuid, domain->uuid,
					sizeof(domain->uuid)) == 0;
		if (same_name && !same_uuid)
			return err_say(err, EEXIST,
				       "domain %s is there already, with "
				       "another uuid",
				       domain->name);
		if (same_uuid && !same_name)
			return err_say(err, EEXIST,
				       "domain %s has this uuid already",
				       e->domain.name);
	}
	if (self->nentries == GUESTS_DOMAINS_MAX &&
	    guests_by_name(self, domain->name) == NULL)
		return err_say(err, ENOSPC, "there can be %d domains at most",
			       GUESTS_DOMAINS_MAX);
	return 0;
}

/* Keep it on disk, then know it: in this order, so that a failure is one. */
static int keep(struct guests *self, struct domain *domain,
		const struct guests_entry **out, struct err *err)
{
	cleanup_free char *xml = domain_write(domain);

	if (xml == NULL)
		return err_set(err, ENOMEM, "define domain %s", domain->name);
	int r = store_save(&self->store, domain->name, xml, err);
	if (r < 0)
		return r;
	struct guests_entry *entry = guests_know(self, domain);
	if (entry == NULL)
		return err_set(err, ENOMEM, "define domain %s", domain->name);
	entry->seen.defined = true;
	*out = entry;
	return 0;
}

static void tell(const struct guests *self, const struct domain *domain,
		 enum view_happening what, bool changed)
{
	const struct guest *guest = guests_running(self, domain->name);
	const struct view_event event = {.what = what,
					 .changed = changed,
					 .name = domain->name,
					 .uuid = domain->uuid,
					 .id = guest != NULL ? guest->id : 0};

	if (self->told != NULL)
		self->told->tell(self->told->context, &event);
}

int guests_define(void *context, const char *xml, uint8_t uuid[16],
		  struct err *err)
{
	struct guests *self = context;
	struct domain domain;

	int r = domain_read(&domain, xml, err);
	if (r < 0)
		return r;
	memcpy(uuid, domain.uuid, sizeof(domain.uuid));
	r = guests_check_new(self, &domain, err);
	const struct guests_entry *entry = guests_by_name(self, domain.name);
	bool changed = entry != NULL && entry->seen.defined;
	if (r == 0)
		r = keep(self, &domain, &entry, err);
	if (r == 0)
		tell(self, &entry->domain, VIEW_GUEST_DEFINED, changed);
	domain_clear(&domain);
	return r;
}

static struct guests_entry *entry_of(const struct act_domain *domain)
{
	return (struct guests_entry *)(uintptr_t)domain;
}

static int check_defined(const struct act_domain *domain, struct err *err)
{
	return domain->defined ? 0
			       : err_say(err, EPERM,
					 "domain %s is not kept: it ends with "
					 "its guest",
					 domain->name);
}

int guests_undefine(void *context, const struct act_domain *domain,
		    struct err *err)
{
	struct guests *self = context;
	struct guests_entry *entry = entry_of(domain);

	int r = check_defined(domain, err);
	if (r == 0)
		r = store_remove(&self->store, domain->name, err);
	if (r < 0)
		return r;
	entry->seen.defined = false;
	entry->seen.autostart = false;
	tell(self, &entry->domain, VIEW_GUEST_UNDEFINED, false);
	guests_prune(self);
	return 0;
}

int guests_set_autostart(void *context, const struct act_domain *domain,
			 bool autostart, struct err *err)
{
	struct guests *self = context;

	int r = check_defined(domain, err);
	if (r == 0)
		r = store_autostart(&self->store, domain->name, autostart, err);
	if (r == 0)
		entry_of(domain)->seen.autostart = autostart;
	return r;
}

/* One that was kept; what is wrong with it is said, and it is left out. */
static void found(void *context, const char *name, const char *xml,
		  bool autostart)
{
	struct guests *self = context;
	struct domain domain;
	struct err err;

	int r = domain_read(&domain, xml, &err);
	if (r == 0 && strcmp(domain.name, name) != 0)
		r = err_say(&err, EUCLEAN, "it is of another domain, %s",
			    domain.name);
	if (r == 0)
		r = guests_check_new(self, &domain, &err);
	struct guests_entry *entry = NULL;
	if (r == 0) {
		entry = guests_know(self, &domain);
		if (entry == NULL)
			err_set(&err, ENOMEM, "know it");
	}
	if (entry != NULL) {
		entry->seen.defined = true;
		entry->seen.autostart = autostart;
	} else {
		log_warning("%s/%s.xml is left out: %s", self->store.path, name,
			    err.text);
	}
	domain_clear(&domain);
}

int guests_load(struct guests *self, struct err *err)
{
	return store_load(&self->store, found, self, err);
}

/* Change both numbers of what is kept; the maximum is at least the limit. */
static int keep_sizes(struct guests *self, struct guests_entry *entry,
		      uint64_t limit, uint64_t maximum, struct err *err)
{
	struct domain changed = entry->domain;

	int r = check_defined(&entry->seen, err);
	if (r < 0)
		return r;
	if (limit < changed.guarantee || limit > maximum ||
	    maximum > DOMAIN_LEASES_MAX)
		return err_say(err, ERANGE,
			       "domain %s: min_guarantee (%lluM) <= the limit "
			       "(%lluM) <= memory (%lluM) <= 1T does not hold",
			       entry->domain.name,
			       (unsigned long long)changed.guarantee * 2,
			       (unsigned long long)limit * 2,
			       (unsigned long long)maximum * 2);
	changed.limit = limit;
	changed.maximum = maximum;
	cleanup_free char *xml = domain_write(&changed);
	if (xml == NULL)
		return err_set(err, ENOMEM, "change a domain");
	r = store_save(&self->store, changed.name, xml, err);
	if (r < 0)
		return r;
	entry->domain.limit = limit;
	entry->domain.maximum = maximum;
	show(entry);
	return 0;
}

int guests_keep_limit(void *context, const struct act_domain *domain,
		      uint64_t limit, struct err *err)
{
	return keep_sizes(context, entry_of(domain), limit, domain->maximum,
			  err);
}

int guests_keep_maximum(void *context, const struct act_domain *domain,
			uint64_t maximum, struct err *err)
{
	/* As libvirt has it: the current one goes down with it. */
	return keep_sizes(context, entry_of(domain),
			  domain->limit < maximum ? domain->limit : maximum,
			  maximum, err);
}
