/* SPDX-License-Identifier: MIT */
/* What the VMM does as leases come and go. */
#include "share/index.h"
#include "share/map.h"
#include "share/share_private.h"

/* Extents that the index has for whole ones, and are not, in one search; of
 * those that are held there are no more than processors. */
#define SPARE_MISSES LAB_CPUS_MAX

enum lab_share_state share_state(const struct share *self, uint32_t extent)
{
	return child_state(word_load(&self->children[extent]));
}

/* Count the pages of a child in, or out, as its state says. */
static void count(struct share *self, uint64_t child, int64_t sign)
{
	int64_t pages = sign * child_free(child);

	if (!child_open(child)) {
		sum_add(&self->head->shut, pages);
		return;
	}
	sum_add(&self->head->unused, pages);
	if (child_free(child) == LAB_EXTENT_PAGES)
		sum_add(&self->head->spares, sign);
}

/* The child went from one to the other. */
static void changed(struct share *self, uint32_t extent, uint64_t old,
		    uint64_t fresh)
{
	/* What is counted in can be found. */
	child_moved(self, extent, old, fresh);
	if (child_present(old))
		count(self, old, -1);
	if (child_present(fresh))
		count(self, fresh, 1);
}

void share_add(struct share *self, uint32_t extent)
{
	uint64_t *child = &self->children[extent];
	uint64_t old = word_load(child);
	uint64_t fresh = child_in_state(
		(old & ~LAB_SHARE_FREE) + LAB_EXTENT_PAGES + CHILD_VERSION,
		LAB_SHARE_OPEN);

	map_clear(map_of(self, extent));
	fresh = child_with_bucket(fresh, LAB_MAX_ORDER + 1);
	__atomic_store_n(child, fresh, __ATOMIC_SEQ_CST);
	sum_add(&self->head->leases, 1);
	changed(self, extent, child_in_state(old, LAB_SHARE_ABSENT), fresh);
}

/* From an open (or, if `closed`, a closed) child, which must be wholly free if
 * `whole`, to this state. */
static bool change(struct share *self, uint32_t extent, bool closed, bool whole,
		   enum lab_share_state state)
{
	uint64_t *child = &self->children[extent];
	uint64_t old = word_load(child);

	for (unsigned i = 0; i < WORD_RACES; i++) {
		uint64_t fresh = child_in_state(old, state);

		if (!child_open(old) && !(closed && child_present(old)))
			return false;
		if (whole && child_free(old) != LAB_EXTENT_PAGES)
			return false;
		if (!word_swap(child, &old, fresh))
			continue;
		changed(self, extent, old, fresh);
		if (!child_present(fresh))
			sum_add(&self->head->leases, -1);
		return true;
	}
	return false;
}

int share_remove(struct share *self, uint32_t extent)
{
	return change(self, extent, true, true, LAB_SHARE_ABSENT) ? 0
								  : -LAB_EAGAIN;
}

int share_take(struct share *self, uint32_t extent)
{
	return change(self, extent, false, true, LAB_SHARE_CLOSED)
		       ? 0
		       : -LAB_EAGAIN;
}

void share_close(struct share *self, uint32_t extent)
{
	(void)change(self, extent, false, false, LAB_SHARE_CLOSED);
}

void share_lose(struct share *self, uint32_t extent)
{
	(void)change(self, extent, true, false, LAB_SHARE_LOST);
}

/* As child_settle(), of one that is closed. */
void share_open(struct share *self, uint32_t extent)
{
	uint64_t *child = &self->children[extent];
	uint64_t old = word_load(child);

	for (unsigned i = 0; i < WORD_RACES; i++) {
		uint64_t fresh = child_in_state(old, LAB_SHARE_OPEN);
		int largest = map_largest(map_of(self, extent));

		if (child_state(old) != LAB_SHARE_CLOSED)
			return;
		fresh = child_with_bucket(fresh, (unsigned)(largest + 1));
		if (word_swap(child, &old, fresh)) {
			changed(self, extent, old, fresh);
			return;
		}
	}
}

static bool whole(uint64_t child)
{
	return child_free(child) == LAB_EXTENT_PAGES;
}

bool share_idle(const struct share *self, uint32_t extent)
{
	uint64_t child = word_load(&self->children[extent]);

	return child_present(child) && whole(child);
}

static bool is_spare(const struct share *self, uint32_t extent)
{
	uint64_t child = word_load(&self->children[extent]);

	return child_open(child) && whole(child);
}

/* One of this list. */
static bool spare_of(struct share *self, unsigned list, uint32_t *extent)
{
	uint32_t at = index_next(self, list, 0);

	for (unsigned i = 0; i < SPARE_MISSES && at != INDEX_NONE; i++) {
		if (is_spare(self, at)) {
			*extent = at;
			return true;
		}
		child_relist(self, at, list);
		if (!child_held(word_load(&self->children[at])))
			child_settle(self, at);
		at = index_next(self, list, at + 1);
	}
	return false;
}

int share_spare(struct share *self, uint32_t *extent)
{
	return spare_of(self, LAB_MAX_ORDER, extent) ||
			       spare_of(self, INDEX_HELD, extent)
		       ? 0
		       : -LAB_ENOENT;
}
