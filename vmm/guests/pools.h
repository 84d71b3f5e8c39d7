/* SPDX-License-Identifier: MIT */
/*
 * Pools as administrators have them: those of the daemon's options, those
 * defined on disk, and which of them are active. Behind act.h.
 */
#ifndef LABYRINTH_GUESTS_POOLS_H
#define LABYRINTH_GUESTS_POOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/err.h"
#include "broker/broker.h"
#include "guests/act.h"

/* Pools that are known at once, at most; of these REGISTRY_POOLS_MAX run. */
#define POOLS_MAX 256

struct pools;

struct pools_terms {
	sd_event *event;
	struct broker *broker;
	const char *run_dir;	       /* the broker's, claimed by it */
	const char *state_dir;	       /* NULL: nothing is kept */
	bool state_required;	       /* else that is no more than a pity */
	const struct pool_spec *given; /* the options' pools, active already */
	size_t ngiven;
};

/*
 * Read what is kept, and start what was active when a daemon before us ended,
 * or is to be started with the host. Before broker_listen(), so that guests of
 * these pools find them again. What terms point to must outlive it.
 */
int pools_new(struct pools **out, const struct pools_terms *terms,
	      struct err *err);

/* Let go: what is active is noted, what is kept is kept. NULL is allowed. */
void pools_free(struct pools *self);

/* For rpc/; valid as long as `self`. */
const struct act_pools *pools_acts(const struct pools *self);

/* Who hears when a pool is defined, started, ...; NULL: nobody. */
void pools_tell(struct pools *self, const struct view_listener *told);

/* The uuid of the pool of this name, NULL: there is none. */
const uint8_t *pools_uuid(const struct pools *self, const char *name);

#endif
