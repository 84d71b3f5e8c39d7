/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/pool_option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/pages.h"
#include "base/size.h"
#include "broker/numa.h"
#include "broker/registry.h"

enum suboption { BACKING, NODE };

static int parse_backing(struct pool_spec *spec, const char *value,
			 struct err *err)
{
	spec->backing = pages_by_name(value);
	return spec->backing != 0 ? 0
				  : err_say(err, EINVAL, "backing=%s: write %s",
					    value, pages_names());
}

static int parse_node(struct pool_spec *spec, const char *value,
		      struct err *err)
{
	uint64_t node;

	if (number_parse(value, 10, 0, NUMA_MOST, &node) < 0)
		return err_say(err, EINVAL,
			       "node=%s: write the number of a NUMA node",
			       value);
	spec->bound = true;
	spec->node = (int)node;
	return 0;
}

/* What follows the size: getsubopt() takes it apart, and changes it. */
static int parse_rest(struct pool_spec *spec, char *rest, struct err *err)
{
	static char backing[] = "backing", node[] = "node";
	char *const names[] = {[BACKING] = backing, [NODE] = node, NULL};
	char *value;
	int r = 0;

	while (*rest != '\0' && r == 0) {
		char *word = rest;
		int which = getsubopt(&rest, names, &value);
		if (which < 0 || value == NULL)
			r = err_say(err, EINVAL,
				    "%s: write backing=%s, or node=NUMBER",
				    word, pages_names());
		else if (which == BACKING)
			r = parse_backing(spec, value, err);
		else
			r = parse_node(spec, value, err);
	}
	return r;
}

static int parse_size(struct pool_spec *spec, const char *text, struct err *err)
{
	uint64_t leases;

	int r = size_parse_leases(text, &leases, err);
	if (r < 0)
		return r;
	if (leases == 0 || leases > POOL_LEASES_MAX)
		return err_say(err, EINVAL, "a pool has 2M to %uG",
			       POOL_LEASES_MAX / 512);
	spec->leases = (uint32_t)leases;
	return 0;
}

int pool_option_parse(struct pool_spec *spec, const char *text, struct err *err)
{
	cleanup_free char *copy = strdup(text);

	if (copy == NULL)
		return err_set(err, ENOMEM, "read it");
	*spec = (struct pool_spec){0};
	char *size = strchr(copy, '=');
	if (size != NULL)
		*size++ = '\0';
	if (size == NULL || strlen(copy) >= sizeof(spec->name))
		return err_say(err, EINVAL,
			       "write NAME=SIZE, like default=256M, the name "
			       "of at most %d characters",
			       LAB_NAME_MAX - 1);
	strcpy(spec->name, copy);
	if (!registry_name_valid(spec->name))
		return err_say(err, EINVAL,
			       "write NAME=SIZE, like default=256M, the name "
			       "of letters, digits, dots, dashes and "
			       "underscores");
	char *rest = strchr(size, ',');
	if (rest != NULL)
		*rest++ = '\0';
	int r = parse_size(spec, size, err);
	if (r == 0 && rest != NULL)
		r = parse_rest(spec, rest, err);
	if (r == 0 && spec->bound && spec->backing == LAB_BACKING_GUEST_MEMFD)
		return err_say(err, EINVAL,
			       "guest_memfd lies where its VMM has it: without "
			       "node=");
	return r;
}
