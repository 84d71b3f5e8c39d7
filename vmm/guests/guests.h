/* SPDX-License-Identifier: MIT */
/*
 * Guests as administrators have them: defined on disk, started as processes,
 * listened to, ended. Behind act.h.
 */
#ifndef LABYRINTH_GUESTS_GUESTS_H
#define LABYRINTH_GUESTS_GUESTS_H

#include <systemd/sd-event.h>

#include "base/err.h"
#include "broker/registry.h"
#include "broker/view.h"
#include "guests/act.h"

/* Domains that are known at once, at most. */
#define GUESTS_DOMAINS_MAX 4096

struct guests;
struct pools;

struct guests_terms {
	sd_event *event;
	struct registry *registry; /* the broker's */
	struct view_source source; /* of its snapshots */
	struct pools *pools;	   /* NULL: they are as they are */
	const char *run_dir;	   /* the broker's, claimed by it */
	const char *state_dir;	   /* NULL: nothing is kept */
	bool state_required;	   /* else that is no more than a pity */
};

/*
 * Read what is kept, and find the consoles of guests that a daemon before us
 * has started. What terms point to must outlive it.
 */
int guests_new(struct guests **out, const struct guests_terms *terms,
	       struct err *err);

/* Start what is to be started with the host, once in a host's life. */
void guests_autostart(struct guests *self);

/* Let go: guests run on, and what is kept is kept. NULL is allowed. */
void guests_free(struct guests *self);

/* For rpc/; valid as long as `self`. */
struct act_source guests_acts(struct guests *self);

/*
 * Whom the broker is to tell in place of `told`, who hears of it with the uuids
 * that guests were given by XML. It lives as long as `self`.
 */
const struct view_listener *guests_listener(struct guests *self,
					    const struct view_listener *told);

/* The broker's snapshots, with the uuids that guests and pools were given by
 * XML. */
struct view_source guests_view(struct guests *self);

#endif
