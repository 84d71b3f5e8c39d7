/* SPDX-License-Identifier: MIT */
/* What a domain owns, and its XML. */
#include <config.h>

#include "guests/domain.h"

#include <stdlib.h>

#include <labyrinth/hypercall.h>

#include "wire/xmltext.h"

#define KIB_PER_LEASE (LAB_EXTENT_SIZE / 1024)

void domain_clear(struct domain *self)
{
	free(self->kernel);
	free(self->cmdline);
	free(self->title);
	free(self->description);
	free(self->metadata);
	*self = (struct domain){0};
}

static void write_text(struct xml *xml, const char *name, const char *text)
{
	if (text != NULL)
		xml_element(xml, name, text);
}

/* What libvirt has no word for, and what others have put beside it. */
static void write_metadata(struct xml *xml, const struct domain *self)
{
	xml_start(xml, "metadata");
	xml_start(xml, "labyrinth:guest");
	xml_attribute(xml, "xmlns:labyrinth", "%s", XML_NAMESPACE);
	xml_element(xml, "labyrinth:pool", self->pool);
	xml_start(xml, "labyrinth:leases");
	xml_attribute(xml, "unit", "2MiB");
	xml_attribute(xml, "boot", "%llu", (unsigned long long)self->memory);
	xml_end(xml);
	xml_end(xml);
	if (self->metadata != NULL)
		xml_raw(xml, self->metadata);
	xml_end(xml);
}

static void write_os(struct xml *xml, const struct domain *self)
{
	xml_start(xml, "os");
	xml_start(xml, "type");
	xml_attribute(xml, "arch", "x86_64");
	xml_text(xml, "hvm");
	xml_end(xml);
	xml_element(xml, "kernel", self->kernel);
	write_text(xml, "cmdline", self->cmdline);
	xml_end(xml);
}

char *domain_write(const struct domain *self)
{
	struct xml xml;

	xml_begin(&xml);
	xml_start(&xml, "domain");
	xml_attribute(&xml, "type", "kvm");
	xml_element(&xml, "name", self->name);
	xml_uuid(&xml, self->uuid);
	write_text(&xml, "title", self->title);
	write_text(&xml, "description", self->description);
	write_metadata(&xml, self);
	xml_size(&xml, "memory", "KiB", self->maximum * KIB_PER_LEASE);
	xml_size(&xml, "currentMemory", "KiB", self->limit * KIB_PER_LEASE);
	xml_start(&xml, "memtune");
	xml_size(&xml, "min_guarantee", "KiB", self->guarantee * KIB_PER_LEASE);
	xml_end(&xml);
	xml_number(&xml, "vcpu", self->cpus);
	write_os(&xml, self);
	xml_element(&xml, "on_poweroff", "destroy");
	xml_element(&xml, "on_reboot", "destroy");
	xml_element(&xml, "on_crash", "destroy");
	xml_start(&xml, "devices");
	xml_start(&xml, "console");
	xml_attribute(&xml, "type", "pty");
	xml_end(&xml);
	xml_end(&xml);
	xml_end(&xml);
	return xml_finish(&xml);
}
