/* SPDX-License-Identifier: MIT */
/*
 * A grant of a small order comes from the extent that the processor holds. If
 * that has no such block, or for a large order, it comes from an extent out of
 * the index; of small orders that one is held from then on.
 */
#include "share/index.h"
#include "share/map.h"
#include "share/share_private.h"

/* Extents of which one search finds that they have no block, and how often it
 * begins anew because something moved: who moves them is what makes it. */
#define SEARCH_MISSES 1024u
#define SEARCH_ROUNDS 64u

/*
 * Give pages back to a child that found no block for them; the promise is held
 * again. Where they came from is closed or gone: then other pages are promised
 * instead, which may make the sum negative until they are given back.
 */
static void child_give(struct share *self, uint32_t extent, unsigned pages)
{
	uint64_t *child = &self->children[extent];
	uint64_t old = word_load(child);

	for (unsigned i = 0; i < WORD_RACES; i++) {
		uint64_t fresh = old + pages + CHILD_VERSION;

		if (!child_present(old)) {
			sum_add(&self->head->unused, -(int64_t)pages);
			return;
		}
		if (!word_swap(child, &old, fresh))
			continue;
		if (child_open(old)) {
			child_counted(self, old, fresh);
			return;
		}
		sum_add(&self->head->shut, pages);
		sum_add(&self->head->unused, -(int64_t)pages);
		return;
	}
}

/* Take pages from a child that somebody holds and that has them. */
static bool child_take(struct share *self, uint32_t extent, unsigned pages)
{
	uint64_t *child = &self->children[extent];
	uint64_t old = word_load(child);

	for (unsigned i = 0; i < WORD_RACES; i++) {
		uint64_t fresh = old - pages;

		if (!child_has(old, pages))
			return false;
		if (word_swap(child, &old, fresh)) {
			child_counted(self, old, fresh);
			return true;
		}
	}
	return false;
}

/* From the extent that this processor holds. */
static bool grant_near(struct share *self, struct lab_share_cpu *cpu,
		       unsigned order, uint32_t *page)
{
	uint64_t place = __atomic_load_n(&cpu->place, __ATOMIC_RELAXED);
	uint32_t extent = place_extent(place);

	if (extent >= self->extents || !child_take(self, extent, 1u << order))
		return false;
	int at = map_grant(map_of(self, extent), order, place_word(place));

	if (at < 0) {
		child_give(self, extent, 1u << order);
		return false;
	}
	*page = extent * LAB_EXTENT_PAGES + (unsigned)at;
	place_note(cpu, place, *page);
	return true;
}

/* Nobody holds it any more: others that work there, too, find it again. */
static void let_go(struct share *self, uint32_t extent)
{
	if (extent < self->extents &&
	    child_held(word_load(&self->children[extent])))
		child_settle(self, extent);
}

/*
 * The processor, which was at `old`, works in this extent from now on, which is
 * held. Who interrupted it meanwhile and went elsewhere stays there.
 */
static void go_to(struct share *self, struct lab_share_cpu *cpu, uint64_t old,
		  uint32_t extent)
{
	uint64_t left = old;

	if (place_extent(old) == extent)
		return;
	if (word_swap(&cpu->place, &left, extent))
		let_go(self, place_extent(old));
	else if (place_extent(left) != extent)
		let_go(self, extent);
}

/*
 * Take pages from this child if the index has it in the right list; else what
 * is wrong is put right. A processor, if there is one, works there then.
 */
static bool take_listed(struct share *self, struct lab_share_cpu *cpu,
			unsigned pages, unsigned list, uint32_t extent)
{
	uint64_t *child = &self->children[extent];
	uint64_t old = word_load(child);
	uint64_t fresh = old - pages;

	if (!child_open(old) || child_bucket(old) != list + 1) {
		child_relist(self, extent, list);
		return false;
	}
	if (list == INDEX_HELD)
		return child_take(self, extent, pages);
	if (child_free(old) < pages) {
		child_settle(self, extent);
		return false;
	}
	if (cpu != NULL)
		fresh = child_with_bucket(fresh, LAB_SHARE_HELD);
	if (!word_swap(child, &old, fresh))
		return false;
	child_counted(self, old, fresh);
	child_moved(self, extent, old, fresh);
	return true;
}

/* From an extent of this list. */
static bool grant_from(struct share *self, struct lab_share_cpu *cpu,
		       unsigned order, unsigned list, uint32_t extent,
		       uint32_t *page)
{
	uint64_t place = cpu == NULL ? 0 : word_load(&cpu->place);

	if (!take_listed(self, cpu, 1u << order, list, extent))
		return false;
	int at = map_grant(map_of(self, extent), order, 0);

	if (at < 0) {
		child_give(self, extent, 1u << order);
		/* Of a large one the map looked full for a moment. */
		if (list != INDEX_HELD ||
		    !child_held(word_load(&self->children[extent])))
			child_settle(self, extent);
		return false;
	}
	*page = extent * LAB_EXTENT_PAGES + (unsigned)at;
	if (cpu != NULL) {
		go_to(self, cpu, place, extent);
		place_note(cpu, word_load(&cpu->place), *page);
	}
	/* Where a smaller one was broken, the largest is still free. */
	else if (list != INDEX_HELD &&
		 map_merged(map_of(self, extent), (unsigned)at, order) >= list)
		child_settle(self, extent);
	return true;
}

/* From the first that has one, of those whose largest block is the smallest
 * that will do; of those that others work in if there is no such. */
static bool grant_far(struct share *self, struct lab_share_cpu *cpu,
		      unsigned order, uint32_t *page, unsigned *misses)
{
	for (unsigned list = order; list <= INDEX_HELD; list++) {
		uint32_t extent = index_next(self, list, 0);

		while (extent != INDEX_NONE) {
			if (grant_from(self, cpu, order, list, extent, page))
				return true;
			if (++*misses >= SEARCH_MISSES)
				return false;
			extent = index_next(self, list, extent + 1);
		}
	}
	return false;
}

/* From any extent, whatever the index says. */
static bool grant_anywhere(struct share *self, struct lab_share_cpu *cpu,
			   unsigned order, uint32_t *page)
{
	for (uint32_t extent = 0; extent < self->extents; extent++) {
		uint64_t child = word_load(&self->children[extent]);

		if (!child_open(child) || child_bucket(child) <= order)
			continue;
		child_moved(self, extent, child, child);
		if (grant_from(self, cpu, order, child_bucket(child) - 1,
			       extent, page))
			return true;
	}
	return false;
}

/*
 * An extent that moves from one list to another is in both for a moment, but
 * may be missed by who looks at the second first: hence another round after a
 * move. And where somebody was stopped who clears a bit, it may be one that
 * should be there.
 */
int block_grant(struct share *self, struct lab_share_cpu *cpu, unsigned order,
		uint32_t *page)
{
	unsigned misses = 0;
	bool hidden = false, still = false;

	if (order > NEAR_ORDER)
		cpu = NULL;
	if (cpu != NULL && grant_near(self, cpu, order, page))
		return 0;
	for (unsigned i = 0; i < SEARCH_ROUNDS; i++) {
		int64_t before = count_of(&self->head->moves);

		if (grant_far(self, cpu, order, page, &misses))
			return 0;
		if (misses >= SEARCH_MISSES)
			return -LAB_EAGAIN;
		hidden = count_of(&self->head->clears) != 0;
		still = count_of(&self->head->moves) == before;
		/* What order 0 was promised is there. */
		if (still && (hidden || order > 0))
			break;
	}
	if (hidden && grant_anywhere(self, cpu, order, page))
		return 0;
	return still ? -LAB_ENOMEM : -LAB_EAGAIN;
}

WORD_SLOW static int grant_slow(struct share *self, struct lab_share_cpu *cpu,
				unsigned order, uint32_t *page)
{
	int r = block_grant(self, cpu, order, page);

	if (r < 0)
		sum_add(&self->head->unused, INT64_C(1) << order);
	return r;
}

/* The extent had pages, and then its map had none. */
WORD_SLOW static int grant_missed(struct share *self, struct lab_share_cpu *cpu,
				  unsigned order, uint32_t *page,
				  uint32_t extent)
{
	child_give(self, extent, 1u << order);
	return grant_slow(self, cpu, order, page);
}

/*
 * From the word where this processor was last, of the extent that it holds, if
 * nobody is in its way; else slowly. What is called is called last, so that the
 * compiler keeps the rest short.
 */
WORD_QUICK int grant_quick(struct share *self, struct lab_share_cpu *cpu,
			   unsigned order, uint64_t floor, uint32_t *page)
{
	unsigned pages = 1u << order;

	if (!sum_take(self, pages, floor))
		return -LAB_ENOMEM;
	if (cpu == NULL)
		return grant_slow(self, cpu, order, page);
	uint64_t place = __atomic_load_n(&cpu->place, __ATOMIC_RELAXED);
	uint32_t extent = place_extent(place);

	if (extent >= self->extents)
		return grant_slow(self, cpu, order, page);
	uint64_t *child = &self->children[extent];
	uint64_t *word = map_of(self, extent) + place_word(place);
	uint64_t had = word_load(child);
	uint64_t was = word_load(word);
	uint32_t blocks = word_blocks(~word_used(was), order);

	if (!child_has(had, pages) || blocks == 0 ||
	    !word_swap(child, &had, had - pages))
		return grant_slow(self, cpu, order, page);
	unsigned bit = (unsigned)__builtin_ctz(blocks);

	if (child_free(had) == LAB_EXTENT_PAGES)
		sum_add(&self->head->spares, -1);
	if (!word_swap(word, &was, word_grant(was, bit, order)))
		return grant_missed(self, cpu, order, page, extent);
	*page = extent * LAB_EXTENT_PAGES +
		place_word(place) * LAB_SHARE_MAP_PAGES + bit;
	return 0;
}

WORD_APART static int grant_block(struct share *self, struct lab_share_cpu *cpu,
				  unsigned order, uint64_t floor,
				  uint32_t *page)
{
	return grant_quick(self, order <= NEAR_ORDER ? cpu : NULL, order, floor,
			   page);
}

int share_grant(struct share *self, struct lab_share_cpu *cpu, unsigned order,
		uint64_t floor, uint32_t *page)
{
	if (order > 0)
		return grant_block(self, cpu, order, floor, page);
	return grant_quick(self, cpu, 0, floor, page);
}
