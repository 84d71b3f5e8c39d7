/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/queue.h"

#include <stddef.h>

void queue_append(struct queue *self, struct waiter *waiter, uint64_t deadline)
{
	*waiter = (struct waiter){
		.queue = self, .deadline = deadline, .prev = self->last};
	if (self->last != NULL)
		self->last->next = waiter;
	else
		self->first = waiter;
	self->last = waiter;
}

void queue_leave(struct waiter *waiter)
{
	struct queue *queue = waiter->queue;

	if (queue == NULL)
		return;
	if (waiter->next != NULL)
		waiter->next->prev = waiter->prev;
	else
		queue->last = waiter->prev;
	if (waiter->prev != NULL)
		waiter->prev->next = waiter->next;
	else
		queue->first = waiter->next;
	*waiter = (struct waiter){0};
}
