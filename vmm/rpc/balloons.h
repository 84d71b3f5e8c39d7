/* SPDX-License-Identifier: MIT */
/* What each guest held when it was last looked at, to see what has changed. */
#ifndef LABYRINTH_RPC_BALLOONS_H
#define LABYRINTH_RPC_BALLOONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/view.h"

struct balloon {
	uint32_t id; /* of the guest */
	uint64_t leases;
};

/* All zeroes: nothing is known. */
struct balloons {
	struct balloon *all; /* in order of id; NULL: nothing is known */
	size_t count;
};

/*
 * Compare with a view, and know that from now on: changed() is called for each
 * guest that was known and holds more or less now. NULL: nobody is told.
 */
void balloons_compare(struct balloons *self, const struct view *view,
		      void (*changed)(void *context,
				      const struct view_guest *guest),
		      void *context);

bool balloons_known(const struct balloons *self);

void balloons_forget(struct balloons *self);

#endif
