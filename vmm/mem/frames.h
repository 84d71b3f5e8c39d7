/* SPDX-License-Identifier: MIT */
/*
 * The page allocator of a guest's window: which extents have a lease, and
 * which of their pages are in which grant. Pure bookkeeping: it maps nothing,
 * asks nobody, and knows no guest-physical address. Not thread-safe; its
 * owner calls it from one thread, or under one lock.
 *
 * Units: an extent is a number from 0 to the window's size in extents less
 * one; a page is extent * LAB_EXTENT_PAGES + the page's number within it; a
 * grant of order k (0 to LAB_MAX_ORDER) begins at a multiple of 2^k.
 *
 * Every function but frames_validate() and frames_new() takes a time that
 * depends neither on the window's size nor on how many extents are present.
 */
#ifndef LABYRINTH_MEM_FRAMES_H
#define LABYRINTH_MEM_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/hypercall.h>

#define FRAMES_MAX_EXTENTS 524288u /* a window of 1 TiB */

struct frames;

/*
 * A window of 0 to FRAMES_MAX_EXTENTS extents, all absent; NULL without
 * memory. An extent that was never present costs no resident memory; one that
 * was costs frames_bytes_per_extent().
 */
struct frames *frames_new(uint32_t extents);

/* Let go of everything. NULL is allowed. */
void frames_free(struct frames *self);

size_t frames_bytes_per_extent(void);

/* Pages in grants now, and pages that could be: of present extents that are
 * not closed, in no grant. */
uint64_t frames_granted(const struct frames *self);
uint64_t frames_unused(const struct frames *self);

/* Extents that are present, and those of them that are wholly free and not
 * closed. */
uint32_t frames_leases(const struct frames *self);
uint32_t frames_spares(const struct frames *self);

/* How many grants of this order can be made before one fails; exact. */
uint64_t frames_room(const struct frames *self, unsigned order);

/* A lease arrived at this absent extent: its pages are free, none granted
 * ever. */
void frames_add(struct frames *self, uint32_t extent);

/* The lease of this present extent leaves; it must be wholly free. What was
 * released in it is forgotten. */
void frames_remove(struct frames *self, uint32_t extent);

/*
 * The lease of this present extent was taken, whatever is granted in it: no
 * page of it is granted or free any more. The extent is not present, and not
 * absent either: nothing comes there again.
 */
void frames_lose(struct frames *self, uint32_t extent);

/*
 * No more grants come from this present extent; what is granted in it stays and
 * can be released. Nothing happens to one that is closed already. It leaves
 * like any other, and what comes there next is open.
 */
void frames_close(struct frames *self, uint32_t extent);

/* Grants come from this present extent again. */
void frames_open(struct frames *self, uint32_t extent);

/* Is this present extent wholly free? */
bool frames_idle(const struct frames *self, uint32_t extent);

/* Has this extent a lease? */
bool frames_present(const struct frames *self, uint32_t extent);

/* The lowest extent without a lease: 0, or -ENOSPC when there is none. */
int frames_absent(const struct frames *self, uint32_t *extent);

/* Some present extent that is wholly free and not closed: 0, or -ENOENT. */
int frames_spare(const struct frames *self, uint32_t *extent);

/*
 * Grant 2^order pages: 0 and the first of them, or -ENOMEM. It comes from an
 * extent whose largest free block is the smallest that will do, so that whole
 * extents stay free.
 */
int frames_grant(struct frames *self, unsigned order, uint32_t *page);

/* Grant count (>= 1) blocks of one order: 0, or -ENOMEM, nothing changed and
 * pages[] untouched. */
int frames_grant_bulk(struct frames *self, unsigned order, unsigned count,
		      uint32_t *pages);

/*
 * May the grant of this order at this page be released? The page lies in the
 * window and is aligned to the order (the caller has checked). 0, or
 *   -EACCES    its extent has no lease;
 *   -ENOENT    no grant begins there, and none did since the page was last
 *              part of another, or its lease arrived;
 *   -ESTALE    the grant that began there was released already;
 *   -EMSGSIZE  a grant begins there, but of another order.
 */
int frames_check_release(const struct frames *self, uint32_t page,
			 unsigned order);

/* Release; only after frames_check_release() said 0. */
void frames_release(struct frames *self, uint32_t page, unsigned order);

/*
 * May all of these grants be released? 0, or what frames_check_release()
 * answers to the first that may not; a page that stands in the array for the
 * second time counts as released: -ESTALE. Nothing is changed when it
 * returns.
 */
int frames_check_release_bulk(struct frames *self, unsigned order,
			      unsigned count, const uint32_t *pages);

/*
 * The order of the grant that covers this page of the window, or -EACCES
 * when its extent has no lease, -ENOENT when it is in no grant.
 */
int frames_inspect(const struct frames *self, uint32_t page);

/* Recompute every derived value from the bitmaps; abort with a sentence where
 * one differs. Looks at the whole window. */
void frames_validate(const struct frames *self);

#endif
