/* SPDX-License-Identifier: MIT */
/*
 * What the files of share.h have in common.
 *
 * A grant takes its pages from the sum first, then from a child, then from the
 * map; a release gives them in the opposite order. So a child that says that
 * all pages are free is right: nobody is at work in the map. Between the first
 * and the second a grant has a promise of pages. What is unused and what is
 * promised are at any time the free pages of all open children.
 */
#ifndef LABYRINTH_SHARE_SHARE_PRIVATE_H
#define LABYRINTH_SHARE_SHARE_PRIVATE_H

#include "share/child.h"
#include "share/share.h"
#include "share/word.h"

static inline uint64_t *map_of(const struct share *self, uint32_t extent)
{
	return &self->maps[(uint64_t)extent * LAB_SHARE_MAP_WORDS];
}

static inline uint32_t extent_of(uint32_t page)
{
	return page / LAB_EXTENT_PAGES;
}

static inline unsigned page_within(uint32_t page)
{
	return page % LAB_EXTENT_PAGES;
}

static inline int64_t count_of(const int64_t *count)
{
	return __atomic_load_n(count, __ATOMIC_SEQ_CST);
}

static inline void sum_add(int64_t *sum, int64_t pages)
{
	(void)__atomic_fetch_add(sum, pages, __ATOMIC_SEQ_CST);
}

/* Of a processor's place. */
static inline uint32_t place_extent(uint64_t place)
{
	return (uint32_t)place;
}

static inline unsigned place_word(uint64_t place)
{
	return (unsigned)(place >> 32) % LAB_SHARE_MAP_WORDS;
}

/* Where a page is that was granted or released. */
static inline uint64_t place_of(uint32_t page)
{
	return (uint64_t)(page_within(page) / LAB_SHARE_MAP_PAGES) << 32 |
	       extent_of(page);
}

/*
 * It works here from now on: a change of the word alone. If it was interrupted
 * meanwhile by somebody who chose another extent, that stays.
 */
static inline void place_note(struct lab_share_cpu *cpu, uint64_t old,
			      uint32_t page)
{
	uint64_t fresh = place_of(page);

	if (fresh != old && place_extent(fresh) == place_extent(old))
		(void)word_swap(&cpu->place, &old, fresh);
}

/* Promise these pages, if so many stay unused. */
static inline bool sum_take(struct share *self, uint64_t pages, uint64_t floor)
{
	int64_t *unused = &self->head->unused;
	int64_t old = __atomic_load_n(unused, __ATOMIC_SEQ_CST);
	int64_t least = (int64_t)(pages + floor);

	for (unsigned i = 0; i < WORD_RACES && old >= least; i++)
		if (__atomic_compare_exchange_n(
			    unused, &old, old - (int64_t)pages, false,
			    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return true;
	return false;
}

/* The child was changed so: let the index have it in its bucket. */
void child_moved(struct share *self, uint32_t extent, uint64_t old,
		 uint64_t fresh);

/* The index has the child in this list: make it be in its own, if that is
 * another. Whoever moves it may be stopped half way. */
void child_relist(struct share *self, uint32_t extent, unsigned list);

/* The child was changed so, and is open now as before: count whole extents. */
static inline void child_counted(struct share *self, uint64_t old,
				 uint64_t fresh)
{
	int was = child_free(old) == LAB_EXTENT_PAGES;
	int is = child_free(fresh) == LAB_EXTENT_PAGES;

	if (was != is)
		sum_add(&self->head->spares, is - was);
}

/*
 * Put an open extent that nobody holds, from now on, into the bucket that its
 * map calls for.
 */
void child_settle(struct share *self, uint32_t extent);

/* The highest order that comes from the extent that a processor holds. */
#define NEAR_ORDER WORD_ORDER

/* Is this child open and held, with so many pages? */
static inline bool child_has(uint64_t child, unsigned pages)
{
	return (child & (LAB_SHARE_STATE | LAB_SHARE_BUCKET)) ==
		       (CHILD_OPEN | CHILD_HELD) &&
	       child_free(child) >= pages;
}

/* Grant a block whose pages are promised: 0, or an errno, and they still are.
 */
int block_grant(struct share *self, struct lab_share_cpu *cpu, unsigned order,
		uint32_t *page);

/* The block was made free in the map: count it in. */
void block_released(struct share *self, uint32_t page, unsigned order);

#endif
