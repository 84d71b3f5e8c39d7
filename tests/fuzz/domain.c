/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer over domain XML: what is taken fits together, and reads the same
 * from the XML that is written of it.
 */
#include <config.h>

#include <stdbool.h>
#include <stdlib.h>

#include "guests/domain.h"
#include "input.h"

static bool same(const char *one, const char *other)
{
	if (one == NULL || other == NULL)
		return one == other;
	return strcmp(one, other) == 0;
}

static void check(const struct domain *d)
{
	if (d->memory < 1 || d->memory > d->guarantee ||
	    d->guarantee > d->limit || d->limit > d->maximum ||
	    d->maximum > DOMAIN_LEASES_MAX || d->cpus < 1 ||
	    d->name[0] == '\0' || d->pool[0] == '\0' || d->kernel == NULL ||
	    d->kernel[0] != '/')
		abort();
}

static void check_again(const struct domain *d)
{
	struct domain again;
	struct err err;
	char *xml = domain_write(d);

	if (xml == NULL || (strlen(xml) < DOMAIN_XML_MAX &&
			    domain_read(&again, xml, &err) < 0))
		abort();
	if (strlen(xml) < DOMAIN_XML_MAX) {
		if (!same(d->name, again.name) || !same(d->pool, again.pool) ||
		    memcmp(d->uuid, again.uuid, sizeof(d->uuid)) != 0 ||
		    d->maximum != again.maximum || d->limit != again.limit ||
		    d->guarantee != again.guarantee ||
		    d->memory != again.memory || d->cpus != again.cpus ||
		    !same(d->kernel, again.kernel) ||
		    !same(d->cmdline, again.cmdline) ||
		    !same(d->title, again.title) ||
		    !same(d->description, again.description) ||
		    !same(d->metadata, again.metadata))
			abort();
		domain_clear(&again);
	}
	free(xml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct domain domain;
	struct err err = {.text = ""};
	char *xml = input_text(data, size);

	int r = domain_read(&domain, xml, &err);
	free(xml);
	if (r < 0) {
		if (err.text[0] == '\0' || domain.kernel != NULL)
			abort();
		return 0;
	}
	check(&domain);
	check_again(&domain);
	domain_clear(&domain);
	return 0;
}
