/* SPDX-License-Identifier: MIT */
/*
 * Who waits for leases, first come first. A vCPU waits in its own call; a
 * want of LAB_GFP_ASYNC has nobody waiting, and ends by an event. Owns no
 * memory: a want lies with who wants.
 */
#ifndef LABYRINTH_HCALL_WANT_H
#define LABYRINTH_HCALL_WANT_H

#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

struct want {
	uint64_t id;	   /* of the queue, from 1; 0 while it is in none */
	unsigned int order;
	uint64_t count;	   /* blocks; 0: to know that the supplier came by */
	/* ms: until then others may be asked to give back; once announced,
	 * until then what came is kept. */
	uint64_t deadline;
	int error;	   /* a negated errno: there will be none */
	bool announced;	   /* by an event; kept for it until the deadline */
	bool told;	   /* to look, and has not looked yet */
	/* Looks in a row that got nothing of what the table says is there. */
	unsigned int misses;
	sem_t *looks;	   /* posted when there may be; NULL: ends by an event */
	struct want *next;
	struct want *prev;
};

struct want_queue {
	uint64_t last_id;
	struct want *first;
	struct want *last;
};

/* Join the queue, behind all others. */
void want_join(struct want_queue *self, struct want *want);

/* Leave it; nothing happens to one that is in none. */
void want_leave(struct want_queue *self, struct want *want);

/* Have the vCPU of a want that is queued look again. Makes no call that
 * waits. */
void want_tell(struct want *want);

/* Now, in ms: what deadlines are counted in. */
uint64_t want_now(void);

#endif
