/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/taken.h"

#include <stddef.h>
#include <string.h>

static void drop(struct taken *self, unsigned int at)
{
	self->count--;
	memmove(&self->lease[at], &self->lease[at + 1],
		(self->count - at) * sizeof(self->lease[0]));
}

bool taken_room(const struct taken *self)
{
	return self->count < LAB_REVOKED_MAX;
}

bool taken_add(struct taken *self, uint64_t id, enum lab_revoke_reason reason)
{
	bool room = taken_room(self);

	if (!room)
		drop(self, 0);
	self->lease[self->count++] =
		(struct taken_lease){.id = id, .reason = reason};
	return room;
}

bool taken_remove(struct taken *self, uint64_t id)
{
	for (unsigned int i = 0; i < self->count; i++) {
		if (self->lease[i].id != id)
			continue;
		drop(self, i);
		return true;
	}
	return false;
}

bool taken_has(const struct taken *self, uint64_t id)
{
	for (unsigned int i = 0; i < self->count; i++)
		if (self->lease[i].id == id)
			return true;
	return false;
}

uint64_t taken_since(struct taken *self, uint64_t now)
{
	for (unsigned int i = 0; i < self->count; i++)
		if (self->lease[i].since == 0)
			self->lease[i].since = now;
	return self->lease[0].since;
}

struct taken_lease *taken_untold(struct taken *self)
{
	for (unsigned int i = 0; i < self->count; i++)
		if (!self->lease[i].told)
			return &self->lease[i];
	return NULL;
}
