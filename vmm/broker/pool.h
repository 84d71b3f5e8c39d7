/* SPDX-License-Identifier: MIT */
/*
 * A pool: a ledger, and the file of each of its extents. Owns the files; what
 * the ledger says and what the files are never differ between two calls.
 */
#ifndef LABYRINTH_BROKER_POOL_H
#define LABYRINTH_BROKER_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/lease.h>

#include "base/err.h"
#include "broker/journal.h"
#include "broker/ledger.h"
#include "broker/numa.h"
#include "broker/proof.h"
#include "broker/queue.h"
#include "broker/watermark.h"

#define POOL_LEASES_MAX                                      \
	(UINT32_C(1) << 20) /* 2 TiB: descriptors are finite \
			     */

struct pool_spec {
	char name[LAB_NAME_MAX];
	uint32_t leases;	  /* 1 to POOL_LEASES_MAX */
	enum lab_backing backing; /* 0: the best that the host has */
	bool bound;		  /* all of it is to lie on one NUMA node: */
	int node;
};

/*
 * What a pool remembers of its shortages. Sessions queue in it; the rest is
 * broker/shortage's, which acts on it. Times in us.
 */
struct pool_shortage {
	struct watermark marks;
	enum lab_lease_level level;
	uint64_t level_since;
	struct queue queue;  /* of sessions whose LEASE waits */
	bool untold;	     /* a guest may not know the level yet */
	bool idle_wanted;    /* it got scarcer: ask for what lies idle */
	uint64_t next_idle;  /* not before then */
	uint64_t next_round; /* when what was asked for a waiter lapses */
};

struct pool;

/*
 * Make a pool with all its memory, every extent blank; says how far it is in
 * the log when that takes long. The caller has reserved the descriptors.
 * 0 and *out, or a negated errno and a sentence.
 */
int pool_new(struct pool **out, const struct pool_spec *spec, struct err *err);

/*
 * The same in two steps, for a pool that keeps a journal in the folder `dir`
 * (NULL: none). Opened, it has no file and no blank extent; what the journal
 * left by an earlier broker says is restored then, and filling makes the rest.
 */
int pool_open(struct pool **out, const struct pool_spec *spec, const char *dir,
	      struct err *err);
int pool_fill(struct pool *self, struct err *err);

/*
 * Close every file. Guests keep what they have mapped: this does not revoke,
 * and the journal still says so.
 */
void pool_free(struct pool *self);

/* The uuid that a pool of this name has by itself. */
void pool_own_uuid(uint8_t uuid[16], const char *name);

const char *pool_name(const struct pool *self);
const uint8_t *pool_uuid(const struct pool *self); /* 16 bytes */
enum lab_backing pool_backing(const struct pool *self);

/* The NUMA node on which all its leases lie; NUMA_ANY: it is not bound. */
int pool_node(const struct pool *self);

/* The pool's ledger: to admit, to ask; states are moved by the pool alone. */
struct ledger *pool_ledger(const struct pool *self);

struct pool_shortage *pool_shortage(struct pool *self);

/* Its journal, or NULL when it keeps none. */
struct journal *pool_journal(const struct pool *self);

/*
 * Begin an extent as its journal has it: held by an account, or (NULL) by
 * nobody. Its file is not known yet.
 */
void pool_restore(struct pool *self, uint32_t extent, struct account *account);

/* By which file an extent is leased, as the journal has it, or NULL. */
const struct proof_file *pool_record(struct pool *self, uint32_t extent);

/*
 * This is that file: the pool's now, which can revoke the lease by it; or
 * closed, where the pool has it already.
 */
void pool_adopt(struct pool *self, uint32_t extent, int fd);

/* Take back from an account all of which there is a file; how many. */
uint32_t pool_revoke_found(struct pool *self, struct account *account);

/* Take back from an account all but what is seen; how many these were. */
uint32_t pool_revoke_unseen(struct pool *self, struct account *account,
			    const uint8_t *seen);

/*
 * Lease a blank extent to an account for which ledger_may_lease() says
 * LEDGER_NOW. Returns the extent.
 */
uint32_t pool_lease(struct pool *self, struct account *account);

/* Does an owner bring the files of its leases (LAB_BACKING_GUEST_MEMFD)? */
bool pool_takes_files(const struct pool *self);

/*
 * In such a pool, before pool_lease(): make a file that guest_memfd_check()
 * likes resident, and the file of the extent that is leased next. The
 * descriptor is the pool's in any case. 0; or a negated errno (-EEXIST: it does
 * not like it any more), and nothing has changed but that the file is closed.
 */
int pool_fund(struct pool *self, int fd);

/* An extent's file, to be sent to its owner; the pool's. -1: it has none. */
int pool_file(const struct pool *self, uint32_t extent);

/*
 * By what the kernel knows that file (st_dev, st_ino), wherever it is open or
 * mapped; both are 0 while there is none. Makes no system call.
 */
void pool_identity(const struct pool *self, uint32_t extent, uint64_t *device,
		   uint64_t *inode);

/*
 * Take a lease from its owner, who is not asked: its pages are gone from every
 * mapping when this returns, and it waits to be scrubbed. (Should the kernel
 * not do it, the extent stays `revoking`, and pool_retry() tries again.)
 */
void pool_revoke(struct pool *self, uint32_t extent, struct account *account);

/* Revoke all that an account holds. */
void pool_revoke_all(struct pool *self, struct account *account);

/*
 * Let it have another size from now on. What there can be no doubt about is
 * refused at once, with a sentence and nothing changed: -EINVAL for a size that
 * no pool has, -EBUSY for less than is promised to guests, -ENOMEM when the
 * host has not got the memory. The rest is pool_scrub()'s, a lease at a time:
 * what it lacks it gets, what is too much is withdrawn when it is free. The
 * caller has reserved the descriptors.
 */
int pool_resize(struct pool *self, uint32_t size, struct err *err);

/*
 * One step of what goes on in the background. Give the extent that is dirty for
 * longest a fresh file, so that it is blank; without memory for it, it is
 * withdrawn, which is logged. Or withdraw one that is free and too many. False
 * when there was nothing to do.
 */
bool pool_scrub(struct pool *self);

/* Has pool_scrub() anything to do? */
bool pool_busy(const struct pool *self);

/* Is there anything for pool_retry() to try? */
bool pool_ailing(const struct pool *self);

/* Try again what failed: one missing extent, and what is still revoking. */
void pool_retry(struct pool *self);

#endif
