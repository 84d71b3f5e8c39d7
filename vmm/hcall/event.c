/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/event.h"

#include <stddef.h>

/* The page is the guest's: nothing of it is read. */
static void write_levels(const struct events *self)
{
	struct lab_status *page = self->status;

	if (page == NULL)
		return;
	__atomic_store_n(&page->own, self->now.own, __ATOMIC_RELAXED);
	__atomic_store_n(&page->pool, self->now.pool, __ATOMIC_RELAXED);
	__atomic_store_n(&page->level, self->now.level, __ATOMIC_RELEASE);
}

void event_listen(struct events *self, struct lab_status *status,
		  unsigned int vector, unsigned int cpu)
{
	self->status = status;
	self->vector = vector;
	self->cpu = cpu;
	self->untold = false;
	if (status == NULL)
		return;
	__atomic_store_n(&status->pending, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&status->events, self->now.events, __ATOMIC_RELAXED);
	write_levels(self);
	if (self->now.level != LAB_LEVEL_NONE)
		event_raise(self, LAB_EVENT_LEVEL);
}

bool event_levels(struct events *self, enum lab_level own, enum lab_level pool)
{
	enum lab_level level = own > pool ? own : pool;
	bool changed = level != self->now.level;

	if (!changed && own == self->now.own && pool == self->now.pool)
		return false;
	self->now.own = own;
	self->now.pool = pool;
	self->now.level = level;
	write_levels(self);
	if (changed)
		event_raise(self, LAB_EVENT_LEVEL);
	return changed && self->status != NULL;
}

void event_raise(struct events *self, uint32_t event)
{
	struct lab_status *page = self->status;

	if (page == NULL)
		return;
	self->now.events++;
	__atomic_store_n(&page->events, self->now.events, __ATOMIC_RELAXED);
	__atomic_fetch_or(&page->pending, event, __ATOMIC_RELEASE);
	self->untold = self->vector != 0;
}
