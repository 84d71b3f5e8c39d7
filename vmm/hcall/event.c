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

/* The guest reads serial before and after the rest: it never sees a half. */
static void write_notice(const struct events *self, unsigned int slot)
{
	const struct lab_notice *notice = &self->now.notices[slot];

	if (self->status == NULL || !self->notices)
		return;
	struct lab_notice *to = &self->status->notices[slot];
	__atomic_store_n(&to->serial, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&to->address, notice->address, __ATOMIC_RELEASE);
	__atomic_store_n(&to->ms, notice->ms, __ATOMIC_RELEASE);
	__atomic_store_n(&to->serial, notice->serial, __ATOMIC_RELEASE);
}

static bool any_notice(const struct events *self)
{
	bool any = false;

	for (unsigned int i = 0; i < LAB_NOTICES; i++)
		any = any || self->now.notices[i].serial != 0;
	return any;
}

void event_listen(struct events *self, struct lab_status *status, size_t bytes,
		  unsigned int vector, unsigned int cpu)
{
	self->status = status;
	self->notices = bytes >= sizeof(*status);
	self->vector = vector;
	self->cpu = cpu;
	self->untold = false;
	if (status == NULL)
		return;
	__atomic_store_n(&status->pending, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&status->events, self->now.events, __ATOMIC_RELAXED);
	write_levels(self);
	for (unsigned int i = 0; i < LAB_NOTICES; i++)
		write_notice(self, i);
	if (self->now.level != LAB_LEVEL_NONE)
		event_raise(self, LAB_EVENT_LEVEL);
	if (self->notices && any_notice(self))
		event_raise(self, LAB_EVENT_REVOKE);
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

void event_notice(struct events *self, unsigned int slot, uint64_t address,
		  uint32_t ms)
{
	self->serial = self->serial == UINT32_MAX ? 1 : self->serial + 1;
	self->now.notices[slot] = (struct lab_notice){
		.address = address, .serial = self->serial, .ms = ms};
	write_notice(self, slot);
	if (self->notices)
		event_raise(self, LAB_EVENT_REVOKE);
}

void event_notice_over(struct events *self, unsigned int slot)
{
	self->now.notices[slot] = (struct lab_notice){0};
	write_notice(self, slot);
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
