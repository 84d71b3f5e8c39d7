/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "mem/window.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define WORD_BITS 64u

static bool is_lost(const struct window *self, uint32_t extent)
{
	return self->lost[extent / WORD_BITS] >> (extent % WORD_BITS) & 1;
}

int window_init(struct window *self, void *table, uint32_t extents,
		const struct reserve *marks)
{
	*self = (struct window){.leases = 0};
	self->lost = calloc(extents / WORD_BITS + 1, sizeof(*self->lost));
	if (self->lost == NULL || lowest_init(&self->taken, extents) < 0)
		return -ENOMEM;
	share_init(&self->share, table, extents);
	share_format(&self->share);
	self->share.head->min = marks->min;
	self->share.head->low = marks->low;
	self->share.head->high = marks->high;
	return 0;
}

void window_fini(struct window *self)
{
	lowest_fini(&self->taken);
	free(self->lost);
	*self = (struct window){.leases = 0};
}

bool window_present(const struct window *self, uint32_t extent)
{
	assert(extent < self->share.extents);
	return lowest_taken(&self->taken, extent) && !is_lost(self, extent);
}

void window_add(struct window *self, uint32_t extent)
{
	lowest_take(&self->taken, extent);
	self->leases++;
	share_add(&self->share, extent);
}

int window_remove(struct window *self, uint32_t extent)
{
	assert(window_present(self, extent));
	if (share_remove(&self->share, extent) < 0)
		return -EBUSY;
	lowest_free(&self->taken, extent);
	self->leases--;
	return 0;
}

void window_lose(struct window *self, uint32_t extent)
{
	assert(window_present(self, extent));
	share_lose(&self->share, extent);
	self->lost[extent / WORD_BITS] |= UINT64_C(1) << (extent % WORD_BITS);
	self->leases--;
}

void window_close(struct window *self, uint32_t extent)
{
	assert(window_present(self, extent));
	share_close(&self->share, extent);
}

void window_open(struct window *self, uint32_t extent)
{
	assert(window_present(self, extent));
	share_open(&self->share, extent);
}

bool window_idle(const struct window *self, uint32_t extent)
{
	assert(window_present(self, extent));
	return share_idle(&self->share, extent);
}

int window_absent(const struct window *self, uint32_t *extent)
{
	return lowest_find(&self->taken, extent);
}

int window_spare(struct window *self, uint32_t *extent)
{
	if (share_spare(&self->share, extent) < 0 ||
	    !window_present(self, *extent))
		return -ENOENT;
	return 0;
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
	return value < most ? value : most;
}

static uint64_t pages_of(const struct window *self)
{
	return (uint64_t)self->leases * LAB_EXTENT_PAGES;
}

uint64_t window_granted(const struct window *self)
{
	return at_most(share_granted(&self->share), pages_of(self));
}

uint64_t window_unused(const struct window *self)
{
	return at_most(share_unused(&self->share), pages_of(self));
}

uint32_t window_spares(const struct window *self)
{
	return (uint32_t)at_most(share_spares(&self->share), self->leases);
}

static uint64_t count(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

struct window_own window_own(const struct window *self)
{
	struct window_own own = {0};

	for (unsigned i = 0; i < LAB_CPUS_MAX; i++) {
		const struct lab_share_cpu *cpu = &self->share.cpus[i];
		for (unsigned k = 0; k < 3; k++)
			own.grants += count(&cpu->grants[k]);
		own.releases += count(&cpu->releases);
	}
	return own;
}

bool window_fits(struct window *self, unsigned order, uint64_t count,
		 uint64_t floor)
{
	if (window_unused(self) < (count << order) + floor)
		return false;
	if (order == 0)
		return true;
	if (order == LAB_MAX_ORDER)
		return window_spares(self) >= count;
	return share_has(&self->share, order, count);
}

/* Are they all in extents that have a lease? */
static bool all_present(const struct window *self, unsigned count,
			const uint32_t *pages)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t extent = pages[i] / LAB_EXTENT_PAGES;
		if (extent >= self->share.extents ||
		    !window_present(self, extent))
			return false;
	}
	return true;
}

int window_grant(struct window *self, unsigned order, unsigned count,
		 uint64_t floor, uint32_t *pages)
{
	int r = count == 1
			? share_grant(&self->share, NULL, order, floor, pages)
			: share_grant_bulk(&self->share, NULL, order, count,
					   floor, pages);

	/* Of a table that was scribbled over nothing is worth giving back. */
	return r < 0 || !all_present(self, count, pages) ? -ENOMEM : 0;
}

int window_release(struct window *self, unsigned order, unsigned count,
		   const uint32_t *pages)
{
	return count == 1 ? share_release(&self->share, NULL, pages[0], order)
			  : share_release_bulk(&self->share, NULL, order, count,
					       pages);
}

int window_inspect(const struct window *self, uint32_t page)
{
	uint32_t extent = page / LAB_EXTENT_PAGES;

	if (!window_present(self, extent))
		return -EACCES;
	return share_inspect(&self->share, page);
}
