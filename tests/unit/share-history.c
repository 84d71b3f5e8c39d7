/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "share-history.h"

#include <stdlib.h>
#include <string.h>

#include <labyrinth/hypercall.h>

static void *array_new(size_t count, size_t bytes)
{
	void *array = calloc(count, bytes);

	if (array == NULL)
		abort();
	return array;
}

struct history *history_new(uint32_t extents, uint32_t leases, uint32_t clock)
{
	struct history *self = array_new(1, sizeof(*self));

	self->pages = extents * LAB_EXTENT_PAGES;
	self->leased = (int32_t)(leases * LAB_EXTENT_PAGES);
	self->clock = clock;
	self->free_at = array_new(self->pages, sizeof(*self->free_at));
	self->asked = array_new(clock + 1u, sizeof(*self->asked));
	self->ended = array_new(clock + 1u, sizeof(*self->ended));
	return self;
}

void history_free(struct history *self)
{
	free(self->free_at);
	free(self->asked);
	free((void *)self->ended);
	free(self);
}

void history_forget(struct history *self, uint32_t page, uint32_t pages)
{
	for (uint32_t i = 0; i < pages; i++)
		self->free_at[page + i] = 0;
	self->carried -= pages;
}

/* Enter an event: where it ended, and which pages are not to be had when. */
static void enter(struct history *self, const struct event *event)
{
	/* What is held from before counts as carried. */
	if (!event->before)
		self->asked[event->begin] += (int32_t)event->pages;
	if (event->until != HISTORY_HELD)
		self->asked[event->until_end] -= (int32_t)event->pages;
	if (event->page == HISTORY_NONE)
		return;
	if (!event->before) {
		self->ended[event->end] = event;
		return;
	}
	for (uint32_t i = 0; i < event->pages; i++)
		self->free_at[event->page + i] = event->until;
}

/* In the order in which the grants ended. */
static const char *check_owners(struct history *self)
{
	for (uint32_t t = 0; t <= self->clock; t++) {
		const struct event *event = self->ended[t];

		if (event == NULL)
			continue;
		self->checked++;
		for (uint32_t i = 0; i < event->pages; i++) {
			uint32_t *at = &self->free_at[event->page + i];

			if (*at >= event->end)
				return "a page had two owners at once";
			*at = event->until;
		}
	}
	return NULL;
}

/* Was there a moment of it when more was asked for than there is? */
static bool explained(const struct history *self, const struct event *event)
{
	for (uint32_t t = event->begin; t <= event->end; t++)
		if (self->asked[t] > self->leased)
			return true;
	return false;
}

static int32_t sum_asked(struct history *self)
{
	int32_t sum = 0;

	for (uint32_t t = 0; t <= self->clock; t++) {
		sum += self->asked[t];
		self->asked[t] = sum;
	}
	return sum;
}

static void next_epoch(struct history *self)
{
	for (uint32_t i = 0; i < self->pages; i++)
		if (self->free_at[i] != HISTORY_HELD)
			self->free_at[i] = 0;
}

const char *history_check(struct history *self, unsigned threads,
			  struct event *const *logs, const uint32_t *counts)
{
	memset(self->asked, 0, (self->clock + 1) * sizeof(*self->asked));
	memset((void *)self->ended, 0,
	       (self->clock + 1) * sizeof(*self->ended));
	self->asked[0] = (int32_t)self->carried;
	for (unsigned i = 0; i < threads; i++)
		for (uint32_t n = 0; n < counts[i]; n++)
			enter(self, &logs[i][n]);
	const char *fault = check_owners(self);

	self->carried = sum_asked(self);
	for (unsigned i = 0; i < threads; i++)
		for (uint32_t n = 0; n < counts[i]; n++) {
			if (!logs[i][n].refused_of_zero)
				continue;
			self->refusals++;
			if (!explained(self, &logs[i][n]))
				fault = "refused, though there was a page";
		}
	next_epoch(self);
	return fault;
}
