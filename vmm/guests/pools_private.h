/* SPDX-License-Identifier: MIT */
/* What the files of pools.h share. Nobody else includes it. */
#ifndef LABYRINTH_GUESTS_POOLS_PRIVATE_H
#define LABYRINTH_GUESTS_POOLS_PRIVATE_H

#include "guests/pool_def.h"
#include "guests/pools.h"
#include "guests/store.h"

/* A pool that is known. */
struct pools_entry {
	struct act_pool seen;  /* first: what rpc/ knows of it */
	struct pool_def def;   /* as it is started the next time */
	bool given;	       /* by the daemon's options */
	struct act_wait *wait; /* who is told when it is filled; or NULL */
	struct pools_entry *next;
};

struct pools {
	struct pools_terms terms;
	struct act_pools acts;
	struct store kept;   /* definitions */
	struct store active; /* what runs and is not given, in the run folder */
	struct pools_entry *entries;
	size_t nentries;
	sd_event_source *watch; /* enabled while somebody waits for one */
	const struct view_listener *told;
};

/* pools.c: what is known. */

struct pools_entry *pools_by_name(const struct pools *self, const char *name);
struct pools_entry *pools_entry_of(const struct act_pool *pool);

/* The broker's pool, if it is active. */
struct pool *pools_active(const struct pools *self,
			  const struct pools_entry *entry);

/* Tell what has become of one. */
void pools_say(const struct pools *self, const struct pools_entry *entry,
	       enum view_happening what);

/* Know a pool, new or as it is from now on. NULL without memory. */
struct pools_entry *pools_know(struct pools *self, const struct pool_def *def);

/* Forget one that is neither kept nor active. */
void pools_prune(struct pools *self, struct pools_entry *entry);

/* May it be known? -EEXIST, -EPERM or -ENOSPC and a sentence. */
int pools_check_new(const struct pools *self, const struct pool_def *def,
		    struct err *err);

int pools_save(const struct store *store, const struct pool_def *def,
	       struct err *err);

/* pools_active.c: what runs. */

/* Start it (broker_start_pool()), and note that for a daemon after us. */
int pools_begin(struct pools *self, struct pools_entry *entry, bool at_once,
		struct err *err);

int pools_start(void *context, const struct act_pool *pool,
		struct act_wait *wait, struct err *err);
int pools_create(void *context, const char *xml, uint8_t uuid[16],
		 struct act_wait *wait, struct err *err);
void pools_forget(void *context, struct act_wait *wait);
int pools_stop(void *context, const struct act_pool *pool, struct err *err);

/* While somebody waits, after each event: who is filled? */
int pools_on_watch(sd_event_source *source, void *context);

#endif
