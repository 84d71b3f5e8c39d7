/* SPDX-License-Identifier: MIT */
/*
 * The page allocator of a guest's window, in memory that the guest and the VMM
 * share: which extents have a lease, and which of their pages are in which
 * grant. Lock free: any number of threads, of processors of the guest and of
 * the VMM, call it at once, each on its own copy of `struct share`.
 * Freestanding but for share_validate(): the guest library is made of the same
 * files.
 *
 * Units: an extent is a number from 0 to the window's size in extents less
 * one; a page is extent * LAB_EXTENT_PAGES + the page's number within it; a
 * grant of order k (0 to LAB_MAX_ORDER) begins at a multiple of 2^k. The caller
 * has checked all three: the order is in its range, the page in the window and
 * aligned to the order. Errors are negated LAB_E..., which are Linux's own.
 *
 * What the table holds is not believed: nothing in it is an index, a shift or a
 * length, and each loop has a bound. Who writes nonsense there gets nonsense as
 * an answer, in bounded time. -LAB_EAGAIN is the answer to who lost every race
 * that it may lose: against a table that keeps the protocol that does not
 * happen.
 *
 * Every function but share_room() and share_validate() takes a time that
 * depends neither on the window's size nor on how many extents are present.
 *
 * `cpu` is the caller's own line: grants of small orders come from an extent
 * that it works in. NULL: they come, like those of large orders, from the
 * extent whose largest free block is the smallest that will do.
 */
#ifndef LABYRINTH_SHARE_SHARE_H
#define LABYRINTH_SHARE_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/hypercall.h>
#include <labyrinth/share.h>

#define SHARE_MAX_EXTENTS 524288u /* a window of 1 TiB */

/* Where the parts of a table are. The caller's own memory, not shared. */
struct share {
	struct lab_share *head;
	struct lab_share_cpu *cpus; /* LAB_CPUS_MAX lines */
	uint64_t *children;
	uint64_t *maps;
	uint64_t *index;
	uint32_t extents;
	uint32_t stride; /* words of a part of the index */
	uint32_t levels;
	uint32_t level[LAB_SHARE_LEVELS]; /* where each begins in a part */
	uint32_t words[LAB_SHARE_LEVELS]; /* how many words it has */
};

/* Bytes of the table of a window of 0 to SHARE_MAX_EXTENTS extents, a multiple
 * of LAB_PAGE_SIZE. What is never used of it is never touched. */
uint64_t share_bytes(uint32_t extents);

/*
 * Find the parts of the table at this address, aligned to a page. Touches
 * nothing of it. A caller whose processors' lines are elsewhere sets
 * self->cpus.
 */
void share_init(struct share *self, void *table, uint32_t extents);

/* For the VMM, once: write the constants into a table that is all zeroes, and
 * so has all extents absent. */
void share_format(struct share *self);

/* For the guest: is it a table of this version, for so many extents? */
bool share_fits(const struct share *self);

/*
 * Grants.
 */

/*
 * Grant 2^order pages and leave `floor` unused: 0 and the first of them, or
 * -LAB_ENOMEM; with nobody else at work, only if there is no such block or too
 * few pages are unused. *page is untouched by an error.
 */
int share_grant(struct share *self, struct lab_share_cpu *cpu, unsigned order,
		uint64_t floor, uint32_t *page);

/*
 * Grant count (1 to LAB_BULK_MAX) blocks of one order: 0, or an error as of
 * share_grant(), and none granted. pages[] is room for count of them, and after
 * an error holds anything.
 */
int share_grant_bulk(struct share *self, struct lab_share_cpu *cpu,
		     unsigned order, unsigned count, uint64_t floor,
		     uint32_t *pages);

/*
 * May the grant of this order at this page be released? 0, or
 *   -LAB_EACCES    its extent has no lease;
 *   -LAB_ENOENT    no grant begins there, and none did since the page was last
 *                  part of another, or its lease arrived;
 *   -LAB_ESTALE    the grant that began there was released already;
 *   -LAB_EMSGSIZE  a grant begins there, but of another order.
 */
int share_check_release(const struct share *self, uint32_t page,
			unsigned order);

/* Release it, or answer as share_check_release(): of two at once one wins. */
int share_release(struct share *self, struct lab_share_cpu *cpu, uint32_t page,
		  unsigned order);

/*
 * Release count (1 to LAB_BULK_MAX) grants of one order: 0, or what
 * share_check_release() answers to the first that may not be released; a page
 * that stands in the array for the second time counts as released:
 * -LAB_ESTALE. Nothing is released then, unless another thread releases the
 * same grants at the same time. Takes 2 KiB of stack.
 */
int share_release_bulk(struct share *self, struct lab_share_cpu *cpu,
		       unsigned order, unsigned count, const uint32_t *pages);

/* The same question, and nothing is released. */
int share_check_release_bulk(const struct share *self, unsigned order,
			     unsigned count, const uint32_t *pages);

/*
 * The order of the grant that covers this page of the window, or -LAB_EACCES
 * when its extent has no lease, -LAB_ENOENT when it is in no grant.
 */
int share_inspect(const struct share *self, uint32_t page);

/*
 * Extents. One thread at a time, of the VMM alone, beside any number of grants
 * and releases.
 */

/* What the table says of this extent: a hint. */
enum lab_share_state share_state(const struct share *self, uint32_t extent);

/* A lease arrived at this extent, which the VMM knows to be absent: its pages
 * are free, none granted ever. What the table said of it is gone. */
void share_add(struct share *self, uint32_t extent);

/*
 * The lease of this extent leaves; it must be wholly free: 0, or -LAB_EAGAIN,
 * nothing changed. What was released in it is forgotten.
 */
int share_remove(struct share *self, uint32_t extent);

/* Take an open extent from the guest, if it is wholly free: 0, and it is
 * closed; or -LAB_EAGAIN. One compare-and-swap, whether the guest runs or not.
 */
int share_take(struct share *self, uint32_t extent);

/* No more grants come from this extent; what is granted in it stays and can be
 * released. Nothing happens to one that is not open. */
void share_close(struct share *self, uint32_t extent);

/* Grants come from this closed extent again. */
void share_open(struct share *self, uint32_t extent);

/* The lease of this extent was taken, whatever is granted in it: no page of it
 * is granted or free any more, and nothing comes there again. */
void share_lose(struct share *self, uint32_t extent);

/* Is this extent present and wholly free? */
bool share_idle(const struct share *self, uint32_t extent);

/* Some open extent that is wholly free: 0, or -LAB_ENOENT. */
int share_spare(struct share *self, uint32_t *extent);

/*
 * Counts. Of a table that is at rest they are exact; never below 0, never more
 * than the window has.
 */

uint64_t share_unused(const struct share *self);
uint64_t share_granted(const struct share *self);
uint32_t share_spares(const struct share *self);
uint32_t share_leases(const struct share *self);

/* Could count (1 to LAB_BULK_MAX) blocks of this order be granted? Looks at
 * count extents at most, and at those that processors hold. */
bool share_has(struct share *self, unsigned order, uint64_t count);

/* How many grants of this order can be made before one fails. Looks at the
 * whole window: for tests and audits. */
uint64_t share_room(const struct share *self, unsigned order);

/* Recompute all that is derived of a table at rest; abort with a sentence where
 * it differs. For a table that no guest can write. */
void share_validate(const struct share *self);

#endif
