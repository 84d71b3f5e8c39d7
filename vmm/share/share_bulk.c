/* SPDX-License-Identifier: MIT */
/* All or nothing: a call looks first whether it can, then does it. */
#include "share/index.h"
#include "share/map.h"
#include "share/share_private.h"

/*
 * May there be so many blocks? Each extent that the index has for this order or
 * more has one at least, but for those that are held, so that few must be
 * looked at. What moved meanwhile may have been missed.
 */
static bool enough(struct share *self, unsigned order, unsigned count)
{
	int64_t before = count_of(&self->head->moves);
	unsigned blocks = 0;
	unsigned looks = 0;

	for (unsigned list = order; list <= INDEX_HELD; list++) {
		uint32_t extent = index_next(self, list, 0);

		while (extent != INDEX_NONE && blocks < count) {
			blocks += map_count(map_of(self, extent), order);
			if (++looks > 2 * LAB_BULK_MAX)
				return true;
			extent = index_next(self, list, extent + 1);
		}
	}
	return blocks >= count || count_of(&self->head->clears) != 0 ||
	       count_of(&self->head->moves) != before;
}

/* Granted, but not all: release what there is of them. */
static void undo(struct share *self, unsigned order, unsigned count,
		 const uint32_t *pages)
{
	for (unsigned i = 0; i < count; i++)
		(void)share_release(self, NULL, pages[i], order);
}

int share_grant_bulk(struct share *self, struct lab_share_cpu *cpu,
		     unsigned order, unsigned count, uint64_t floor,
		     uint32_t *pages)
{
	int64_t size = INT64_C(1) << order;
	int r = 0;

	if (!sum_take(self, (uint64_t)count << order, floor))
		return -LAB_ENOMEM;
	/* Pages that are promised are blocks of order 0. */
	if (order > 0 && count > 1 && !enough(self, order, count)) {
		sum_add(&self->head->unused, size * count);
		return -LAB_ENOMEM;
	}
	for (unsigned i = 0; i < count; i++) {
		r = block_grant(self, cpu, order, &pages[i]);
		if (r == 0)
			continue;
		sum_add(&self->head->unused, size * (count - i));
		undo(self, order, i, pages);
		break;
	}
	return r;
}

/* Which pages were there: a hash of them, filled to a half at most. */
#define SLOTS (2u * LAB_BULK_MAX)

_Static_assert(SLOTS == 1u << 10, "bits of a slot's number");

struct seen {
	uint16_t slot[SLOTS]; /* 1 + where in the array, or 0 */
};

static bool seen_before(struct seen *self, const uint32_t *pages, unsigned i,
			unsigned order)
{
	uint32_t at = (pages[i] >> order) * UINT32_C(0x9e3779b1) >> 22;

	while (self->slot[at] != 0) {
		if (pages[self->slot[at] - 1u] == pages[i])
			return true;
		at = (at + 1) % SLOTS;
	}
	self->slot[at] = (uint16_t)(i + 1);
	return false;
}

int share_check_release_bulk(const struct share *self, unsigned order,
			     unsigned count, const uint32_t *pages)
{
	struct seen seen = {{0}};

	for (unsigned i = 0; i < count; i++) {
		int r = share_check_release(self, pages[i], order);

		if (r == 0 && seen_before(&seen, pages, i, order))
			r = -LAB_ESTALE;
		if (r < 0)
			return r;
	}
	return 0;
}

int share_release_bulk(struct share *self, struct lab_share_cpu *cpu,
		       unsigned order, unsigned count, const uint32_t *pages)
{
	int r = share_check_release_bulk(self, order, count, pages);

	for (unsigned i = 0; i < count && r == 0; i++)
		r = share_release(self, cpu, pages[i], order);
	return r;
}
