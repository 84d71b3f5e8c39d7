/* SPDX-License-Identifier: MIT */
/*
 * The ledger's view: what the broker says in answer to AUDIT, checked so that
 * the rest of the audit can walk it without fear, and indexed.
 */
#ifndef LABYRINTH_AUDIT_SNAPSHOT_H
#define LABYRINTH_AUDIT_SNAPSHOT_H

#include <stdint.h>
#include <sys/types.h>

#include <labyrinth/audit.h>

#include "base/err.h"

#define SNAPSHOT_NONE UINT32_MAX

struct snapshot_file; /* an extent by its file */

/* An extent is named by its index in `extents`, over all pools. */
struct snapshot {
	void *bytes; /* the whole of it; what follows points into it */
	size_t length;
	const struct lab_audit *header;
	const struct lab_audit_pool *pools;
	const struct lab_audit_guest *guests;
	const struct lab_audit_extent *extents;
	uint32_t first; /* extent that is audited, and the one after the last */
	uint32_t end;
	pid_t broker;		     /* as the kernel tells us */
	struct snapshot_file *files; /* of those extents, in order */
	uint32_t nfiles;
	const struct lab_audit_guest **by_id;
};

/* Where an extent is: for people. */
struct snapshot_place {
	uint32_t pool;
	uint32_t extent; /* its number in the pool */
};

/*
 * Ask the broker that listens at `path`, and look at one pool only unless
 * `pool` is NULL. 0, and snapshot_free() after it; or a negated errno and a
 * sentence.
 */
int snapshot_ask(struct snapshot *self, const char *path, const char *pool,
		 struct err *err);

/*
 * Take these bytes, of malloc(), for a snapshot; they are the snapshot's then,
 * also when it is refused (-EPROTO: they are not as the contract has them;
 * -ENOENT: there is no such pool).
 */
int snapshot_take(struct snapshot *self, void *bytes, size_t length,
		  const char *pool, struct err *err);

void snapshot_free(struct snapshot *self);

/* The extent whose file this is, or SNAPSHOT_NONE. */
uint32_t snapshot_find(const struct snapshot *self, uint64_t device,
		       uint64_t inode);

/* The guest of this number, or NULL. */
const struct lab_audit_guest *snapshot_guest(const struct snapshot *self,
					     uint32_t id);

/* A guest whose VMM this process is, or NULL. */
const struct lab_audit_guest *snapshot_guest_of(const struct snapshot *self,
						pid_t pid);

struct snapshot_place snapshot_place(const struct snapshot *self,
				     uint32_t extent);

/* Is this pool audited? */
int snapshot_covers(const struct snapshot *self, uint32_t pool);

#endif
