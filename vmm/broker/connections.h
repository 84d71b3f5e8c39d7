/* SPDX-License-Identifier: MIT */
/*
 * The clients of the lease socket on the event loop: one session for each,
 * taken in as long as there are slots and descriptors.
 */
#ifndef LABYRINTH_BROKER_CONNECTIONS_H
#define LABYRINTH_BROKER_CONNECTIONS_H

#include <stdbool.h>

#include <systemd/sd-event.h>

#include "base/err.h"
#include "broker/registry.h"

#define BROKER_CLIENTS_MAX 1024

/*
 * So many of them at most have said nothing yet. One more takes the place of
 * that which has been silent for longest: what comes after a flood of
 * connections is served, if it speaks, since each that spoke is heard before
 * the next is let in.
 */
#define BROKER_SILENT_MAX 64

struct connection;

struct connections {
	sd_event *event;	   /* the broker's, as the registry is */
	struct registry *registry; /* that sessions speak of */
	struct connection *first;
	unsigned int count;
	unsigned int silent; /* of these: no guests, so far */
	bool exit_when_alone;
	sd_event_source *accept; /* NULL: it does not listen */
	sd_event_source *resume; /* armed while there are no descriptors */
};

/* None yet. */
void connections_init(struct connections *self, sd_event *event,
		      struct registry *registry);

/* The time of this turn of the loop: us, CLOCK_MONOTONIC. */
uint64_t connections_now(const struct connections *self);

/*
 * Serve the client at the other end of a connected socket. 0, and the socket
 * is ours; or a negated errno, and it is the caller's.
 */
int connections_add(struct connections *self, int socket, struct err *err);

/*
 * Take whoever comes to `listener`, a listening socket. 0, and it is ours; or a
 * negated errno.
 */
int connections_listen(struct connections *self, int listener);

/* Leave the event loop, with 0, when the last client has gone. */
void connections_exit_when_alone(struct connections *self);

/* Close each, and the door; nothing is revoked. Was there a door? */
bool connections_close(struct connections *self);

#endif
