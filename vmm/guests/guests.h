/* SPDX-License-Identifier: MIT */
/* Doing to guests what administrators ask for: behind act.h. */
#ifndef LABYRINTH_GUESTS_GUESTS_H
#define LABYRINTH_GUESTS_GUESTS_H

#include "broker/registry.h"
#include "guests/act.h"

struct guests {
	struct registry *registry; /* the broker's */
};

/* The functions; valid as long as `self`. */
struct act_source guests_acts(struct guests *self);

#endif
