/* SPDX-License-Identifier: MIT */
/*
 * Those who wait for a lease of one pool, first come first in the list. Owns
 * no memory: a waiter lies in the structure of the one who waits.
 */
#ifndef LABYRINTH_BROKER_QUEUE_H
#define LABYRINTH_BROKER_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct queue;

struct waiter {
	struct queue *queue; /* NULL while it does not wait */
	uint64_t deadline;   /* us; from then on it takes no for an answer */
	bool unmet;	     /* no lease that is blank or dirty is for it */
	unsigned int rounds; /* how often others were asked on its behalf */
	struct waiter *next;
	struct waiter *prev;
};

struct queue {
	struct waiter *first;
	struct waiter *last;
};

/* Start to wait, behind all others. It does not wait yet. */
void queue_append(struct queue *self, struct waiter *waiter, uint64_t deadline);

/* Wait no more; nothing happens to one that does not. */
void queue_leave(struct waiter *waiter);

#endif
