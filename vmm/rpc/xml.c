/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/xml.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xmlwriter.h>
#include <uuid/uuid.h>

#include <labyrinth/hypercall.h>

#include "base/pages.h"

#define KIB_PER_LEASE (LAB_EXTENT_SIZE / 1024)

/* A text being written; the first failure sticks. */
struct xml {
	xmlBufferPtr buffer;
	xmlTextWriterPtr writer;
	bool failed;
};

static void xml_begin(struct xml *xml)
{
	*xml = (struct xml){.buffer = xmlBufferCreate()};
	if (xml->buffer != NULL)
		xml->writer = xmlNewTextWriterMemory(xml->buffer, 0);
	xml->failed = xml->writer == NULL;
	if (xml->failed)
		return;
	/* As libvirt writes it. */
	xmlTextWriterSetIndent(xml->writer, 1);
	xmlTextWriterSetIndentString(xml->writer, BAD_CAST "  ");
	xmlTextWriterSetQuoteChar(xml->writer, '\'');
}

static char *xml_finish(struct xml *xml)
{
	char *text = NULL;

	if (!xml->failed && xmlTextWriterFlush(xml->writer) >= 0)
		text = strdup((const char *)xmlBufferContent(xml->buffer));
	if (xml->writer != NULL)
		xmlFreeTextWriter(xml->writer);
	if (xml->buffer != NULL)
		xmlBufferFree(xml->buffer);
	return text;
}

static void start(struct xml *xml, const char *name)
{
	if (!xml->failed &&
	    xmlTextWriterStartElement(xml->writer, BAD_CAST name) < 0)
		xml->failed = true;
}

static void end(struct xml *xml)
{
	if (!xml->failed && xmlTextWriterEndElement(xml->writer) < 0)
		xml->failed = true;
}

/* Make a text of ours or of the broker's one that XML can carry. */
static void make_clean(char *text)
{
	bool utf8 = xmlCheckUTF8(BAD_CAST text) != 0;

	for (unsigned char *at = (unsigned char *)text; *at != '\0'; at++) {
		if (*at < ' ' || *at == 0x7f || (!utf8 && *at > 0x7f))
			*at = '?';
	}
}

static void attribute(struct xml *xml, const char *name, const char *format,
		      ...) __attribute__((format(printf, 3, 4)));

static void attribute(struct xml *xml, const char *name, const char *format,
		      ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	make_clean(text);
	if (!xml->failed &&
	    xmlTextWriterWriteAttribute(xml->writer, BAD_CAST name,
					BAD_CAST text) < 0)
		xml->failed = true;
}

static void text_of(struct xml *xml, const char *value)
{
	char text[512];

	snprintf(text, sizeof(text), "%s", value);
	make_clean(text);
	if (!xml->failed &&
	    xmlTextWriterWriteString(xml->writer, BAD_CAST text) < 0)
		xml->failed = true;
}

static void element(struct xml *xml, const char *name, const char *value)
{
	start(xml, name);
	text_of(xml, value);
	end(xml);
}

static void number(struct xml *xml, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	element(xml, name, text);
}

static void size(struct xml *xml, const char *name, const char *unit,
		 uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	start(xml, name);
	attribute(xml, "unit", "%s", unit);
	text_of(xml, text);
	end(xml);
}

static void uuid_element(struct xml *xml, const uint8_t *uuid)
{
	char text[37];

	uuid_unparse_lower(uuid, text);
	element(xml, "uuid", text);
}

/* What libvirt has no word for, of a guest and its share alike. */
static void labyrinth_guest(struct xml *xml, const struct view_guest *guest,
			    const struct view_pool *pool)
{
	start(xml, "labyrinth:guest");
	attribute(xml, "xmlns:labyrinth", "%s", XML_NAMESPACE);
	element(xml, "labyrinth:name", guest->name);
	element(xml, "labyrinth:pool", pool->name);
	number(xml, "labyrinth:pid", (uint64_t)guest->pid);
	start(xml, "labyrinth:leases");
	attribute(xml, "unit", "2MiB");
	attribute(xml, "held", "%" PRIu64, guest->leases);
	attribute(xml, "boot", "%" PRIu64, guest->memory);
	attribute(xml, "guarantee", "%" PRIu64, guest->guarantee);
	attribute(xml, "limit", "%" PRIu64, guest->limit);
	end(xml);
	end(xml);
}

char *xml_domain(const struct view_guest *guest, const struct view_pool *pool)
{
	struct xml xml;

	xml_begin(&xml);
	start(&xml, "domain");
	attribute(&xml, "type", "kvm");
	attribute(&xml, "id", "%" PRIu32, guest->id);
	element(&xml, "name", guest->name);
	uuid_element(&xml, guest->uuid);
	start(&xml, "metadata");
	labyrinth_guest(&xml, guest, pool);
	end(&xml);
	size(&xml, "memory", "KiB", guest->limit * KIB_PER_LEASE);
	size(&xml, "currentMemory", "KiB", guest->leases * KIB_PER_LEASE);
	start(&xml, "memtune");
	size(&xml, "hard_limit", "KiB", guest->limit * KIB_PER_LEASE);
	size(&xml, "min_guarantee", "KiB", guest->guarantee * KIB_PER_LEASE);
	end(&xml);
	start(&xml, "vcpu");
	attribute(&xml, "placement", "static");
	text_of(&xml, "1");
	end(&xml);
	start(&xml, "os");
	start(&xml, "type");
	attribute(&xml, "arch", "x86_64");
	text_of(&xml, "hvm");
	end(&xml);
	end(&xml);
	start(&xml, "devices");
	end(&xml);
	end(&xml);
	return xml_finish(&xml);
}

static const char *level_name(enum lab_lease_level level)
{
	if (level == LAB_LEASE_LEVEL_CRITICAL)
		return "critical";
	return level == LAB_LEASE_LEVEL_LOW ? "low" : "none";
}

/* How near the pool is to refusing those above their guarantee. */
static void watermarks(struct xml *xml, const struct view_pool *pool)
{
	start(xml, "labyrinth:watermarks");
	attribute(xml, "unit", "2MiB");
	attribute(xml, "min", "%" PRIu64, pool->min);
	attribute(xml, "low", "%" PRIu64, pool->low);
	attribute(xml, "high", "%" PRIu64, pool->high);
	attribute(xml, "available", "%" PRIu64, pool->available);
	attribute(xml, "level", "%s", level_name(pool->level));
	end(xml);
}

static void lease_state(struct xml *xml, const char *state, uint64_t count)
{
	start(xml, "labyrinth:state");
	attribute(xml, "name", "%s", state);
	attribute(xml, "leases", "%" PRIu64, count);
	end(xml);
}

char *xml_pool(const struct view_pool *pool)
{
	struct xml xml;

	xml_begin(&xml);
	start(&xml, "pool");
	attribute(&xml, "type", "labyrinth");
	attribute(&xml, "xmlns:labyrinth", "%s", XML_NAMESPACE);
	element(&xml, "name", pool->name);
	uuid_element(&xml, pool->uuid);
	size(&xml, "capacity", "bytes", pool->total * LAB_EXTENT_SIZE);
	size(&xml, "allocation", "bytes",
	     (pool->leased + pool->revoking) * LAB_EXTENT_SIZE);
	size(&xml, "available", "bytes",
	     (pool->blank + pool->dirty) * LAB_EXTENT_SIZE);
	start(&xml, "source");
	end(&xml);
	start(&xml, "target");
	element(&xml, "path", pool->name);
	end(&xml);
	start(&xml, "labyrinth:pool");
	element(&xml, "labyrinth:backing", pages_name(pool->backing));
	start(&xml, "labyrinth:leases");
	attribute(&xml, "unit", "2MiB");
	attribute(&xml, "total", "%" PRIu64, pool->total);
	attribute(&xml, "guaranteed", "%" PRIu64, pool->guaranteed);
	lease_state(&xml, "blank", pool->blank);
	lease_state(&xml, "leased", pool->leased);
	lease_state(&xml, "revoking", pool->revoking);
	lease_state(&xml, "dirty", pool->dirty);
	lease_state(&xml, "withdrawn", pool->withdrawn);
	end(&xml);
	watermarks(&xml, pool);
	end(&xml);
	end(&xml);
	return xml_finish(&xml);
}

char *xml_volume(const struct view_guest *guest, const struct view_pool *pool,
		 const char *key, const char *path)
{
	struct xml xml;

	xml_begin(&xml);
	start(&xml, "volume");
	attribute(&xml, "type", "file");
	attribute(&xml, "xmlns:labyrinth", "%s", XML_NAMESPACE);
	element(&xml, "name", guest->name);
	element(&xml, "key", key);
	size(&xml, "capacity", "bytes", guest->limit * LAB_EXTENT_SIZE);
	size(&xml, "allocation", "bytes", guest->leases * LAB_EXTENT_SIZE);
	start(&xml, "target");
	element(&xml, "path", path);
	start(&xml, "format");
	attribute(&xml, "type", "raw");
	end(&xml);
	end(&xml);
	labyrinth_guest(&xml, guest, pool);
	end(&xml);
	return xml_finish(&xml);
}

static void capabilities_cell(struct xml *xml, const struct host *host,
			      const struct host_cell *cell)
{
	start(xml, "cell");
	attribute(xml, "id", "%u", cell->id);
	size(xml, "memory", "KiB", cell->total_kib);
	for (size_t i = 0; i < host->npages; i++) {
		start(xml, "pages");
		attribute(xml, "unit", "KiB");
		attribute(xml, "size", "%u", host->pages[i]);
		end(xml);
	}
	end(xml);
}

char *xml_capabilities(const struct host *host)
{
	struct xml xml;

	xml_begin(&xml);
	start(&xml, "capabilities");
	start(&xml, "host");
	start(&xml, "cpu");
	element(&xml, "arch", "x86_64");
	for (size_t i = 0; i < host->npages; i++) {
		start(&xml, "pages");
		attribute(&xml, "unit", "KiB");
		attribute(&xml, "size", "%u", host->pages[i]);
		end(&xml);
	}
	end(&xml);
	start(&xml, "topology");
	start(&xml, "cells");
	attribute(&xml, "num", "%zu", host->ncells);
	for (size_t i = 0; i < host->ncells; i++)
		capabilities_cell(&xml, host, &host->cells[i]);
	end(&xml);
	end(&xml);
	end(&xml);
	start(&xml, "guest");
	element(&xml, "os_type", "hvm");
	start(&xml, "arch");
	attribute(&xml, "name", "x86_64");
	element(&xml, "wordsize", "64");
	start(&xml, "domain");
	attribute(&xml, "type", "kvm");
	end(&xml);
	end(&xml);
	end(&xml);
	end(&xml);
	return xml_finish(&xml);
}
