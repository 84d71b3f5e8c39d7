/* SPDX-License-Identifier: MIT */
/* What the files of a pool share. Nobody else includes it. */
#ifndef LABYRINTH_BROKER_POOL_PRIVATE_H
#define LABYRINTH_BROKER_POOL_PRIVATE_H

#include "broker/pool.h"

struct pool {
	char name[LAB_NAME_MAX];
	uint8_t uuid[16];
	enum lab_backing backing;
	bool chosen; /* by us, as the host's best: another will do as well */
	int node;    /* where its leases lie, or NUMA_ANY */
	struct ledger *ledger;
	struct journal *journal; /* NULL: none is kept */
	int *files;	  /* -1 while withdrawn, or leased and not proven yet */
	uint64_t *inodes; /* of the files; 0 where there is none */
	/* Of all of them: the kernel's, for memory files; and of those that
	 * owners bring. */
	uint64_t device;
	uint64_t brought_on;
	struct proof_file wanted; /* what pool_record() pointed at last */
	bool starving;		  /* the last fresh file could not be had */
	bool resizing;		  /* its end is not yet in the log */
	struct pool_shortage shortage;
};

/* Room for the files of so many extents; -ENOMEM. */
int pool_make_room(struct pool *self, uint32_t from, uint32_t to);

/* A file of its own for every owner: so nothing of the last one is in it. */
int pool_fresh_file(struct pool *self, uint32_t extent);

/* Close an extent's file, if it has one. */
void pool_drop_file(struct pool *self, uint32_t extent);

/* An extent that is revoking: cut its file, so that it is dirty. */
int pool_cut(struct pool *self, uint32_t extent);

#endif
