/* SPDX-License-Identifier: MIT */
/*
 * The guest's kicks: KVM writes them to an eventfd, in which many are as one.
 * A guest may kick in a loop, and each would have the supplier go round: so
 * those after which there was nothing to do are metered, and for a while none
 * is listened to. None is lost by that, and nothing else waits.
 */
#ifndef LABYRINTH_HCALL_KICKS_H
#define LABYRINTH_HCALL_KICKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/meter.h"

/* So many for nothing at once, and then in so many ms one, and the one that has
 * it deaf. */
#define KICKS_BURST  64
#define KICKS_PERIOD 10

struct kicks {
	int fd;		    /* what KVM is to write to */
	struct meter idle;  /* of those for nothing */
	uint64_t deaf_till; /* ms */
};

/* 0 or a negated errno; kicks_close() in any case. */
int kicks_open(struct kicks *self, struct err *err);
void kicks_close(struct kicks *self);

/* What to poll at `now` (ms, as want_now()); -1 while none is listened to, and
 * then *ms is less if that ends before. */
int kicks_listen(const struct kicks *self, uint64_t now, int *ms);

/* Take them, after a poll that said so: was there one? */
bool kicks_take(struct kicks *self);

/* There was one, and nothing to do. */
void kicks_idle(struct kicks *self, uint64_t now);

#endif
