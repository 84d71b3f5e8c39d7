/* SPDX-License-Identifier: MIT */
/* What is in an element: names, numbers, sizes. */
#include <config.h>

#include "guests/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <labyrinth/hypercall.h>

#include "broker/registry.h"

int rules_name(char name[LAB_NAME_MAX], xmlNodePtr node, const char *text,
	       struct err *err)
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

bool rules_number(const char *text, uint64_t *number)
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

int rules_size(uint64_t *leases, const char *unit, xmlNodePtr node,
	       const char *text, uint64_t most, struct err *err)
{
	xmlChar *own = xmlGetNoNsProp(node, BAD_CAST "unit");
	uint64_t scale = unit_bytes(own != NULL ? (const char *)own : unit);
	uint64_t number, bytes;

	xmlFree(own);
	if (scale == 0)
		return rules_refuse(err, ENOTSUP, node,
				    "this unit is not known");
	if (!rules_number(text, &number))
		return rules_refuse(err, EINVAL, node, "this is no size");
	if (__builtin_mul_overflow(number, scale, &bytes) || bytes == 0 ||
	    bytes > most * LAB_EXTENT_SIZE) {
		char why[64];
		snprintf(why, sizeof(why), "1 byte to %llu TiB",
			 (unsigned long long)most / 524288);
		return rules_refuse(err, EINVAL, node, why);
	}
	*leases = (bytes + LAB_EXTENT_SIZE - 1) / LAB_EXTENT_SIZE;
	return 0;
}
