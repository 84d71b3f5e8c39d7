/* SPDX-License-Identifier: MIT */
/* The one door for pool XML, and how it is written. */
#include <config.h>

#include "guests/pool_def.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <uuid/uuid.h>

#include <labyrinth/hypercall.h>

#include "base/pages.h"
#include "guests/rules.h"
#include "wire/xmltext.h"

struct reader {
	struct pool_def *def;
	bool has_uuid;
};

static int take_name(void *context, xmlNodePtr node, const char *text,
		     struct err *err)
{
	struct reader *self = context;

	return rules_name(self->def->spec.name, node, text, err);
}

static int take_uuid(void *context, xmlNodePtr node, const char *text,
		     struct err *err)
{
	struct reader *self = context;

	if (uuid_parse(text, self->def->uuid) != 0)
		return rules_refuse(err, EINVAL, node, "this is no uuid");
	self->has_uuid = true;
	return 0;
}

static int take_capacity(void *context, xmlNodePtr node, const char *text,
			 struct err *err)
{
	struct reader *self = context;
	uint64_t leases;

	int r = rules_size(&leases, "bytes", node, text, POOL_LEASES_MAX, err);
	if (r == 0)
		self->def->spec.leases = (uint32_t)leases;
	return r;
}

/* It is no place: only its own name, as our XML has it. */
static int take_path(void *context, xmlNodePtr node, const char *text,
		     struct err *err)
{
	const struct reader *self = context;

	return strcmp(text, self->def->spec.name) == 0
		       ? 0
		       : rules_refuse(err, ENOTSUP, node,
				      "a pool is memory, and has no path: "
				      "leave it out, or write the pool's name "
				      "(after <name>)");
}

static int take_backing(void *context, xmlNodePtr node, const char *text,
			struct err *err)
{
	struct reader *self = context;
	char why[128];

	self->def->spec.backing = pages_by_name(text);
	if (self->def->spec.backing != 0)
		return 0;
	snprintf(why, sizeof(why), "write %s", pages_names());
	return rules_refuse(err, EINVAL, node, why);
}

static int take_node(void *context, xmlNodePtr node, const char *text,
		     struct err *err)
{
	struct reader *self = context;
	uint64_t number;

	if (!rules_number(text, &number) || number > NUMA_MOST)
		return rules_refuse(err, EINVAL, node,
				    "write the number of a NUMA node");
	self->def->spec.bound = true;
	self->def->spec.node = (int)number;
	return 0;
}

static const struct rule no_rules[] = {{0}};

static const struct rule target_rules[] = {
	{.name = "path", .take = take_path},
	{0},
};

static const struct rule ours_rules[] = {
	{.name = "backing", .take = take_backing},
	{.name = "node", .take = take_node},
	/* Of an active one: as its XML was when somebody looked. */
	{.name = "leases", .skipped = true},
	{.name = "watermarks", .skipped = true},
	{0},
};

static const struct rule pool_rules[] = {
	{.name = "name", .take = take_name},
	{.name = "uuid", .take = take_uuid},
	{.name = "capacity",
	 .attributes = {{"unit", {NULL}}},
	 .take = take_capacity},
	{.name = "allocation", .skipped = true},
	{.name = "available", .skipped = true},
	{.name = "source", .children = no_rules},
	{.name = "target", .children = target_rules},
	{.name = "pool", .ours = true, .children = ours_rules},
	{0},
};

static const struct rule root_rule = {
	.name = "pool",
	.attributes = {{"type", {"labyrinth"}}},
	.children = pool_rules,
};

int pool_def_read(struct pool_def *self, const char *xml, struct err *err)
{
	struct reader reader = {.def = self};

	*self = (struct pool_def){0};
	xmlDocPtr doc = rules_parse(xml, "pool", POOL_XML_MAX, err);
	if (doc == NULL)
		return -err->code;
	int r = rules_root(&root_rule, doc, &reader, err);
	xmlFreeDoc(doc);
	if (r < 0)
		return r;
	if (self->spec.name[0] == '\0' || self->spec.leases == 0)
		return err_say(err, EINVAL,
			       "a pool needs a name and a capacity");
	if (!reader.has_uuid)
		pool_own_uuid(self->uuid, self->spec.name);
	return 0;
}

char *pool_def_write(const struct pool_def *self)
{
	struct xml xml;

	xml_begin(&xml);
	xml_start(&xml, "pool");
	xml_attribute(&xml, "type", "labyrinth");
	xml_attribute(&xml, "xmlns:labyrinth", "%s", XML_NAMESPACE);
	xml_element(&xml, "name", self->spec.name);
	xml_uuid(&xml, self->uuid);
	xml_size(&xml, "capacity", "bytes",
		 self->spec.leases * LAB_EXTENT_SIZE);
	xml_size(&xml, "allocation", "bytes", 0);
	xml_size(&xml, "available", "bytes", 0);
	xml_start(&xml, "source");
	xml_end(&xml);
	xml_start(&xml, "target");
	xml_element(&xml, "path", self->spec.name);
	xml_end(&xml);
	xml_start(&xml, "labyrinth:pool");
	if (self->spec.backing != 0)
		xml_element(&xml, "labyrinth:backing",
			    pages_name(self->spec.backing));
	if (self->spec.bound)
		xml_number(&xml, "labyrinth:node", (uint64_t)self->spec.node);
	xml_end(&xml);
	xml_end(&xml);
	return xml_finish(&xml);
}
