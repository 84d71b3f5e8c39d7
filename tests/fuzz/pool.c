/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer over pool XML: what is taken is a pool that can be, and reads the
 * same from the XML that is written of it.
 */
#include <config.h>

#include <stdlib.h>

#include "guests/pool_def.h"
#include "input.h"

static void check(const struct pool_def *def)
{
	const struct pool_spec *spec = &def->spec;

	if (spec->name[0] == '\0' || spec->leases < 1 ||
	    spec->leases > POOL_LEASES_MAX || (spec->bound && spec->node < 0) ||
	    (!spec->bound && spec->node != 0))
		abort();
}

static void check_again(const struct pool_def *def)
{
	const struct pool_spec *one = &def->spec;
	char *xml = pool_def_write(def);
	struct pool_def again;
	struct err err;

	if (xml == NULL || pool_def_read(&again, xml, &err) < 0)
		abort();
	const struct pool_spec *other = &again.spec;
	if (strcmp(one->name, other->name) != 0 ||
	    memcmp(def->uuid, again.uuid, sizeof(def->uuid)) != 0 ||
	    one->leases != other->leases || one->backing != other->backing ||
	    one->bound != other->bound || one->node != other->node)
		abort();
	free(xml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {.text = ""};
	struct pool_def def;
	char *xml = input_text(data, size);

	int r = pool_def_read(&def, xml, &err);
	free(xml);
	if (r == 0) {
		check(&def);
		check_again(&def);
	} else if (err.text[0] == '\0') {
		abort();
	}
	return 0;
}
