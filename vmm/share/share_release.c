/* SPDX-License-Identifier: MIT */
#include "share/map.h"
#include "share/share_private.h"

/* With the pages that became free, and in the bucket that they call for. */
static uint64_t child_grown(const struct share *self, uint64_t child,
			    uint32_t page, unsigned order)
{
	uint64_t grown = child + (1u << order) + CHILD_VERSION;

	if (!child_open(child) || child_held(child))
		return grown;
	unsigned merged = map_merged(map_of(self, extent_of(page)),
				     page_within(page), order);

	return merged + 1 > child_bucket(child)
		       ? child_with_bucket(grown, merged + 1)
		       : grown;
}

void block_released(struct share *self, uint32_t page, unsigned order)
{
	uint64_t *child = &self->children[extent_of(page)];
	uint64_t old = word_load(child);

	for (unsigned i = 0; i < WORD_RACES; i++) {
		uint64_t fresh = child_grown(self, old, page, order);

		if (!child_present(old))
			return; /* taken away meanwhile */
		if (!word_swap(child, &old, fresh))
			continue;
		if (child_open(old)) {
			/* What is counted in can be found. */
			child_moved(self, extent_of(page), old, fresh);
			sum_add(&self->head->unused, INT64_C(1) << order);
			child_counted(self, old, fresh);
		} else {
			sum_add(&self->head->shut, INT64_C(1) << order);
		}
		return;
	}
}

int share_check_release(const struct share *self, uint32_t page, unsigned order)
{
	uint32_t extent = extent_of(page);

	if (!child_present(word_load(&self->children[extent])))
		return -LAB_EACCES;
	return map_check(map_of(self, extent), page_within(page), order);
}

WORD_SLOW static int release_slow(struct share *self, struct lab_share_cpu *cpu,
				  uint32_t page, unsigned order)
{
	uint32_t extent = extent_of(page);

	if (!child_present(word_load(&self->children[extent])))
		return -LAB_EACCES;
	int r = map_release(map_of(self, extent), page_within(page), order);

	if (r < 0)
		return r;
	block_released(self, page, order);
	/* What was just released is warm: it goes first. */
	if (cpu != NULL)
		place_note(cpu, __atomic_load_n(&cpu->place, __ATOMIC_RELAXED),
			   page);
	return 0;
}

/* Of the map's word it is released, of the child not yet. */
WORD_SLOW static int release_missed(struct share *self, uint32_t page,
				    unsigned order)
{
	block_released(self, page, order);
	return 0;
}

/* Into an extent that somebody holds, if nobody is in the way, and the answer
 * is 0; else slowly. As grant_quick(). */
WORD_QUICK int release_quick(struct share *self, struct lab_share_cpu *cpu,
			     uint32_t page, unsigned order)
{
	uint32_t extent = extent_of(page);
	uint64_t *child = &self->children[extent];
	uint64_t *word = &self->maps[(uint64_t)page / LAB_SHARE_MAP_PAGES];
	unsigned bit = page % LAB_SHARE_MAP_PAGES;
	uint64_t had = word_load(child);
	uint64_t was = word_load(word);

	if (cpu == NULL || !child_has(had, 0) ||
	    !word_releasable(was, bit, order) ||
	    !word_swap(word, &was, word_release(was, bit, order)))
		return release_slow(self, cpu, page, order);
	uint64_t has = had + (1u << order) + CHILD_VERSION;

	if (!word_swap(child, &had, has))
		return release_missed(self, page, order);
	sum_add(&self->head->unused, INT64_C(1) << order);
	if (child_free(has) == LAB_EXTENT_PAGES)
		sum_add(&self->head->spares, 1);
	place_note(cpu, __atomic_load_n(&cpu->place, __ATOMIC_RELAXED), page);
	return 0;
}

WORD_APART static int release_block(struct share *self,
				    struct lab_share_cpu *cpu, uint32_t page,
				    unsigned order)
{
	if (order > NEAR_ORDER)
		return release_slow(self, cpu, page, order);
	return release_quick(self, cpu, page, order);
}

int share_release(struct share *self, struct lab_share_cpu *cpu, uint32_t page,
		  unsigned order)
{
	if (order > 0)
		return release_block(self, cpu, page, order);
	return release_quick(self, cpu, page, 0);
}

int share_inspect(const struct share *self, uint32_t page)
{
	uint32_t extent = extent_of(page);

	if (!child_present(word_load(&self->children[extent])))
		return -LAB_EACCES;
	return map_inspect(map_of(self, extent), page_within(page));
}
