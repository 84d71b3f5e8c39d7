/* SPDX-License-Identifier: MIT */
/* How a pool begins and ends: by its journal, with all its memory. */
#include <config.h>

#include "broker/pool_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uuid.h>

#include "base/log.h"
#include "base/pages.h"
#include "base/probe.h"
#include "broker/backing.h"

/* Pools are named in this space: RFC 4122, version 5. */
static const uuid_t pool_space = {0x6c, 0x61, 0x62, 0x79, 0x72, 0x69,
				  0x4e, 0x54, 0x88, 0x70, 0x6f, 0x6f,
				  0x6c, 0x73, 0x00, 0x01};

void pool_own_uuid(uint8_t uuid[16], const char *name)
{
	uuid_generate_sha1(uuid, pool_space, name, strlen(name));
}

static int open_journal(struct pool *self, const struct pool_spec *spec,
			const char *dir, struct err *err)
{
	char path[256];

	if (snprintf(path, sizeof(path), "%s/%s.ledger", dir, self->name) >=
	    (int)sizeof(path))
		return err_say(err, ENAMETOOLONG,
			       "the run directory's name is too long: %s", dir);
	int r = journal_open(&self->journal, path, self->name, spec->leases,
			     LAB_BACKING_SHMEM, err);
	if (r < 0 || !journal_kept(self->journal))
		return r;
	self->backing = journal_backing(self->journal);
	if ((!self->chosen && self->backing != spec->backing) ||
	    journal_node(self->journal) != self->node)
		return err_say(err, EBUSY,
			       "pool %s is of %s, on the node that it had, and "
			       "guests of the broker before may still hold "
			       "some of it: let it be so, or end them and "
			       "remove %s",
			       self->name, pages_title(self->backing), path);
	return 0;
}

/* What its leases are of, where no earlier broker's decide it. */
static void choose(struct pool *self, const struct pool_spec *spec,
		   uint32_t size)
{
	if (self->journal != NULL && journal_kept(self->journal))
		return;
	self->backing =
		self->chosen ? backing_choose(size, self->node) : spec->backing;
	if (self->journal == NULL)
		return;
	journal_set_backing(self->journal, self->backing);
	journal_set_node(self->journal, self->node);
}

static int begin(struct pool *self, const struct pool_spec *spec,
		 const char *dir, struct err *err)
{
	uint32_t size = spec->leases, total = spec->leases;

	strcpy(self->name, spec->name);
	pool_own_uuid(self->uuid, spec->name);
	self->node = spec->bound ? spec->node : NUMA_ANY;
	self->chosen = spec->backing == 0;
	int r = dir != NULL ? open_journal(self, spec, dir, err) : 0;
	if (r < 0)
		return r;
	if (self->journal != NULL) {
		size = journal_size(self->journal);
		total = journal_total(self->journal);
	}
	self->ledger = ledger_new(total);
	if (self->ledger == NULL || pool_make_room(self, 0, total) < 0)
		return err_set(err, ENOMEM, "pool %s", spec->name);
	/* Not more than there are: this has no memory to find. */
	(void)ledger_resize(self->ledger, size);
	self->shortage.marks = watermark_for(size);
	choose(self, spec, size);
	return 0;
}

void pool_free(struct pool *self)
{
	if (self == NULL)
		return;
	for (uint32_t i = 0;
	     self->files != NULL && i < ledger_total(self->ledger); i++) {
		if (self->files[i] >= 0)
			close(self->files[i]);
	}
	journal_close(self->journal);
	ledger_free(self->ledger);
	free(self->files);
	free(self->inodes);
	free(self);
}

int pool_open(struct pool **out, const struct pool_spec *spec, const char *dir,
	      struct err *err)
{
	if (spec->leases == 0 || spec->leases > POOL_LEASES_MAX)
		return err_say(err, EINVAL,
			       "pool %s: it can have 1 to %u leases of 2M, "
			       "not %u",
			       spec->name, POOL_LEASES_MAX, spec->leases);
	if (spec->bound && numa_check(spec->node, err) < 0)
		return err_wrap(err, "pool %s", spec->name);
	struct pool *self = calloc(1, sizeof(*self));
	if (self == NULL)
		return err_set(err, ENOMEM, "pool %s", spec->name);
	int r = begin(self, spec, dir, err);
	if (r < 0) {
		pool_free(self);
		return r;
	}
	*out = self;
	return 0;
}

/* Allocation of a big pool takes a while: tell who waits. */
static void say_progress(const struct pool *self, time_t *said)
{
	time_t now = time(NULL);

	if (*said == 0)
		*said = now;
	if (now - *said < 2)
		return;
	*said = now;
	log_info("pool %s: %u of %u leases allocated", self->name,
		 ledger_count(self->ledger, EXTENT_BLANK),
		 ledger_size(self->ledger));
}

/* The next extent that is to be blank and is not. */
static uint32_t next_to_fill(const struct pool *self)
{
	uint32_t dirty = ledger_first(self->ledger, EXTENT_DIRTY);

	if (dirty != LEDGER_NO_EXTENT || ledger_due(self->ledger) == 0)
		return dirty;
	return ledger_first(self->ledger, EXTENT_WITHDRAWN);
}

static int fill(struct pool *self, struct err *err)
{
	uint32_t needed = ledger_due(self->ledger) +
			  ledger_count(self->ledger, EXTENT_DIRTY);
	time_t said = 0;
	uint32_t i;

	int r = backing_check(self->backing, needed, self->node, err);
	if (r < 0)
		return err_wrap(err, "pool %s", self->name);
	while ((i = next_to_fill(self)) != LEDGER_NO_EXTENT) {
		r = pool_fresh_file(self, i);
		if (r < 0)
			return err_set(
				err, -r,
				"pool %s: allocate lease %u of %u on %s",
				self->name,
				ledger_count(self->ledger, EXTENT_BLANK) + 1,
				ledger_size(self->ledger),
				pages_title(self->backing));
		if (ledger_state(self->ledger, i) == EXTENT_WITHDRAWN)
			ledger_move(self->ledger, i, EXTENT_DIRTY, NULL);
		ledger_move(self->ledger, i, EXTENT_BLANK, NULL);
		say_progress(self, &said);
	}
	PROBE(pool_filled, ledger_total(self->ledger));
	return 0;
}

/* Whatever is blank goes: another backing is tried. */
static void empty(struct pool *self)
{
	uint32_t i;

	while ((i = ledger_first(self->ledger, EXTENT_BLANK)) !=
	       LEDGER_NO_EXTENT) {
		pool_drop_file(self, i);
		ledger_move(self->ledger, i, EXTENT_WITHDRAWN, NULL);
	}
}

int pool_fill(struct pool *self, struct err *err)
{
	int r = fill(self, err);

	if (r == 0 || !self->chosen || self->backing == LAB_BACKING_SHMEM ||
	    ledger_count(self->ledger, EXTENT_LEASED) > 0)
		return r;
	/* What looked like enough of them was not. */
	log_warning("%s; it gets small pages", err->text);
	empty(self);
	self->backing = LAB_BACKING_SHMEM;
	if (self->journal != NULL)
		journal_set_backing(self->journal, self->backing);
	return fill(self, err);
}

int pool_new(struct pool **out, const struct pool_spec *spec, struct err *err)
{
	struct pool *self = NULL;

	int r = pool_open(&self, spec, NULL, err);
	if (r == 0)
		r = pool_fill(self, err);
	if (r < 0) {
		pool_free(self);
		return r;
	}
	*out = self;
	return 0;
}
