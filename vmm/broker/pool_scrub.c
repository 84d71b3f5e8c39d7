/* SPDX-License-Identifier: MIT */
/* What a pool does by itself, a lease at a time: scrub, grow, shrink, retry. */
#include <config.h>

#include "broker/pool_private.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/probe.h"
#include "broker/backing.h"

/* One line when memory runs short, and one when all is well again. */
static void starve(struct pool *self, int reason)
{
	if (!self->starving)
		log_warning("pool %s: no memory for a fresh lease (%s); "
			    "withdrawn until there is",
			    self->name, strerror(reason));
	self->starving = true;
}

/* Bring in, one by one, what is missing: new, or withdrawn without memory. */
static void bring_in(struct pool *self)
{
	if (ledger_due(self->ledger) > 0) {
		ledger_move(self->ledger,
			    ledger_first(self->ledger, EXTENT_WITHDRAWN),
			    EXTENT_DIRTY, NULL);
		return;
	}
	if (self->starving)
		log_info("pool %s: all leases are in service again",
			 self->name);
	self->starving = false;
}

static void say_resized(struct pool *self)
{
	if (self->resizing && ledger_missing(self->ledger) == 0 &&
	    ledger_surplus(self->ledger) == 0) {
		log_info("pool %s has %u leases now", self->name,
			 ledger_size(self->ledger));
		self->resizing = false;
	}
}

/* Of what is free and too many, what is cheapest. */
static void withdraw(struct pool *self)
{
	uint32_t extent = ledger_first(self->ledger, EXTENT_DIRTY);

	if (extent == LEDGER_NO_EXTENT)
		extent = ledger_first(self->ledger, EXTENT_BLANK);
	pool_drop_file(self, extent);
	ledger_move(self->ledger, extent, EXTENT_WITHDRAWN, NULL);
}

static void scrub(struct pool *self, uint32_t extent)
{
	int r = pool_fresh_file(self, extent);

	PROBE(pool_fresh, extent, r);
	if (r < 0) {
		ledger_move(self->ledger, extent, EXTENT_WITHDRAWN, NULL);
		starve(self, -r);
		return;
	}
	ledger_move(self->ledger, extent, EXTENT_BLANK, NULL);
	PROBE(pool_scrubbed, extent);
	bring_in(self);
}

bool pool_busy(const struct pool *self)
{
	return ledger_excess(self->ledger) > 0 ||
	       ledger_count(self->ledger, EXTENT_DIRTY) > 0;
}

bool pool_scrub(struct pool *self)
{
	if (!pool_busy(self))
		return false;
	if (ledger_excess(self->ledger) > 0)
		withdraw(self);
	else
		scrub(self, ledger_first(self->ledger, EXTENT_DIRTY));
	say_resized(self);
	return true;
}

bool pool_ailing(const struct pool *self)
{
	return ledger_due(self->ledger) > 0 ||
	       ledger_count(self->ledger, EXTENT_REVOKING) > 0;
}

void pool_retry(struct pool *self)
{
	uint32_t stuck = ledger_count(self->ledger, EXTENT_REVOKING);

	for (; stuck > 0; stuck--) {
		uint32_t extent = ledger_first(self->ledger, EXTENT_REVOKING);
		if (pool_cut(self, extent) < 0)
			break;
	}
	if (ledger_due(self->ledger) > 0 &&
	    ledger_count(self->ledger, EXTENT_DIRTY) == 0)
		bring_in(self);
}

/* Can it be had, as far as can be known at once? */
static int check_size(const struct pool *self, uint32_t size, struct err *err)
{
	const struct ledger *ledger = self->ledger;
	uint32_t free_records = ledger_count(ledger, EXTENT_WITHDRAWN);
	uint32_t in_service = ledger_total(ledger) - free_records;

	if (size == 0 || size > POOL_LEASES_MAX)
		return err_say(err, EINVAL,
			       "pool %s: it can have 1 to %u leases of 2M, "
			       "not %u",
			       self->name, POOL_LEASES_MAX, size);
	if (size < ledger_guaranteed(ledger))
		return err_say(err, EBUSY,
			       "pool %s: %u leases are promised to its guests, "
			       "so it cannot have %u",
			       self->name, ledger_guaranteed(ledger), size);
	if (size <= in_service)
		return 0;
	int r = backing_check(self->backing, size - in_service, self->node,
			      err);
	return r == 0 ? 0 : err_wrap(err, "pool %s", self->name);
}

int pool_resize(struct pool *self, uint32_t size, struct err *err)
{
	uint32_t total = ledger_total(self->ledger);

	int r = check_size(self, size, err);
	if (r < 0)
		return r;
	if (size > total && pool_make_room(self, total, size) < 0)
		return err_set(err, ENOMEM, "pool %s", self->name);
	/* The journal has room for what the ledger has, never the reverse. */
	r = self->journal != NULL ? journal_resize(self->journal, size, err)
				  : 0;
	if (r < 0)
		return r;
	if (ledger_resize(self->ledger, size) < 0) {
		if (self->journal != NULL)
			(void)journal_resize(self->journal,
					     ledger_size(self->ledger), err);
		return err_set(err, ENOMEM, "pool %s", self->name);
	}
	log_info("pool %s: it is to have %u leases", self->name, size);
	self->shortage.marks = watermark_for(size);
	self->resizing = true;
	if (ledger_count(self->ledger, EXTENT_DIRTY) == 0)
		bring_in(self);
	say_resized(self);
	return 0;
}
