/* SPDX-License-Identifier: MIT */
/*
 * A snapshot of the broker for those who look: plain values, taken in one
 * instant, so that a slow viewer never holds the ledger. The only thing that
 * rpc/ knows of the broker.
 */
#ifndef LABYRINTH_BROKER_VIEW_H
#define LABYRINTH_BROKER_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <labyrinth/lease.h>

#include "base/err.h"

struct view_pool {
	char name[LAB_NAME_MAX];
	uint8_t uuid[16]; /* made from the name: stable across restarts */
	enum lab_backing backing; /* of its leases */
	bool bound;		  /* all of them lie on one NUMA node: */
	unsigned int node;
	uint64_t size; /* extents that it is to have */
	/*
	 * Extents of 2 MiB by state; they sum to total, always: that is its
	 * size, and what a shrink could not withdraw yet.
	 */
	uint64_t total;
	uint64_t blank;
	uint64_t leased;
	uint64_t revoking;
	uint64_t dirty;
	uint64_t withdrawn;
	uint64_t guaranteed; /* extents promised to its guests */
	uint64_t available;  /* blank or dirty, and promised to nobody */
	/* Watermarks, and where available is against them. */
	uint64_t min;
	uint64_t low;
	uint64_t high;
	enum lab_lease_level level;
};

/* What a processor of a guest has done, since its start. */
struct view_vcpu {
	uint64_t fast;	    /* grants without a call */
	uint64_t slow;	    /* grants by a call */
	uint64_t failed;    /* calls refused for want of memory */
	/* As of struct lab_tally_cpu. */
	uint64_t refilled;
	uint64_t reclaimed;
};

/* What a guest has done, with and without calls. */
struct view_tally {
	struct lab_tally counts; /* what it did by itself added */
	uint64_t pages_granted;	 /* now; of the leases that it holds */
	uint64_t pages_free;	 /* the same, in no grant */
};

struct view_guest {
	uint32_t id; /* > 0, unique in this broker's life */
	char name[LAB_NAME_MAX];
	uint8_t uuid[16]; /* made from the name */
	size_t pool;	  /* index in view.pools */
	pid_t pid;	  /* of its VMM, as the kernel told (SO_PEERCRED) */
	uint32_t cpus;	  /* virtual processors, >= 1 */
	uint64_t memory;  /* boot RAM, leases */
	uint64_t guarantee;
	uint64_t limit;	  /* the most that it may hold now */
	uint64_t maximum; /* that the limit may ever be */
	uint64_t leases;  /* held now */
	/* What its VMM has counted; as zero where has_tally is not set. */
	bool has_tally;
	struct view_tally tally;
	const struct view_vcpu *vcpus; /* `cpus` of them; NULL without */
};

/* Some leases of one guest, one after another in the pool. */
struct view_lease {
	uint32_t extent;     /* of the first */
	uint32_t count;	     /* >= 1 */
	uint32_t generation; /* of each: owners that it has had, with this */
};

struct view {
	struct view_pool *pools;
	size_t npools;
	struct view_guest *guests; /* in order of id */
	size_t nguests;
	struct view_vcpu *vcpus; /* of all guests */
	unsigned shares;	 /* whose it is beside its first owner */
};

/*
 * Where snapshots come from: a function of the broker, handed to rpc/ by the
 * program. Returns a snapshot that the caller frees with view_free(), or NULL
 * without memory.
 */
struct view_source {
	struct view *(*take)(void *context);
	/*
	 * And how a pool gets another size, in extents: pool_resize(). 0, or a
	 * negated errno and a sentence; no snapshot changes by it.
	 */
	int (*resize)(void *context, const char *pool, uint64_t leases,
		      struct err *err);
	/*
	 * And which leases a guest (by its id) holds now, in the order in which
	 * it got them: at most `most` runs. How many; *left: leases that these
	 * are not.
	 */
	size_t (*leases)(void *context, uint32_t guest, struct view_lease *to,
			 size_t most, uint64_t *left);
	void *context;
};

/* How a guest ended, as far as the broker can tell. */
enum view_end {
	VIEW_END_GONE =
		0,	 /* its VMM hung up or was killed: which is not seen */
	VIEW_END_FAILED, /* it broke the protocol, or did not come back */
	VIEW_END_DESTROYED, /* an administrator ended it */
};

enum view_happening {
	VIEW_GUEST_STARTED,
	VIEW_GUEST_ENDED,
	/* Of what is kept on disk (guests/act.h), whether it runs or not. */
	VIEW_GUEST_DEFINED,
	VIEW_GUEST_UNDEFINED,
	VIEW_POOL_STARTED, /* from here on all are a pool's */
	VIEW_POOL_STOPPED,
	VIEW_POOL_DEFINED,
	VIEW_POOL_UNDEFINED,
	VIEW_POOL_REFRESHED, /* somebody asked for it */
};

static inline bool view_is_of_pool(enum view_happening what)
{
	return what >= VIEW_POOL_STARTED;
}

/* What happens to a guest or a pool; valid while it is being told. */
struct view_event {
	enum view_happening what;
	enum view_end end; /* of VIEW_GUEST_ENDED */
	bool changed;	   /* VIEW_GUEST_DEFINED: it was there before */
	const char *name;
	const uint8_t *uuid;
	uint32_t id; /* of a guest; 0: it does not run */
};

/*
 * Who is told of it, at the moment: it must not call back, and must not wait.
 */
struct view_listener {
	void (*tell)(void *context, const struct view_event *event);
	void *context;
};

/* Let go of it; the last owner frees it. NULL is allowed. */
void view_free(struct view *view);

/* One owner more, who lets go of it by view_free(). */
static inline struct view *view_share(struct view *view)
{
	view->shares++;
	return view;
}

#endif
