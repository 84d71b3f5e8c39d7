/* SPDX-License-Identifier: MIT */
/* The same as JSON, by json-c. */
#include <config.h>

#include "audit/print.h"

#include <errno.h>

#include <json.h>

#include "base/pages.h"

/* Of this shape of the output; larger when a reader would not understand. */
#define FORMAT 1

static void put_number(struct json_object *to, const char *key, uint64_t number)
{
	json_object_object_add(to, key, json_object_new_int64((int64_t)number));
}

static void put_text(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, json_object_new_string(text));
}

static struct json_object *pool_object(const struct lab_audit_pool *pool)
{
	struct json_object *to = json_object_new_object();

	put_text(to, "name", pool->name);
	put_text(to, "backing", pages_name(pool->backing));
	put_number(to, "leases", pool->total);
	put_number(to, "blank", pool->counts[LAB_EXTENT_BLANK]);
	put_number(to, "leased", pool->counts[LAB_EXTENT_LEASED]);
	put_number(to, "revoking", pool->counts[LAB_EXTENT_REVOKING]);
	put_number(to, "dirty", pool->counts[LAB_EXTENT_DIRTY]);
	put_number(to, "withdrawn", pool->counts[LAB_EXTENT_WITHDRAWN]);
	put_number(to, "guaranteed", pool->guaranteed);
	return to;
}

static struct json_object *guest_object(const struct snapshot *snapshot,
					const struct lab_audit_guest *guest)
{
	struct json_object *to = json_object_new_object();

	put_number(to, "id", guest->id);
	put_text(to, "name", guest->name);
	put_number(to, "pid", guest->pid);
	put_text(to, "pool", snapshot->pools[guest->pool].name);
	put_number(to, "held", guest->held);
	put_number(to, "guarantee", guest->guarantee);
	put_number(to, "limit", guest->limit);
	return to;
}

/* What does not apply to it is not there. */
static struct json_object *difference_object(const struct difference *d)
{
	struct json_object *to = json_object_new_object();

	put_text(to, "check", check_name(d->check));
	put_text(to, "pool", d->pool);
	if (d->extent != SNAPSHOT_NONE) {
		put_number(to, "extent", d->extent);
		put_number(to, "generation", d->generation);
	}
	if (d->guest[0] != '\0')
		put_text(to, "guest", d->guest);
	if (d->pid != 0)
		put_number(to, "pid", (uint64_t)d->pid);
	if (d->frame != 0)
		put_number(to, "frame", d->frame);
	put_text(to, "text", d->text);
	return to;
}

static struct json_object *checked_object(const struct rounds *rounds)
{
	const struct look *look = &rounds->last;
	struct json_object *to = json_object_new_object();

	put_number(to, "frames", look->frames);
	put_number(to, "leases", look->leases);
	put_number(to, "mappings", look->mappings);
	put_number(to, "processes", look->processes);
	put_number(to, "looks", rounds->looks);
	return to;
}

static struct json_object *whole(const struct rounds *rounds)
{
	const struct snapshot *snapshot = &rounds->last.snapshot;
	const struct differences *found = &rounds->last.differences;
	struct json_object *to = json_object_new_object();
	struct json_object *pools = json_object_new_array();
	struct json_object *guests = json_object_new_array();
	struct json_object *differences = json_object_new_array();

	for (uint32_t i = 0; i < snapshot->header->pools; i++)
		if (snapshot_covers(snapshot, i))
			json_object_array_add(pools,
					      pool_object(&snapshot->pools[i]));
	for (uint32_t i = 0; i < snapshot->header->guests; i++)
		if (snapshot_covers(snapshot, snapshot->guests[i].pool))
			json_object_array_add(
				guests,
				guest_object(snapshot, &snapshot->guests[i]));
	for (size_t i = 0; i < found->count; i++)
		json_object_array_add(differences,
				      difference_object(&found->all[i]));
	put_number(to, "format", FORMAT);
	put_number(to, "broker", (uint64_t)snapshot->broker);
	json_object_object_add(to, "pools", pools);
	json_object_object_add(to, "guests", guests);
	json_object_object_add(to, "checked", checked_object(rounds));
	json_object_object_add(to, "clean",
			       json_object_new_boolean(found->count == 0));
	json_object_object_add(to, "differences", differences);
	return to;
}

int print_json(const struct rounds *rounds, FILE *out)
{
	struct json_object *object = whole(rounds);
	const char *text =
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY);
	int r = 0;

	if (text == NULL || fprintf(out, "%s\n", text) < 0 || fflush(out) != 0)
		r = errno != 0 ? -errno : -EIO;
	json_object_put(object);
	return r;
}
