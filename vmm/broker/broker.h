/* SPDX-License-Identifier: MIT */
/*
 * The broker: pools, and the VMMs connected to them, on one event loop. Owns
 * the lease socket, and decides when sessions receive and pools scrub.
 */
#ifndef LABYRINTH_BROKER_BROKER_H
#define LABYRINTH_BROKER_BROKER_H

#include <stdbool.h>
#include <stddef.h>

#include <systemd/sd-event.h>

#include "base/err.h"
#include "broker/connections.h"
#include "broker/pool.h"
#include "broker/registry.h"
#include "broker/view.h"

#define BROKER_SOCKET_NAME "broker.sock"
#define BROKER_LOCK_NAME   "broker.lock"

/* How long guests of the broker before are awaited, if nobody says. */
#define BROKER_AWAIT_MS 10000

struct broker;

/* A broker without pools. It takes a reference on `event`. */
int broker_new(struct broker **out, sd_event *event, struct err *err);

/*
 * Leave: close every connection, unlink the socket. Nothing is revoked, so
 * guests run on with what they hold; and with the journals of the claimed
 * directory the next broker adopts them.
 */
void broker_free(struct broker *self);

/*
 * Be the one broker of a run directory, which is made if it is not there: so
 * that whatever lies in it from an earlier life may be replaced. -EBUSY and a
 * sentence when another broker lives there. Call it before broker_add_pools().
 */
int broker_claim(struct broker *self, const char *run_dir, struct err *err);

/*
 * Make the pools, and allocate all their memory. In a claimed directory, guests
 * that an earlier broker of it had are awaited.
 */
int broker_add_pools(struct broker *self, const struct pool_spec *specs,
		     size_t count, struct err *err);

/*
 * Start one more pool, whose leases come one by one in the background; with
 * `at_once`, before broker_listen(), they are there when this returns, as far
 * as the host has the memory, and guests that an earlier broker had in it are
 * awaited. -EEXIST, -ENOSPC, -ENOMEM, ... and a sentence.
 */
int broker_start_pool(struct broker *self, const struct pool_spec *spec,
		      bool at_once, struct err *err);

/* Stop a pool: its memory goes back to the host. -EBUSY while a guest has any
 * of it, -ENOENT when there is no such pool. */
int broker_stop_pool(struct broker *self, const char *name, struct err *err);

/* How long those may take to come back, from broker_listen() on. */
void broker_await(struct broker *self, uint64_t ms);

/*
 * Listen on a socket that somebody else made for us, and that is the broker's
 * from here on; or (-1) on one of its own in the claimed directory.
 */
int broker_listen(struct broker *self, int listener, struct err *err);

/*
 * Serve the client at the other end of a connected socket. 0, and the socket
 * is the broker's; or a negated errno, and it is the caller's.
 */
int broker_adopt_connection(struct broker *self, int socket, struct err *err);

/*
 * Take leases from guests that owe them for so long (us; 0: never, as it is at
 * first): see broker/taking.h.
 */
void broker_take_after(struct broker *self, uint64_t us);

/*
 * What may be spent in the background on leases that nobody waits for, in
 * percent of one core (1 to 100; at first SCRUBBER_PERCENT).
 */
void broker_scrub_share(struct broker *self, unsigned int percent);

/* Leave the event loop, with 0, when the last client has gone. */
void broker_exit_when_alone(struct broker *self);

/* Who is told when guests come and go, for as long as the broker lives, or
 * until there is another, or none (NULL). */
void broker_tell(struct broker *self, const struct view_listener *listener);

/* The pools and guests: the broker's. */
struct registry *broker_registry(struct broker *self);

/* A snapshot for viewers: the `take` of a view_source; the broker is its
 * context. */
struct view *broker_view_take(void *broker);

/*
 * The `resize` of a view_source likewise: pool_resize() with the descriptors
 * for it. -ENOENT when there is no such pool.
 */
int broker_view_resize(void *broker, const char *pool, uint64_t leases,
		       struct err *err);

/* And its `leases`. */
size_t broker_view_leases(void *broker, uint32_t guest, struct view_lease *to,
			  size_t most, uint64_t *left);

#endif
