/* SPDX-License-Identifier: MIT */
/*
 * The broker's pools and its living guests: who may come in, under which
 * name, with what promised. Knows nothing of sockets.
 */
#ifndef LABYRINTH_BROKER_REGISTRY_H
#define LABYRINTH_BROKER_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <labyrinth/lease.h>

#include "base/err.h"
#include "broker/pool.h"
#include "broker/view.h"

#define REGISTRY_POOLS_MAX 16

struct session;

struct guest {
	uint32_t id; /* > 0, never used again in this broker's life */
	char name[LAB_NAME_MAX];
	uint8_t uuid[16]; /* made from the name */
	pid_t pid;	  /* of its VMM, from the kernel */
	uint64_t start;	  /* of that process; 0: unknown */
	uint32_t slot;	  /* in its pool's journal, if that has one */
	struct pool *pool;
	uint64_t memory; /* boot RAM, leases */
	uint32_t cpus;	 /* virtual processors, as its HELLO said */
	const struct lab_tally *tally; /* NULL: it gave none */
	struct account account;
	struct session *session; /* that speaks for it; the session's to set.
				  * NULL: it is awaited (broker/adopt) */
	enum view_end end;	 /* as viewers will be told that it ended */
	unsigned int look_again; /* turns to the next search for its leases */
	unsigned int unlooked;	 /* turns since the last */
	uint32_t due;		 /* leases taken that it still has to RETURN */
	bool given_up;	/* awaited no more, but for the end of its process */
	uint32_t urged; /* leases asked of it for a waiter, not given yet */
	bool deaf;	/* let the last such request lapse */
	/* Since when (us) it holds above its guarantee what others wait for,
	 * and gave nothing back; 0: it does not. */
	uint64_t owes_since;
	struct guest *next; /* in order of id */
	struct guest *prev;
};

struct registry {
	struct pool *pools[REGISTRY_POOLS_MAX]; /* the registry's */
	size_t npools;
	struct guest *first; /* guests, the registry's */
	struct guest *last;
	uint32_t last_id;
	uint64_t take_after; /* us that a guest may owe; 0: for ever */
	const struct view_listener *listener; /* NULL: nobody wants to know */
};

/* Free pools and guests. Nothing is revoked: guests run on without us. */
void registry_clear(struct registry *self);

/* Is this a name: 1 to 63 of [A-Za-z0-9._-], and a NUL? Reads no further. */
bool registry_name_valid(const char name[LAB_NAME_MAX]);

/* The uuid that a guest of this name has by itself. */
void registry_uuid(uint8_t uuid[16], const char *name);

/*
 * Take a pool, which is the registry's then. -EEXIST for a second one of the
 * same name, -ENOSPC for one too many; the pool is still the caller's then.
 */
int registry_add_pool(struct registry *self, struct pool *pool,
		      struct err *err);

/*
 * Give up a pool, which is the caller's then. -EBUSY and a sentence while it
 * has a guest, or a lease that is still being taken back.
 */
int registry_remove_pool(struct registry *self, struct pool *pool,
			 struct err *err);

struct pool *registry_find_pool(const struct registry *self, const char *name);

/* The guest of this name, or NULL. Reads LAB_NAME_MAX of it at most. */
struct guest *registry_find_guest(const struct registry *self,
				  const char *name);

/* The first of a pool's guests from this one on, or NULL. Begin with the
 * registry's first; go on with the next of the one that was found. */
struct guest *registry_of_pool(struct guest *from, const struct pool *pool);

/* How many leases it holds without those that it is to RETURN; and how many of
 * these are above its guarantee. */
uint32_t registry_kept(const struct guest *guest);
uint32_t registry_excess(const struct guest *guest);

/*
 * Admit a guest as a HELLO asks. 0 and *out (the registry's), or a refusal:
 * -EINVAL for a bad name or numbers that do not fit each other or the pool,
 * -EEXIST for the name of a living guest, -ENOENT for an unknown pool,
 * -ENOMEM when the guarantee cannot be promised, or not be noted in the
 * pool's journal. `hello` is read as it came.
 */
int registry_admit(struct registry *self, const struct lab_lease_msg *hello,
		   pid_t pid, struct guest **out, struct err *err);

/* What a HELLO says of the most that its guest's limit may ever be. */
uint64_t registry_maximum(const struct lab_lease_msg *hello);

/*
 * Bring back a guest from a slot of its pool's journal, as it was admitted,
 * with nothing leased yet. 0; or -EUCLEAN when that cannot have been, or
 * -ENOMEM.
 */
int registry_restore(struct registry *self, struct pool *pool, uint32_t slot,
		     struct err *err);

/*
 * A guest is gone: revoke all its leases, forget it. Where a touch would bring
 * back what is revoked (pool_takes_files()), its process is killed first.
 */
void registry_dismiss(struct registry *self, struct guest *guest);

#endif
