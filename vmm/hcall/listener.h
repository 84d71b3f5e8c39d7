/* SPDX-License-Identifier: MIT */
/*
 * The thread of the VMM that is not a vCPU: it hears what the broker says by
 * itself, and gives back what is asked for while no vCPU is talking with it.
 */
#ifndef LABYRINTH_HCALL_LISTENER_H
#define LABYRINTH_HCALL_LISTENER_H

#include <pthread.h>

#include "base/err.h"
#include "hcall/guest.h"
#include "lease/client.h"

struct listener {
	struct hcall_guest *guest;
	struct client *client; /* guest->leasing held */
	pthread_t thread;
	int stop; /* eventfd; -1 while there is no thread */
};

#define LISTENER_NONE ((struct listener){.stop = -1})

/*
 * The events of a client whose guest is `guest`, for client_hello(); they note
 * what was said, and are called with guest->leasing held.
 */
struct client_events listener_events(struct hcall_guest *guest);

/* Start the thread. guest and client outlive it. */
int listener_start(struct listener *self, struct hcall_guest *guest,
		   struct client *client, struct err *err);

/* End the thread, and wait for it. */
void listener_stop(struct listener *self);

#endif
