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

static int take_name_of(char name[LAB_NAME_MAX], xmlNodePtr node,
			const char *text, struct err *err)
{
	if (strlen(text) < LAB_NAME_MAX) {
		memset(name, 0, LAB_NAME_MAX);
		strcpy(name, text);
		if (registry_name_valid(name))
			return 0;
	}
	return rules_refuse(
		err, EINVAL, node,
		"a name is 1 to 63 letters, digits, dots, dashes or "
		"underscores");
}

static int take_name(void *context, xmlNodePtr node, const char *text,
		     struct err *err)
{
	struct reader *self = context;

	return take_name_of(self->domain->name, node, text, err);
}

static int take_pool(void *context, xmlNodePtr node, const char *text,
		     struct err *err)
{
	struct reader *self = context;

	return take_name_of(self->domain->pool, node, text, err);
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

/* A decimal number below 2^63; false for anything else. */
static bool parse_number(const char *text, uint64_t *number)
{
	char *end;

	text += strspn(text, " \t\n");
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	bool right = text[0] >= '0' && text[0] <= '9' && errno == 0 &&
		     value <= INT64_MAX;
	*number = value;
	return right && end[strspn(end, " \t\n")] == '\0';
}

/* Bytes in a unit as libvirt has them; 0 for an unknown one. */
static uint64_t unit_bytes(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {
		{"b", 1},
		{"bytes", 1},
		{"KB", UINT64_C(1000)},
		{"k", UINT64_C(1) << 10},
		{"KiB", UINT64_C(1) << 10},
		{"MB", UINT64_C(1000000)},
		{"M", UINT64_C(1) << 20},
		{"MiB", UINT64_C(1) << 20},
		{"GB", UINT64_C(1000000000)},
		{"G", UINT64_C(1) << 30},
		{"GiB", UINT64_C(1) << 30},
		{"TB", UINT64_C(1000000000000)},
		{"T", UINT64_C(1) << 40},
		{"TiB", UINT64_C(1) << 40},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].name, unit) == 0)
			return units[i].bytes;
	}
	return 0;
}

/* A size, rounded up to whole leases, 1 to DOMAIN_LEASES_MAX. */
static int take_size(uint64_t *leases, xmlNodePtr node, const char *text,
		     struct err *err)
{
	xmlChar *unit = xmlGetNoNsProp(node, BAD_CAST "unit");
	uint64_t scale = unit_bytes(unit != NULL ? (const char *)unit : "KiB");
	uint64_t number, bytes;

	xmlFree(unit);
	if (scale == 0)
		return rules_refuse(err, ENOTSUP, node,
				    "this unit is not known");
	if (!parse_number(text, &number))
		return rules_refuse(err, EINVAL, node, "this is no size");
	if (__builtin_mul_overflow(number, scale, &bytes) || bytes == 0 ||
	    bytes > DOMAIN_LEASES_MAX * LAB_EXTENT_SIZE)
		return rules_refuse(err, EINVAL, node, "1 byte to 1 TiB");
	*leases = (bytes + LAB_EXTENT_SIZE - 1) / LAB_EXTENT_SIZE;
	return 0;
}

static int take_memory(void *context, xmlNodePtr node, const char *text,
		       struct err *err)
{
	struct reader *self = context;

	return take_size(&self->memory, node, text, err);
}

static int take_current(void *context, xmlNodePtr node, const char *text,
			struct err *err)
{
	struct reader *self = context;

	return take_size(&self->current, node, text, err);
}

static int take_hard_limit(void *context, xmlNodePtr node, const char *text,
			   struct err *err)
{
	struct reader *self = context;

	return take_size(&self->hard_limit, node, text, err);
}

static int take_guarantee(void *context, xmlNodePtr node, const char *text,
			  struct err *err)
{
	struct reader *self = context;

	return take_size(&self->domain->guarantee, node, text, err);
}

static int take_cpus(void *context, xmlNodePtr node, const char *text,
		     struct err *err)
{
	struct reader *self = context;

	xmlChar *current = xmlGetNoNsProp(node, BAD_CAST "current");
	uint64_t cpus, now = 0;

	bool right =
		parse_number(text, &cpus) && cpus >= 1 && cpus <= LAB_CPUS_MAX;
	bool all = current == NULL ||
		   (parse_number((const char *)current, &now) && now == cpus);
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
		     parse_number((const char *)boot, &self->domain->memory);
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
	{0},
};

static const struct rule console_rules[] = {
	{.name = "target",
	 .attributes = {{"type", {"serial", "virtio"}}, {"port", {"0"}}}},
	{0},
};

static const struct rule devices_rules[] = {
	{.name = "console",
	 .attributes = {{"type", {"pty"}}},
	 .children = console_rules},
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
	{.name = "clock", .attributes = {{"offset", {"utc"}}}},
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
	xmlDocPtr doc = rules_parse(xml, DOMAIN_XML_MAX, err);
	if (doc == NULL)
		return -err->code;
	xmlNodePtr root = xmlDocGetRootElement(doc);
	int r;
	if (root->ns != NULL || strcmp((const char *)root->name, "domain") != 0)
		r = rules_refuse(err, ENOTSUP, root, "this is no domain");
	else
		r = rules_walk(&root_rule, root, &reader, err);
	xmlFreeDoc(doc);
	if (r == 0)
		r = complete(&reader, err);
	if (r < 0)
		domain_clear(self);
	return r;
}
