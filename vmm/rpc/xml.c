/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/xml.h"

#include <inttypes.h>

#include <labyrinth/hypercall.h>

#include "base/pages.h"
#include "wire/xmltext.h"

#define KIB_PER_LEASE (LAB_EXTENT_SIZE / 1024)

/* What its VMM has counted. */
static void tally(struct xml *xml, const struct view_tally *tally)
{
	xml_start(xml, "labyrinth:pages");
	xml_attribute(xml, "granted", "%" PRIu64, tally->pages_granted);
	xml_attribute(xml, "free", "%" PRIu64, tally->pages_free);
	xml_attribute(xml, "min", "%" PRIu64, tally->counts.pages_min);
	xml_attribute(xml, "low", "%" PRIu64, tally->counts.pages_low);
	xml_attribute(xml, "high", "%" PRIu64, tally->counts.pages_high);
	xml_end(xml);
	xml_start(xml, "labyrinth:grants");
	xml_attribute(xml, "atomic", "%" PRIu64, tally->counts.grants_atomic);
	xml_attribute(xml, "nowait", "%" PRIu64, tally->counts.grants_nowait);
	xml_attribute(xml, "kernel", "%" PRIu64, tally->counts.grants_kernel);
	xml_attribute(xml, "released", "%" PRIu64, tally->counts.releases);
	xml_end(xml);
	xml_start(xml, "labyrinth:failed");
	xml_attribute(xml, "atomic", "%" PRIu64, tally->counts.failed_atomic);
	xml_attribute(xml, "nowait", "%" PRIu64, tally->counts.failed_nowait);
	xml_attribute(xml, "kernel", "%" PRIu64, tally->counts.failed_kernel);
	xml_end(xml);
}

/* What libvirt has no word for, of a guest and its share alike. */
static void labyrinth_guest(struct xml *xml, const struct view_guest *guest,
			    const struct view_pool *pool)
{
	xml_start(xml, "labyrinth:guest");
	xml_attribute(xml, "xmlns:labyrinth", "%s", XML_NAMESPACE);
	xml_element(xml, "labyrinth:name", guest->name);
	xml_element(xml, "labyrinth:pool", pool->name);
	xml_element(xml, "labyrinth:backing", pages_name(pool->backing));
	xml_number(xml, "labyrinth:pid", (uint64_t)guest->pid);
	xml_start(xml, "labyrinth:leases");
	xml_attribute(xml, "unit", "2MiB");
	xml_attribute(xml, "held", "%" PRIu64, guest->leases);
	xml_attribute(xml, "boot", "%" PRIu64, guest->memory);
	xml_attribute(xml, "guarantee", "%" PRIu64, guest->guarantee);
	xml_attribute(xml, "limit", "%" PRIu64, guest->limit);
	xml_end(xml);
	if (guest->has_tally)
		tally(xml, &guest->tally);
	xml_end(xml);
}

char *xml_guest(const struct view_guest *guest, const struct view_pool *pool)
{
	struct xml xml;

	xml_begin(&xml);
	labyrinth_guest(&xml, guest, pool);
	return xml_finish(&xml);
}

static void domain_os(struct xml *xml, const struct act_domain *started)
{
	xml_start(xml, "os");
	xml_start(xml, "type");
	xml_attribute(xml, "arch", "x86_64");
	xml_text(xml, "hvm");
	xml_end(xml);
	if (started != NULL)
		xml_element(xml, "kernel", started->kernel);
	if (started != NULL && started->cmdline != NULL)
		xml_element(xml, "cmdline", started->cmdline);
	xml_end(xml);
}

char *xml_domain(const struct view_guest *guest, const struct view_pool *pool,
		 const struct act_domain *started)
{
	struct xml xml;

	xml_begin(&xml);
	xml_start(&xml, "domain");
	xml_attribute(&xml, "type", "kvm");
	xml_attribute(&xml, "id", "%" PRIu32, guest->id);
	xml_element(&xml, "name", guest->name);
	xml_uuid(&xml, guest->uuid);
	if (started != NULL && started->title != NULL)
		xml_element(&xml, "title", started->title);
	if (started != NULL && started->description != NULL)
		xml_element(&xml, "description", started->description);
	xml_start(&xml, "metadata");
	labyrinth_guest(&xml, guest, pool);
	xml_end(&xml);
	xml_size(&xml, "memory", "KiB", guest->maximum * KIB_PER_LEASE);
	xml_size(&xml, "currentMemory", "KiB", guest->leases * KIB_PER_LEASE);
	xml_start(&xml, "memtune");
	xml_size(&xml, "hard_limit", "KiB", guest->limit * KIB_PER_LEASE);
	xml_size(&xml, "min_guarantee", "KiB",
		 guest->guarantee * KIB_PER_LEASE);
	xml_end(&xml);
	xml_number(&xml, "vcpu", guest->cpus);
	domain_os(&xml, started);
	xml_start(&xml, "devices");
	xml_end(&xml);
	xml_end(&xml);
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
	xml_start(xml, "labyrinth:watermarks");
	xml_attribute(xml, "unit", "2MiB");
	xml_attribute(xml, "min", "%" PRIu64, pool->min);
	xml_attribute(xml, "low", "%" PRIu64, pool->low);
	xml_attribute(xml, "high", "%" PRIu64, pool->high);
	xml_attribute(xml, "available", "%" PRIu64, pool->available);
	xml_attribute(xml, "level", "%s", level_name(pool->level));
	xml_end(xml);
}

static void lease_state(struct xml *xml, const char *state, uint64_t count)
{
	xml_start(xml, "labyrinth:state");
	xml_attribute(xml, "name", "%s", state);
	xml_attribute(xml, "leases", "%" PRIu64, count);
	xml_end(xml);
}

char *xml_pool(const struct view_pool *pool)
{
	struct xml xml;

	xml_begin(&xml);
	xml_start(&xml, "pool");
	xml_attribute(&xml, "type", "labyrinth");
	xml_attribute(&xml, "xmlns:labyrinth", "%s", XML_NAMESPACE);
	xml_element(&xml, "name", pool->name);
	xml_uuid(&xml, pool->uuid);
	xml_size(&xml, "capacity", "bytes", pool->total * LAB_EXTENT_SIZE);
	xml_size(&xml, "allocation", "bytes",
		 (pool->leased + pool->revoking) * LAB_EXTENT_SIZE);
	xml_size(&xml, "available", "bytes",
		 (pool->blank + pool->dirty) * LAB_EXTENT_SIZE);
	xml_start(&xml, "source");
	xml_end(&xml);
	xml_start(&xml, "target");
	xml_element(&xml, "path", pool->name);
	xml_end(&xml);
	xml_start(&xml, "labyrinth:pool");
	xml_element(&xml, "labyrinth:backing", pages_name(pool->backing));
	if (pool->bound)
		xml_number(&xml, "labyrinth:node", pool->node);
	xml_start(&xml, "labyrinth:leases");
	xml_attribute(&xml, "unit", "2MiB");
	xml_attribute(&xml, "total", "%" PRIu64, pool->total);
	xml_attribute(&xml, "size", "%" PRIu64, pool->size);
	xml_attribute(&xml, "guaranteed", "%" PRIu64, pool->guaranteed);
	lease_state(&xml, "blank", pool->blank);
	lease_state(&xml, "leased", pool->leased);
	lease_state(&xml, "revoking", pool->revoking);
	lease_state(&xml, "dirty", pool->dirty);
	lease_state(&xml, "withdrawn", pool->withdrawn);
	xml_end(&xml);
	watermarks(&xml, pool);
	xml_end(&xml);
	xml_end(&xml);
	return xml_finish(&xml);
}

/* One by one, as far as they do not come in a row. */
static void single_leases(struct xml *xml, const struct xml_leases *leases)
{
	xml_start(xml, "labyrinth:held");
	xml_attribute(xml, "xmlns:labyrinth", "%s", XML_NAMESPACE);
	for (size_t i = 0; i < leases->count; i++) {
		const struct view_lease *run = &leases->runs[i];
		xml_start(xml, "labyrinth:lease");
		xml_attribute(xml, "extent", "%" PRIu32, run->extent);
		if (run->count > 1)
			xml_attribute(xml, "count", "%" PRIu32, run->count);
		xml_attribute(xml, "generation", "%" PRIu32, run->generation);
		xml_end(xml);
	}
	if (leases->left > 0)
		xml_number(xml, "labyrinth:more", leases->left);
	xml_end(xml);
}

char *xml_volume(const struct view_guest *guest, const struct view_pool *pool,
		 const struct xml_leases *leases, const char *key,
		 const char *path)
{
	struct xml xml;

	xml_begin(&xml);
	xml_start(&xml, "volume");
	xml_attribute(&xml, "type", "file");
	xml_attribute(&xml, "xmlns:labyrinth", "%s", XML_NAMESPACE);
	xml_element(&xml, "name", guest->name);
	xml_element(&xml, "key", key);
	xml_size(&xml, "capacity", "bytes", guest->limit * LAB_EXTENT_SIZE);
	xml_size(&xml, "allocation", "bytes", guest->leases * LAB_EXTENT_SIZE);
	xml_start(&xml, "target");
	xml_element(&xml, "path", path);
	xml_start(&xml, "format");
	xml_attribute(&xml, "type", "raw");
	xml_end(&xml);
	xml_end(&xml);
	labyrinth_guest(&xml, guest, pool);
	single_leases(&xml, leases);
	xml_end(&xml);
	return xml_finish(&xml);
}

static void capabilities_cell(struct xml *xml, const struct host *host,
			      const struct host_cell *cell)
{
	xml_start(xml, "cell");
	xml_attribute(xml, "id", "%u", cell->id);
	xml_size(xml, "memory", "KiB", cell->total_kib);
	for (size_t i = 0; i < host->npages; i++) {
		xml_start(xml, "pages");
		xml_attribute(xml, "unit", "KiB");
		xml_attribute(xml, "size", "%u", host->pages[i]);
		xml_end(xml);
	}
	xml_end(xml);
}

char *xml_capabilities(const struct host *host)
{
	struct xml xml;

	xml_begin(&xml);
	xml_start(&xml, "capabilities");
	xml_start(&xml, "host");
	xml_start(&xml, "cpu");
	xml_element(&xml, "arch", "x86_64");
	for (size_t i = 0; i < host->npages; i++) {
		xml_start(&xml, "pages");
		xml_attribute(&xml, "unit", "KiB");
		xml_attribute(&xml, "size", "%u", host->pages[i]);
		xml_end(&xml);
	}
	xml_end(&xml);
	xml_start(&xml, "topology");
	xml_start(&xml, "cells");
	xml_attribute(&xml, "num", "%zu", host->ncells);
	for (size_t i = 0; i < host->ncells; i++)
		capabilities_cell(&xml, host, &host->cells[i]);
	xml_end(&xml);
	xml_end(&xml);
	xml_end(&xml);
	xml_start(&xml, "guest");
	xml_element(&xml, "os_type", "hvm");
	xml_start(&xml, "arch");
	xml_attribute(&xml, "name", "x86_64");
	xml_element(&xml, "wordsize", "64");
	xml_start(&xml, "domain");
	xml_attribute(&xml, "type", "kvm");
	xml_end(&xml);
	xml_end(&xml);
	xml_end(&xml);
	xml_end(&xml);
	return xml_finish(&xml);
}

char *xml_domain_capabilities(unsigned vcpus)
{
	struct xml xml;

	xml_begin(&xml);
	xml_start(&xml, "domainCapabilities");
	xml_element(&xml, "domain", "kvm");
	xml_element(&xml, "arch", "x86_64");
	xml_start(&xml, "vcpu");
	xml_attribute(&xml, "max", "%u", vcpus);
	xml_end(&xml);
	xml_end(&xml);
	return xml_finish(&xml);
}

char *xml_pool_capabilities(void)
{
	struct xml xml;

	xml_begin(&xml);
	xml_start(&xml, "storagepoolCapabilities");
	xml_start(&xml, "pool");
	xml_attribute(&xml, "type", "labyrinth");
	xml_attribute(&xml, "supported", "yes");
	xml_end(&xml);
	xml_end(&xml);
	return xml_finish(&xml);
}
