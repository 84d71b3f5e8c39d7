/* SPDX-License-Identifier: MIT */
/*
 * A guest's window as its VMM sees it: the table of its pages, which the guest
 * shares and may have written anything into, and what the VMM knows for itself:
 * which extents have a lease. Nothing here gives or takes a page of an extent
 * that has none, whatever the table says. Pure bookkeeping: it maps nothing,
 * asks nobody, and knows no guest-physical address.
 *
 * The guest's processors work on the table at the same time. All else is of one
 * thread, or under one lock. Units, and what the answers mean: share/share.h.
 */
#ifndef LABYRINTH_MEM_WINDOW_H
#define LABYRINTH_MEM_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "mem/lowest.h"
#include "mem/reserve.h"
#include "share/share.h"

struct window {
	struct share share;
	uint32_t leases;     /* extents that are present */
	struct lowest taken; /* the present extents, and the lost */
	uint64_t *lost;	     /* a bit for each extent */
};

/*
 * A window of 0 to SHARE_MAX_EXTENTS extents, all absent, over a table of
 * share_bytes() zeroes, which outlives it; the marks are for the guest to read.
 * 0 or -ENOMEM; window_fini() in any case.
 */
int window_init(struct window *self, void *table, uint32_t extents,
		const struct reserve *marks);
void window_fini(struct window *self);

/* Has this extent a lease? */
bool window_present(const struct window *self, uint32_t extent);

/* A lease arrived at this absent extent. */
void window_add(struct window *self, uint32_t extent);

/* The lease of this present extent leaves, if no page of it is granted: 0, or
 * -EBUSY. Needs nothing of the guest, and is final. */
int window_remove(struct window *self, uint32_t extent);

/* The lease of this present extent was taken, whatever is granted in it: the
 * extent is not present, and not absent either: nothing comes there again. */
void window_lose(struct window *self, uint32_t extent);

/* No more grants come from this present extent, or they do again. */
void window_close(struct window *self, uint32_t extent);
void window_open(struct window *self, uint32_t extent);

/* Is this present extent wholly free? The guest may have changed it since. */
bool window_idle(const struct window *self, uint32_t extent);

/* The lowest extent without a lease: 0, or -ENOSPC. */
int window_absent(const struct window *self, uint32_t *extent);

/* Some present extent that is wholly free and open: 0, or -ENOENT. */
int window_spare(struct window *self, uint32_t *extent);

/* Counts; never more than the present extents have. */
uint64_t window_granted(const struct window *self);
uint64_t window_unused(const struct window *self);
uint32_t window_spares(const struct window *self);

/* What the guest says that it has done without a call, since its start. */
struct window_own {
	uint64_t grants;
	uint64_t releases;
};
struct window_own window_own(const struct window *self);

/* Could count blocks of this order be granted now, leaving `floor` unused? */
bool window_fits(struct window *self, unsigned order, uint64_t count,
		 uint64_t floor);

/*
 * Grant count (1 to LAB_BULK_MAX) blocks of one order, leaving `floor` unused:
 * 0, or -ENOMEM and none granted. After an error pages[] holds anything.
 */
int window_grant(struct window *self, unsigned order, unsigned count,
		 uint64_t floor, uint32_t *pages);

/* Release count grants: 0, or share_release_bulk()'s answer. */
int window_release(struct window *self, unsigned order, unsigned count,
		   const uint32_t *pages);

/* The order of the grant that covers this page, or -EACCES, or -ENOENT. */
int window_inspect(const struct window *self, uint32_t page);

#endif
