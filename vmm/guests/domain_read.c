/* SPDX-License-Identifier: MIT */
/*
 * The one door for domain XML. A table says which elements there may be, with
 * which attributes and values; everything else is refused by its path.
 */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include <labyrinth/bootinfo.h>
#include <labyrinth/hypercall.h>

#include "base/cleanup.h"
#include "broker/registry.h"
#include "guests/domain.h"
#include "guests/rules.h"
#include "wire/xmltext.h"

/* Boot RAM where nothing is said of it: what `labyrinth run` gives. */
#define DEFAULT_MEMORY 2

struct reader {
	struct domain *domain;
	uint64_t memory, current, hard_limit; /* leases; 0: not said */
	bool has_uuid;
};

/* Texts */

static int copy(char **to, const char *text, struct err *err)
{
	*to = strdup(text);
	return *to != NULL ? 0 : err_set(err, ENOMEM, "read a domain");
}

static int take_name(void *context, xmlNodePtr node, const char *text,
		     struct err *err)
{
	struct reader *self = context;

	return rules_name(self->domain->name, node, text, err);
}

static int take_pool(void *context, xmlNodePtr node, const char *text,
		     struct err *err)
{
	struct reader *self = context;

	return rules_name(self->domain->pool, node, text, err);
}

static int take_uuid(void *context, xmlNodePtr node, const char *text,
		     struct err *err)
{
	struct reader *self = context;

	if (uuid_parse(text, self->domain->uuid) != 0)
		return rules_refuse(err, EINVAL, node, "this is no uuid");
	self->has_uuid = true;
	return 0;
}

static int take_title(void *context, xmlNodePtr node, const char *text,
		      struct err *err)
{
	struct reader *self = context;

	(void)node;
	return copy(&self->domain->title, text, err);
}

static int take_description(void *context, xmlNodePtr node, const char *text,
			    struct err *err)
{
	struct reader *self = context;

	(void)node;
	return copy(&self->domain->description, text, err);
}

static int take_kernel(void *context, xmlNodePtr node, const char *text,
		       struct err *err)
{
	struct reader *self = context;

	if (text[0] != '/')
		return rules_refuse(err, EINVAL, node,
				    "a kernel is named by its whole path");
	return copy(&self->domain->kernel, text, err);
}

static int take_cmdline(void *context, xmlNodePtr node, const char *text,
			struct err *err)
{
	struct reader *self = context;

	size_t words = 0;

	for (const char *at = text; *(at += strspn(at, " \t\n")) != '\0';
	     at += strcspn(at, " \t\n"))
		words++;
	if (words > DOMAIN_ARGS_MAX)
		return rules_refuse(err, EINVAL, node, "at most 32 words");
	return words > 0 ? copy(&self->domain->cmdline, text, err) : 0;
}

/* Numbers */

static int take_memory(void *context, xmlNodePtr node, const char *text,
		       struct err *err)
{
	struct reader *self = context;

	return rules_size(&self->memory, "KiB", node, text, DOMAIN_LEASES_MAX,
			  err);
}

static int take_current(void *context, xmlNodePtr node, const char *text,
			struct err *err)
{
	struct reader *self = context;

	return rules_size(&self->current, "KiB", node, text, DOMAIN_LEASES_MAX,
			  err);
}

static int take_hard_limit(void *context, xmlNodePtr node, const char *text,
			   struct err *err)
{
	struct reader *self = context;

	return rules_size(&self->hard_limit, "KiB", node, text,
			  DOMAIN_LEASES_MAX, err);
}

static int take_guarantee(void *context, xmlNodePtr node, const char *text,
			  struct err *err)
{
	struct reader *self = context;

	return rules_size(&self->domain->guarantee, "KiB", node, text,
			  DOMAIN_LEASES_MAX, err);
}

static int take_cpus(void *context, xmlNodePtr node, const char *text,
		     struct err *err)
{
	struct reader *self = context;

	xmlChar *current = xmlGetNoNsProp(node, BAD_CAST "current");
	uint64_t cpus, now = 0;

	bool right =
		rules_number(text, &cpus) && cpus >= 1 && cpus <= LAB_CPUS_MAX;
	bool all = current == NULL ||
		   (rules_number((const char *)current, &now) && now == cpus);
	xmlFree(current);
	if (!right)
		return rules_refuse(err, EINVAL, node, "1 to 64 processors");
	if (!all)
		return rules_refuse(
			err, ENOTSUP, node,
			"all processors are there from the start: leave "
			"out `current`");
	self->domain->cpus = (uint32_t)cpus;
	return 0;
}

/* As our own XML of a running guest has it: what it holds says nothing here. */
static int take_leases(void *context, xmlNodePtr node, const char *text,
		       struct err *err)
{
	struct reader *self = context;

	xmlChar *boot = xmlGetNoNsProp(node, BAD_CAST "boot");

	(void)text;
	bool right = boot == NULL ||
		     rules_number((const char *)boot, &self->domain->memory);
	xmlFree(boot);
	return right ? 0
		     : rules_refuse(err, EINVAL, node, "boot: leases of 2 MiB");
}

static const struct rule guest_rules[] = {
	{.name = "pool", .take = take_pool},
	{.name = "leases",
	 .attributes = {{"unit", {"2MiB"}},
			{"boot", {NULL}},
			{"held", {NULL}},
			{"guarantee", {NULL}},
			{"limit", {NULL}}},
	 .take = take_leases},
	/* Of a running one: as its XML was when somebody looked. */
	{.name = "name", .skipped = true},
	{.name = "backing", .skipped = true},
	{.name = "pid", .skipped = true},
	{.name = "pages", .skipped = true},
	{.name = "grants", .skipped = true},
	{.name = "failed", .skipped = true},
	{0},
};

/* Add an element of others, with the namespaces that it uses, as it is. */
static int keep(struct reader *self, xmlNodePtr node, struct err *err)
{
	xmlDocPtr doc = xmlNewDoc(BAD_CAST "1.0");
	xmlBufferPtr buffer = xmlBufferCreate();
	char *all = NULL, *before = self->domain->metadata;

	xmlNodePtr own = doc != NULL ? xmlDocCopyNode(node, doc, 1) : NULL;
	if (own != NULL && buffer != NULL) {
		xmlDocSetRootElement(doc, own);
		if (xmlReconciliateNs(doc, own) >= 0 &&
		    xmlNodeDump(buffer, doc, own, 0, 0) >= 0 &&
		    asprintf(&all, "%s%s", before != NULL ? before : "",
			     (const char *)xmlBufferContent(buffer)) < 0)
			all = NULL;
	}
	if (buffer != NULL)
		xmlBufferFree(buffer);
	if (doc != NULL)
		xmlFreeDoc(doc);
	if (all == NULL)
		return err_set(err, ENOMEM, "read a domain");
	free(before);
	self->domain->metadata = all;
	return 0;
}

static int take_metadata(void *context, xmlNodePtr node, const char *text,
			 struct err *err)
{
	struct reader *self = context;

	static const struct rule guest = {.name = "guest",
					  .children = guest_rules};
	int r = 0;

	(void)text;
	for (xmlNodePtr at = node->children; at != NULL && r == 0;
	     at = at->next) {
		if (at->type != XML_ELEMENT_NODE)
			continue;
		if (!rules_ours(at))
			r = keep(self, at, err);
		else if (strcmp((const char *)at->name, "guest") == 0)
			r = rules_walk(&guest, at, self, err);
		else
			r = rules_refuse(err, ENOTSUP, at,
					 "this element is not known here");
	}
	return r;
}

/* Those that it has not got may be asked away, and no other. */
static int take_timer(void *context, xmlNodePtr node, const char *text,
		      struct err *err)
{
	(void)context, (void)text;
	return xmlHasProp(node, BAD_CAST "present") != NULL
		       ? 0
		       : rules_refuse(err, ENOTSUP, node,
				      "a guest has no such timer: write "
				      "present='no', or leave it out");
}

/* What may be */

static const struct rule memtune_rules[] = {
	{.name = "hard_limit",
	 .attributes = {{"unit", {NULL}}},
	 .take = take_hard_limit},
	{.name = "min_guarantee",
	 .attributes = {{"unit", {NULL}}},
	 .take = take_guarantee},
	{0},
};

static const struct rule os_rules[] = {
	{.name = "type",
	 .attributes = {{"arch", {"x86_64"}}, {"machine", {"labyrinth"}}},
	 .texts = {"hvm"}},
	{.name = "kernel", .take = take_kernel},
	{.name = "cmdline", .take = take_cmdline},
	{.name = "initrd", .refused = "no guest takes one: leave it out"},
	{.name = "boot",
	 .refused = "a guest is booted from its <kernel>: leave it out"},
	{.name = "loader", .refused = "a guest has no firmware: leave it out"},
	{0},
};

static const struct rule console_rules[] = {
	{.name = "target",
	 .attributes = {{"type", {"serial", "virtio"}}, {"port", {"0"}}}},
	{0},
};

#define NO_DEVICE "a guest has no such device: leave it out"

static const struct rule devices_rules[] = {
	{.name = "emulator",
	 .refused = "labyrinthd starts guests with its own VMM: leave it out"},
	{.name = "disk", .refused = NO_DEVICE},
	{.name = "filesystem", .refused = NO_DEVICE},
	{.name = "interface", .refused = NO_DEVICE},
	{.name = "graphics", .refused = NO_DEVICE},
	{.name = "video", .refused = NO_DEVICE},
	{.name = "input", .refused = NO_DEVICE},
	{.name = "sound", .refused = NO_DEVICE},
	{.name = "channel", .refused = NO_DEVICE},
	{.name = "rng", .refused = NO_DEVICE},
	{.name = "watchdog", .refused = NO_DEVICE},
	{.name = "serial",
	 .refused = "what a guest prints is its <console type='pty'>: write "
		    "that"},
	/* What it has not got, asked for. */
	{.name = "controller",
	 .attributes = {{"type", {"usb"}},
			{"index", {"0"}},
			{"model", {"none"}}}},
	{.name = "memballoon", .attributes = {{"model", {"none"}}}},

	{.name = "console",
	 .attributes = {{"type", {"pty"}}},
	 .children = console_rules},
	{0},
};

/* What a long-mode processor with its APIC in the kernel has. */
static const struct rule features_rules[] = {
	{.name = "apic"},
	{.name = "pae"},
	{.name = "acpi", .refused = "a guest has no ACPI: leave it out"},
	{0},
};

static const struct rule clock_rules[] = {
	{.name = "timer",
	 .attributes = {{"name", {"rtc", "pit", "hpet"}}, {"present", {"no"}}},
	 .take = take_timer,
	 .many = true},
	{0},
};

static const struct rule pm_rules[] = {
	{.name = "suspend-to-mem", .attributes = {{"enabled", {"no"}}}},
	{.name = "suspend-to-disk", .attributes = {{"enabled", {"no"}}}},
	{0},
};

static const struct rule domain_rules[] = {
	{.name = "name", .take = take_name},
	{.name = "uuid", .take = take_uuid},
	{.name = "title", .take = take_title},
	{.name = "description", .take = take_description},
	{.name = "metadata", .take = take_metadata, .whole = true},
	{.name = "memory",
	 .attributes = {{"unit", {NULL}}, {"dumpCore", {"off"}}},
	 .take = take_memory},
	{.name = "currentMemory",
	 .attributes = {{"unit", {NULL}}},
	 .take = take_current},
	{.name = "memtune", .children = memtune_rules},
	{.name = "vcpu",
	 .attributes = {{"placement", {"static"}}, {"current", {NULL}}},
	 .take = take_cpus},
	{.name = "os", .children = os_rules},
	{.name = "cpu",
	 .attributes = {{"mode", {"host-passthrough"}},
			{"check", {"none"}},
			{"migratable", {"on", "off"}}}},
	{.name = "features", .children = features_rules},
	{.name = "clock",
	 .attributes = {{"offset", {"utc"}}},
	 .children = clock_rules},
	{.name = "pm", .children = pm_rules},
	{.name = "on_poweroff", .texts = {"destroy"}},
	{.name = "on_reboot", .texts = {"destroy", "restart"}},
	{.name = "on_crash", .texts = {"destroy"}},
	{.name = "devices", .children = devices_rules},
	{0},
};

static const struct rule root_rule = {
	.name = "domain",
	.attributes = {{"type", {"kvm"}}, {"id", {NULL}}},
	.children = domain_rules,
};

/* All of it */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What was not said, and whether the whole fits together. */
static int complete(struct reader *self, struct err *err)
{
	struct domain *d = self->domain;

	if (d->name[0] == '\0' || d->kernel == NULL || self->memory == 0)
		return err_say(err, EINVAL,
			       "a domain needs a name, a memory, and an os "
			       "with a kernel");
	if (!self->has_uuid)
		registry_uuid(d->uuid, d->name);
	if (d->pool[0] == '\0')
		strcpy(d->pool, "default");
	if (d->cpus == 0)
		d->cpus = 1;
	d->maximum = self->memory;
	d->limit = self->current != 0 ? self->current : self->memory;
	if (self->hard_limit != 0)
		d->limit = least(d->limit, self->hard_limit);
	if (d->memory == 0)
		d->memory = least(d->guarantee != 0 ? d->guarantee : d->limit,
				  DEFAULT_MEMORY);
	if (d->guarantee == 0)
		d->guarantee = d->memory;
	if (d->memory > LAB_MEMORY_MAX / LAB_EXTENT_SIZE)
		return err_say(err, EINVAL, "boot RAM of more than 3 GiB");
	if (d->memory > d->guarantee || d->guarantee > d->limit ||
	    d->limit > d->maximum)
		return err_say(err, EINVAL,
			       "boot RAM (%lluM) <= min_guarantee (%lluM) <= "
			       "currentMemory and hard_limit (%lluM) <= memory "
			       "(%lluM) does not hold",
			       (unsigned long long)d->memory * 2,
			       (unsigned long long)d->guarantee * 2,
			       (unsigned long long)d->limit * 2,
			       (unsigned long long)d->maximum * 2);
	return 0;
}

int domain_read(struct domain *self, const char *xml, struct err *err)
{
	struct reader reader = {.domain = self};

	*self = (struct domain){0};
	xmlDocPtr doc = rules_parse(xml, "domain", DOMAIN_XML_MAX, err);
	if (doc == NULL)
		return -err->code;
	int r = rules_root(&root_rule, doc, &reader, err);
	xmlFreeDoc(doc);
	if (r == 0)
		r = complete(&reader, err);
	if (r < 0)
		domain_clear(self);
	return r;
}
