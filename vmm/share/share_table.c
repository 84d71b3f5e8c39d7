/* SPDX-License-Identifier: MIT */
#include "share/share.h"

#include "share/index.h"
#include "share/map.h"
#include "share/share_private.h"

uint64_t share_bytes(uint32_t extents)
{
	struct share self = {.extents = extents};

	index_layout(&self);
	uint64_t bytes = LAB_SHARE_INDEX(extents) +
			 LAB_SHARE_LISTS * 8 * (uint64_t)self.stride;

	return (bytes + LAB_PAGE_SIZE - 1) / LAB_PAGE_SIZE * LAB_PAGE_SIZE;
}

void share_init(struct share *self, void *table, uint32_t extents)
{
	unsigned char *bytes = table;

	*self = (struct share){
		.head = table,
		.cpus = (void *)(bytes + LAB_SHARE_CPUS),
		.children = (void *)(bytes + LAB_SHARE_CHILDREN),
		.maps = (void *)(bytes + LAB_SHARE_MAPS(extents)),
		.index = (void *)(bytes + LAB_SHARE_INDEX(extents)),
		.extents = extents,
	};
	index_layout(self);
}

void share_format(struct share *self)
{
	self->head->version = LAB_SHARE_VERSION;
	self->head->extents = self->extents;
	self->head->magic = LAB_SHARE_MAGIC;
}

bool share_fits(const struct share *self)
{
	return self->head->magic == LAB_SHARE_MAGIC &&
	       self->head->version == LAB_SHARE_VERSION &&
	       self->head->extents == self->extents;
}

/* The child of an extent. */

void child_moved(struct share *self, uint32_t extent, uint64_t old,
		 uint64_t fresh)
{
	unsigned was = child_bucket(old);
	unsigned is = child_bucket(fresh);

	/* Also where it stays: who moved it there may be stopped before this.
	 */
	if (is > 0 && is <= LAB_SHARE_LISTS)
		index_follow(self, extent, is - 1);
	if (was == is)
		return;
	/* Before it leaves where others may look for it. */
	sum_add(&self->head->moves, 1);
	if (was > 0 && was <= LAB_SHARE_LISTS)
		index_follow(self, extent, was - 1);
}

void child_relist(struct share *self, uint32_t extent, unsigned list)
{
	uint64_t child = word_load(&self->children[extent]);

	child_moved(self, extent, child_with_bucket(child, list + 1), child);
}

/*
 * A block that becomes free while we look at the map changes the version, and
 * a grant there changes the free pages, or made less of what we saw.
 */
void child_settle(struct share *self, uint32_t extent)
{
	uint64_t *child = &self->children[extent];
	uint64_t old = word_load(child);

	for (unsigned i = 0; i < WORD_RACES; i++) {
		if (!child_open(old))
			return;
		int largest = map_largest(map_of(self, extent));
		uint64_t fresh =
			child_with_bucket(old, (unsigned)(largest + 1));

		if (fresh == old)
			return;
		if (word_swap(child, &old, fresh)) {
			child_moved(self, extent, old, fresh);
			return;
		}
	}
}

/* Counts. */

static uint64_t within(const int64_t *count, uint64_t most)
{
	int64_t value = __atomic_load_n(count, __ATOMIC_SEQ_CST);

	if (value < 0)
		return 0;
	return (uint64_t)value < most ? (uint64_t)value : most;
}

static uint64_t pages_of(uint64_t extents)
{
	return extents * LAB_EXTENT_PAGES;
}

uint64_t share_unused(const struct share *self)
{
	return within(&self->head->unused, pages_of(self->extents));
}

uint64_t share_granted(const struct share *self)
{
	uint64_t pages = pages_of(share_leases(self));
	uint64_t free = share_unused(self) +
			within(&self->head->shut, pages_of(self->extents));

	return free < pages ? pages - free : 0;
}

uint32_t share_spares(const struct share *self)
{
	return (uint32_t)within(&self->head->spares, self->extents);
}

uint32_t share_leases(const struct share *self)
{
	return (uint32_t)within(&self->head->leases, self->extents);
}

uint64_t share_room(const struct share *self, unsigned order)
{
	uint64_t room = 0;

	for (uint32_t extent = 0; extent < self->extents; extent++)
		if (child_open(word_load(&self->children[extent])))
			room += map_count(map_of(self, extent), order);
	return room;
}

/* Blocks of this order in an extent, if grants come from it. */
static uint64_t blocks_of(const struct share *self, uint32_t extent,
			  unsigned order)
{
	return child_open(word_load(&self->children[extent]))
		       ? map_count(map_of(self, extent), order)
		       : 0;
}

bool share_has(struct share *self, unsigned order, uint64_t count)
{
	unsigned looks = 0;
	uint64_t found = 0;

	for (unsigned list = order; list <= INDEX_HELD; list++) {
		uint32_t extent = index_next(self, list, 0);

		/* Each has one at least, but for those that are held, and
		 * unless the table lies. */
		while (extent != INDEX_NONE && found < count &&
		       looks++ < LAB_BULK_MAX + LAB_CPUS_MAX) {
			found += blocks_of(self, extent, order);
			extent = index_next(self, list, extent + 1);
		}
	}
	return found >= count;
}
