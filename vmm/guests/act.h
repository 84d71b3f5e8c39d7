/* SPDX-License-Identifier: MIT */
/*
 * What may be done to guests, as functions that the program hands to rpc/. The
 * only thing that rpc/ knows of guests/. All of them run on the event loop and
 * do not wait.
 */
#ifndef LABYRINTH_GUESTS_ACT_H
#define LABYRINTH_GUESTS_ACT_H

#include <stdint.h>

#include "base/err.h"

struct act_source {
	/*
	 * End the running guest of this id at once, or ask it to end: see
	 * broker/command.h.
	 */
	int (*destroy)(void *context, uint32_t id, struct err *err);
	int (*shutdown)(void *context, uint32_t id, struct err *err);
	void *context;
};

#endif
