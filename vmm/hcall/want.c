/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/want.h"

#include <stddef.h>
#include <time.h>

void want_join(struct want_queue *self, struct want *want)
{
	want->id = ++self->last_id;
	want->next = NULL;
	want->prev = self->last;
	if (self->last != NULL)
		self->last->next = want;
	else
		self->first = want;
	self->last = want;
}

void want_leave(struct want_queue *self, struct want *want)
{
	if (want->id == 0)
		return;
	if (want->prev != NULL)
		want->prev->next = want->next;
	else
		self->first = want->next;
	if (want->next != NULL)
		want->next->prev = want->prev;
	else
		self->last = want->prev;
	want->id = 0;
}

void want_tell(struct want *want)
{
	if (want->told || want->looks == NULL)
		return;
	want->told = true;
	sem_post(want->looks);
}

uint64_t want_now(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
