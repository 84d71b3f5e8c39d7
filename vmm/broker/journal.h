/* SPDX-License-Identifier: MIT */
/*
 * What a pool's ledger must not forget when the broker dies: who its guests
 * are, and which file is leased to which of them. A file in the run directory,
 * mapped, written by plain stores that each leave it true: the broker may be
 * killed between any two. It outlives the broker, not the host.
 *
 * Its reader is a later broker of the same pool, which holds the directory's
 * lock as this one did, so there is never a second writer.
 */
#ifndef LABYRINTH_BROKER_JOURNAL_H
#define LABYRINTH_BROKER_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/lease.h>

#include "base/err.h"

/* Guests of one pool; each is guaranteed one of its leases at least. */
#define JOURNAL_GUESTS_MAX 1024

/* A guest, as it was admitted. */
struct journal_guest {
	uint32_t id;	 /* 0: no guest; stored last, and cleared first */
	uint32_t ending; /* it is gone, and its leases are being taken back */
	int32_t pid;	 /* of its VMM, and that process's start (process.h) */
	uint32_t cpus;
	uint64_t start;
	uint32_t memory;
	uint32_t maximum; /* of the limit */
	uint32_t guarantee;
	uint32_t limit;
	char name[LAB_NAME_MAX];
};

/* An extent. */
struct journal_lease {
	uint64_t device; /* of its file, by fstat() */
	uint64_t inode;
	uint32_t generation; /* of its latest lease; outlives that one */
	uint32_t owner;	     /* guest's id; 0: not leased; stored last */
};

struct journal;

/*
 * Open the journal at `path` of a pool for which `leases` are asked, and
 * `backing` would be chosen. What an earlier broker left there counts while
 * there is a guest in it; else the journal begins anew. The size of the pool
 * is what that broker had changed it to (journal_resize()), unless another
 * size than then is asked for now, which is a change as well. -EUCLEAN and a
 * sentence when what was left cannot be believed.
 */
int journal_open(struct journal **out, const char *path, const char *pool,
		 uint32_t leases, enum lab_backing backing, struct err *err);

/*
 * Let go; the file stays if there is a guest in it, or a size that was not
 * asked for. NULL is allowed.
 */
void journal_close(struct journal *self);

/* Its pool is no more: its file goes with it when it is closed. */
void journal_forget(struct journal *self);

/* Is it that of an earlier broker, whose guests may be there still? */
bool journal_kept(const struct journal *self);

/* Extents that it has room for, and how many are to be in service. */
uint32_t journal_total(const struct journal *self);
uint32_t journal_size(const struct journal *self);

/*
 * Note that so many (> 0) are to be in service from now on, and make room for
 * them. What journal_guest() and journal_lease() gave is void then. 0; or a
 * negated errno and a sentence, with nothing changed.
 */
int journal_resize(struct journal *self, uint32_t size, struct err *err);

/* Of the files in it. */
enum lab_backing journal_backing(const struct journal *self);

/* They are of another, before anybody has one. */
void journal_set_backing(struct journal *self, enum lab_backing backing);

/* The NUMA node of the files, or NUMA_ANY, as it was at first. */
int journal_node(const struct journal *self);
void journal_set_node(struct journal *self, int node);

/* The highest id that a guest of it ever had. */
uint32_t journal_last_id(const struct journal *self);

/* The guest in a slot (below JOURNAL_GUESTS_MAX), or NULL. */
const struct journal_guest *journal_guest(const struct journal *self,
					  uint32_t slot);

const struct journal_lease *journal_lease(const struct journal *self,
					  uint32_t extent);

/* Note a guest, before it is told. Its slot, or -ENOSPC, or another errno. */
int journal_admit(struct journal *self, const struct journal_guest *guest);

/* A guest is gone: before its leases are taken back, and when all are. */
void journal_ending(struct journal *self, uint32_t slot);
void journal_dismiss(struct journal *self, uint32_t slot);

/* Its limit has moved; note this before it is told. */
void journal_limit(struct journal *self, uint32_t slot, uint32_t limit);

/* An extent that is not leased has another file. */
void journal_file(struct journal *self, uint32_t extent, uint64_t device,
		  uint64_t inode);

/* It is leased; note this before anybody has the file. */
void journal_lend(struct journal *self, uint32_t extent, uint32_t generation,
		  uint32_t owner);

/* It is nobody's any more; note this when its file is cut. */
void journal_unlend(struct journal *self, uint32_t extent);

#endif
