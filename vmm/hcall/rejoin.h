/* SPDX-License-Identifier: MIT */
/*
 * Back to a broker: what the supplier does while there is none. It knocks from
 * time to time, never waits, and knows nothing of the guest but what a HELLO
 * says.
 */
#ifndef LABYRINTH_HCALL_REJOIN_H
#define LABYRINTH_HCALL_REJOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "lease/client.h"

/* ms between two knocks. */
#define REJOIN_PERIOD 100

struct rejoin {
	struct client *client;
	const struct client_request *request;
	const char *path; /* of the broker's socket; NULL: it had none */
	uint64_t next;	  /* ms, when to knock again */
	bool asked;	  /* and not answered yet */
};

/* The broker is gone. False when there will be no other. */
bool rejoin_begin(struct rejoin *self);

/*
 * Go on at `now` (ms), of a guest that holds so many leases. 0: there is a
 * broker again, and a line in the log; -EAGAIN: not yet; else it will not have
 * us, which is logged.
 */
int rejoin_step(struct rejoin *self, uint64_t now, uint64_t held);

/* ms until there is something to do but to hear the client's socket, or -1. */
int rejoin_patience(const struct rejoin *self, uint64_t now);

#endif
