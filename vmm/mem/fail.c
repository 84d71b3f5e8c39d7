/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "mem/fail.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const path_names[LAB_FAIL_MAX + 1] = {
	[LAB_FAIL_HYPERCALL] = "hypercall",
	[LAB_FAIL_LEASE] = "lease",
	[LAB_FAIL_MAP] = "map",
	[LAB_FAIL_LOCAL] = "local",
	[LAB_FAIL_REFILL] = "refill",
};

/* splitmix64: any seed will do, 0 and neighbours too. */
static uint64_t random_number(struct fail_point *point)
{
	uint64_t z = point->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void fail_seed(struct fail *self, uint64_t seed)
{
	/* Far apart, so that no path's numbers are another's, shifted. */
	for (unsigned path = 1; path <= LAB_FAIL_MAX; path++)
		self->points[path].random = seed ^ (uint64_t)path << 56;
}

static bool may_ever_fail(const struct lab_fail *attr)
{
	return attr->nth != 0 || (attr->probability != 0 && attr->times != 0);
}

static void arm(struct fail *self, uint64_t path)
{
	uint32_t bit = 1u << path;

	if (may_ever_fail(&self->points[path].attr))
		self->armed |= bit;
	else
		self->armed &= ~bit;
}

int fail_set(struct fail *self, uint64_t path, const struct lab_fail *attr)
{
	if (path == 0 || path > LAB_FAIL_MAX)
		return -EINVAL;
	if (attr->probability > 100 || attr->times < -1 ||
	    attr->min_order > LAB_MAX_ORDER ||
	    (attr->flags & ~LAB_FAIL_IGNORE_WAIT) != 0)
		return -EINVAL;
	self->points[path].attr = *attr;
	self->points[path].count = 0;
	arm(self, path);
	return 0;
}

/* The dice of should_fail() in Linux, in its order. */
static bool chance(struct fail_point *point, uint64_t pages)
{
	struct lab_fail *attr = &point->attr;

	if (attr->probability == 0 || attr->times == 0)
		return false;
	if (attr->space > pages) {
		attr->space -= pages;
		return false;
	}
	if (attr->interval > 1 && ++point->count % attr->interval != 0)
		return false;
	/* 0 to 99, all but evenly. */
	return (random_number(point) >> 32) * 100 >> 32 < attr->probability;
}

bool fail_armed(struct fail *self, enum lab_fail_path path, unsigned order,
		bool may_wait)
{
	struct fail_point *point = &self->points[path];
	struct lab_fail *attr = &point->attr;

	if (order < attr->min_order ||
	    (may_wait && (attr->flags & LAB_FAIL_IGNORE_WAIT)))
		return false;
	/* Until the n-th call is reached, nothing else counts. */
	bool fails = attr->nth != 0 ? --attr->nth == 0
				    : chance(point, UINT64_C(1) << order);
	if (!fails)
		return false;
	if (attr->times > 0)
		attr->times--;
	arm(self, path);
	return true;
}

/* The attributes that a text may name, and the largest value of each. */
enum attribute {
	PROBABILITY,
	INTERVAL,
	TIMES,
	SPACE,
	NTH,
	MIN_ORDER,
	IGNORE_WAIT,
	ATTRIBUTES
};

static const struct {
	const char *name;
	long long min, max;
} attributes[ATTRIBUTES] = {
	[PROBABILITY] = {"probability", 0, 100},
	[INTERVAL] = {"interval", 0, UINT32_MAX},
	[TIMES] = {"times", -1, INT64_MAX},
	[SPACE] = {"space", 0, INT64_MAX},
	[NTH] = {"nth", 0, INT64_MAX},
	[MIN_ORDER] = {"min-order", 0, LAB_MAX_ORDER},
	[IGNORE_WAIT] = {"ignore-gfp-wait", 0, 1},
};

/* Is the text from `at` to `end` this name? */
static bool is_name(const char *at, const char *end, const char *name)
{
	size_t length = strlen(name);

	return (size_t)(end - at) == length && memcmp(at, name, length) == 0;
}

/* The path before the colon, or 0. */
static unsigned find_path(const char *text)
{
	const char *colon = strchr(text, ':');

	for (unsigned path = 1; colon != NULL && path <= LAB_FAIL_MAX; path++)
		if (is_name(text, colon, path_names[path]))
			return path;
	return 0;
}

static int refuse_path(const char *text, struct err *err)
{
	char known[128] = "";
	size_t used = 0;

	for (unsigned path = 1; path <= LAB_FAIL_MAX; path++)
		used += (size_t)snprintf(known + used, sizeof(known) - used,
					 " `%s:`", path_names[path]);
	return err_say(err, EINVAL, "`%s` begins with none of%s", text, known);
}

/* A number that ends the text or stands before a comma; *end is there. */
static int parse_number(const char *text, const char **end, long long *value)
{
	const char *digits = text + (*text == '-');
	char *after;

	if (*digits < '0' || *digits > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoll(text, &after, 10);
	*end = after;
	return errno != 0 || (*after != '\0' && *after != ',') ? -EINVAL : 0;
}

/* One NAME=NUMBER at *at; *at moves behind its number. */
static int parse_attribute(const char **at, long long values[ATTRIBUTES],
			   struct err *err)
{
	const char *name = *at;
	int length = (int)strcspn(name, "=,");
	unsigned i = 0;

	while (i < ATTRIBUTES &&
	       !is_name(name, name + length, attributes[i].name))
		i++;
	if (i == ATTRIBUTES || name[length] != '=')
		return err_say(err, EINVAL,
			       "`%.*s` is no attribute with a value: "
			       "probability=, interval=, times=, space=, nth=, "
			       "min-order= and ignore-gfp-wait= are",
			       length, name);
	if (parse_number(name + length + 1, at, &values[i]) < 0 ||
	    values[i] < attributes[i].min || values[i] > attributes[i].max)
		return err_say(err, EINVAL,
			       "`%s`: %s is a number from %lld to %lld", name,
			       attributes[i].name, attributes[i].min,
			       attributes[i].max);
	return 0;
}

int fail_parse(struct fail *self, const char *text, struct err *err)
{
	long long values[ATTRIBUTES] = {[INTERVAL] = 1, [TIMES] = -1};
	unsigned path = find_path(text);
	const char *at = text;

	if (path == 0)
		return refuse_path(text, err);
	at = strchr(text, ':');
	do {
		at++;
		int r = parse_attribute(&at, values, err);
		if (r < 0)
			return r;
	} while (*at == ',');

	struct lab_fail attr = {
		.probability = (uint32_t)values[PROBABILITY],
		.interval = (uint32_t)values[INTERVAL],
		.times = values[TIMES],
		.space = (uint64_t)values[SPACE],
		.nth = (uint64_t)values[NTH],
		.min_order = (uint32_t)values[MIN_ORDER],
		.flags = values[IGNORE_WAIT] ? LAB_FAIL_IGNORE_WAIT : 0,
	};
	if (!may_ever_fail(&attr))
		return err_say(err, EINVAL,
			       "`%s` makes nothing fail: it takes probability= "
			       "(and times= other than 0), or nth=",
			       text);
	return fail_set(self, path, &attr);
}
