/* SPDX-License-Identifier: MIT */
/*
 * What the guest is told by itself: a page of its own that the VMM writes, and
 * an interrupt. What happened is noted at once; the interrupt follows by the
 * supplier, for it is a system call.
 */
#ifndef LABYRINTH_HCALL_EVENT_H
#define LABYRINTH_HCALL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/hypercall.h>

/* All zeroes: the guest wants to hear nothing. */
struct events {
	struct lab_status *status; /* in the guest's RAM; NULL: nowhere */
	unsigned int vector;	   /* 0: no interrupt */
	unsigned int cpu;
	bool untold;	       /* an interrupt is due */
	bool notices;	       /* there is room for them */
	struct lab_status now; /* what the page says, or would */
	uint32_t serial;       /* of the latest notice */
};

/*
 * The guest wants to hear, in so many bytes (at least LAB_STATUS_MIN) at
 * `status`; `now` is told at once if it is not all calm.
 */
void event_listen(struct events *self, struct lab_status *status, size_t bytes,
		  unsigned int vector, unsigned int cpu);

/* The levels are these now. True if the guest should hear of a change. */
bool event_levels(struct events *self, enum lab_level own, enum lab_level pool);

/*
 * The extent at this address is about to be taken, in so many ms. In a slot
 * (below LAB_NOTICES) whose notice before is over.
 */
void event_notice(struct events *self, unsigned int slot, uint64_t address,
		  uint32_t ms);

/* The notice in this slot is over. */
void event_notice_over(struct events *self, unsigned int slot);

/* This happened (one of LAB_EVENT_*). */
void event_raise(struct events *self, uint32_t event);

#endif
