/* SPDX-License-Identifier: MIT */
/*
 * A grant of a small order comes from the extent that the processor holds. If
 * that has no such block, or for a large order, it comes from an extent out of
 * the index; of small orders that one is held from then on.
 */
#include "share/index.h"
#include "share/map.h"
#include "share/share_private.h"

/* Extents of which one search finds that they have no block, though the index
 * says so: who changes them at the same time is what makes it. */
#define SEARCH_MISSES 1024u
#define SEARCH_ROUNDS 16u

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

/* Nobody holds it any more. */
static void let_go(struct share *self, uint64_t place)
{
	uint32_t extent = place_extent(place);

	if (extent < self->extents &&
	    word_load(&self->children[extent]) & LAB_SHARE_HELD)
		child_settle(self, extent);
}

/*
 * This is where the processor is going to work. It is told before the child is
 * held, and what it had is let go before that: so each extent that is held can
 * be found by others, however long this takes. Who interrupted it meanwhile and
 * went elsewhere loses that again; and who was interrupted so after this looks
 * where it is once more, when it holds the child.
 */
static void go_to(struct share *self, struct lab_share_cpu *cpu,
		  uint32_t extent)
{
	uint64_t old = word_load(&cpu->place);

	let_go(self, old);
	uint64_t found =
		__atomic_exchange_n(&cpu->place, extent, __ATOMIC_SEQ_CST);

	if (found != old)
		let_go(self, found);
}

/*
 * From an extent that the index has for `listed`. Where there is none after
 * all, the index or the child is put right.
 */
static bool grant_from(struct share *self, struct lab_share_cpu *cpu,
		       unsigned order, unsigned listed, uint32_t extent,
		       uint32_t *page)
{
	uint64_t *child = &self->children[extent];
	uint64_t old = word_load(child);
	uint64_t fresh = old - (1u << order);

	if (!child_open(old) || child_bucket(old) != listed + 1) {
		index_follow(self, extent, listed);
		return false;
	}
	if (cpu != NULL)
		fresh = child_with_bucket(fresh, 0) | LAB_SHARE_HELD;
	if (child_free(old) < 1u << order) {
		child_settle(self, extent);
		return false;
	}
	if (cpu != NULL)
		go_to(self, cpu, extent);
	if (!word_swap(child, &old, fresh))
		return false;
	child_counted(self, old, fresh);
	child_moved(self, extent, old, fresh);
	if (cpu != NULL && place_extent(word_load(&cpu->place)) != extent)
		let_go(self, extent);
	int at = map_grant(map_of(self, extent), order, 0);

	if (at < 0) {
		child_give(self, extent, 1u << order);
		child_settle(self, extent);
		return false;
	}
	*page = extent * LAB_EXTENT_PAGES + (unsigned)at;
	if (cpu != NULL)
		place_note(cpu, extent, *page);
	/* Where a smaller one was broken, the largest is still free. */
	else if (map_merged(map_of(self, extent), (unsigned)at, order) >=
		 listed)
		child_settle(self, extent);
	return true;
}

/* From the first that has one, of those whose largest block is the smallest
 * that will do. */
static bool grant_far(struct share *self, struct lab_share_cpu *cpu,
		      unsigned order, uint32_t *page, unsigned *misses)
{
	for (unsigned listed = order; listed <= LAB_MAX_ORDER; listed++) {
		uint32_t extent = index_next(self, listed, 0);

		while (extent != INDEX_NONE) {
			if (grant_from(self, cpu, order, listed, extent, page))
				return true;
			if (++*misses >= SEARCH_MISSES)
				return false;
			extent = index_next(self, listed, extent + 1);
		}
	}
	return false;
}

/* The extents with such a block that processors hold, and the index has not,
 * are held no more. */
static void let_all_go(struct share *self, unsigned order)
{
	for (unsigned i = 0; i < LAB_CPUS_MAX; i++) {
		uint64_t place = word_load(&self->cpus[i].place);
		uint32_t extent = place_extent(place);

		if (extent < self->extents &&
		    map_largest(map_of(self, extent)) >= (int)order)
			let_go(self, place);
	}
}

int block_grant(struct share *self, struct lab_share_cpu *cpu, unsigned order,
		uint32_t *page)
{
	unsigned misses = 0;

	if (order > NEAR_ORDER)
		cpu = NULL;
	if (cpu != NULL && grant_near(self, cpu, order, page))
		return 0;
	for (unsigned i = 0; i < SEARCH_ROUNDS; i++) {
		unsigned before = misses;

		if (grant_far(self, cpu, order, page, &misses))
			return 0;
		if (misses >= SEARCH_MISSES)
			return -LAB_EAGAIN;
		/* What order 0 was promised is there: somebody moves it. */
		if (i > 0 && misses == before && order > 0)
			return -LAB_ENOMEM;
		let_all_go(self, order);
	}
	return -LAB_ENOMEM;
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
