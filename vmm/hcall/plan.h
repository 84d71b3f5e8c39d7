/* SPDX-License-Identifier: MIT */
/*
 * What the supplier is to do next: which wants are served or over, for whom to
 * ask the broker, and what to give back. Decides, and keeps the books; does
 * nothing but to tell who waits. guest->lock is held by every caller.
 */
#ifndef LABYRINTH_HCALL_PLAN_H
#define LABYRINTH_HCALL_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "hcall/guest.h"
#include "lease/client.h"

/* What the broker has, it gives within so many ms. */
#define PLAN_PROMPT 100

/* ms for an answer that is under way, if there is who answers. */
#define PLAN_GRACE (UINT64_C(1000) * CLIENT_DEADLINE)

/*
 * So often in a row a want is told to look by the table alone, which its guest
 * may have written: then only a lease that came is a reason to look again.
 */
#define PLAN_MISSES 3

/* All zeroes but its guest is good. */
struct plan {
	struct hcall_guest *guest;
	uint64_t asked_for; /* the id of whose want; 0: a refill */
	uint64_t asked_at;  /* ms */
	bool patient;	    /* what was asked for may wait for other guests */
};

/* Decided with guest->lock held, done without. */
struct task {
	enum { NOTHING, GIVE, ASK } what;
	uint32_t extent;  /* GIVE: of the window */
	bool beside;	  /* GIVE: while a lease is on its way here */
	uint32_t wait_ms; /* ASK */
};

/*
 * Tell each want that can be served or is over at `now` (ms), and choose a
 * task. The guest is busy until it is done; what is to be given can no longer
 * be granted.
 */
struct task plan_next(struct plan *self, uint64_t now);

/* Ask for one ahead of demand; or nothing, where that is made to fail. */
struct task plan_ahead(struct plan *self);

/* What was asked for came: it is for this extent of the window. */
void plan_arrived(struct plan *self, uint32_t extent);

/* What was asked for will not come, for this reason (a negated errno). */
void plan_refused(struct plan *self, int error);

/* What was to be given, by this task, has been. */
void plan_given(struct plan *self, const struct task *task);

/* When the first want is over, in ms; UINT64_MAX without any. */
uint64_t plan_end(const struct plan *self);

#endif
