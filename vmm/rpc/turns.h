/* SPDX-License-Identifier: MIT */
/*
 * A loop inside the program's loop, whose sources together count as one: of
 * each round of the outer loop they get one turn, however many they are, and
 * however busy the others. So neither can viewers keep the guests from the
 * broker, nor the guests the viewers.
 */
#ifndef LABYRINTH_RPC_TURNS_H
#define LABYRINTH_RPC_TURNS_H

#include <systemd/sd-event.h>

struct turns {
	sd_event *inner; /* for sources that share the turn */
	sd_event_source *ready;
	/* A clock that has run out, and no defer source: one of those is always
	 * the oldest of its priority, and so comes before all others. */
	sd_event_source *again;
};

/* 0 or a negated errno; on failure self is as after turns_end(). */
int turns_begin(struct turns *self, sd_event *outer);

/* From outside of the turn: a source's time or events have changed. */
void turns_stir(struct turns *self);

/* The sources of the inner loop must be gone. */
void turns_end(struct turns *self);

#endif
