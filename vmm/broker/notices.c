/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/notices.h"

#include <stddef.h>
#include <string.h>

static void forget(struct notices *self, struct notice *notice)
{
	struct notice *end = &self->notice[self->count--];

	memmove(notice, notice + 1,
		(size_t)(end - (notice + 1)) * sizeof(*notice));
}

static struct notice *find(const struct notices *self, uint64_t id)
{
	for (unsigned int i = 0; i < self->count; i++)
		if (self->notice[i].id == id)
			return (struct notice *)&self->notice[i];
	return NULL;
}

bool notices_room(const struct notices *self)
{
	return self->count < LAB_REVOKING_MAX;
}

void notices_add(struct notices *self, uint64_t id,
		 enum lab_revoke_reason reason, uint64_t due)
{
	self->notice[self->count++] =
		(struct notice){.id = id, .due = due, .reason = reason};
}

const struct notice *notices_find(const struct notices *self, uint64_t id)
{
	return find(self, id);
}

struct notice *notices_first(struct notices *self,
			     enum lab_revoke_reason reason)
{
	for (unsigned int i = 0; i < self->count; i++)
		if (!self->notice[i].off && self->notice[i].reason == reason)
			return &self->notice[i];
	return NULL;
}

struct notice *notices_last(struct notices *self)
{
	for (unsigned int i = self->count; i > 0; i--)
		if (!self->notice[i - 1].off)
			return &self->notice[i - 1];
	return NULL;
}

bool notices_end(struct notices *self, uint64_t id)
{
	struct notice *notice = find(self, id);

	if (notice == NULL)
		return false;
	bool stood = !notice->off;
	forget(self, notice);
	return stood;
}

void notices_call_off(struct notices *self, struct notice *notice)
{
	if (!notice->told) {
		forget(self, notice);
		return;
	}
	notice->off = true;
	notice->told = false;
}

struct notice *notices_untold(struct notices *self)
{
	for (unsigned int i = 0; i < self->count; i++)
		if (!self->notice[i].told)
			return &self->notice[i];
	return NULL;
}

void notices_told(struct notices *self, struct notice *notice)
{
	notice->told = true;
	if (notice->off)
		forget(self, notice);
}
