/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "share/index.h"
#include "share/map.h"
#include "share/share_private.h"

#include <stdio.h>
#include <stdlib.h>

struct sums {
	int64_t unused;
	int64_t spares;
	int64_t shut;
	int64_t leases;
};

static void require(bool holds, const char *what, uint32_t extent)
{
	if (holds)
		return;
	fprintf(stderr, "shared page allocator: extent %u: %s\n", extent, what);
	abort();
}

static bool held_by_somebody(const struct share *self, uint32_t extent)
{
	for (unsigned i = 0; i < LAB_CPUS_MAX; i++)
		if (place_extent(word_load(&self->cpus[i].place)) == extent)
			return true;
	return false;
}

static void validate_open(const struct share *self, uint32_t extent,
			  uint64_t child, int largest)
{
	if (child_held(child)) {
		require(held_by_somebody(self, extent), "held by nobody",
			extent);
	} else {
		require(child_bucket(child) == (unsigned)(largest + 1),
			"in the bucket of another free order", extent);
	}
}

static void validate_extent(const struct share *self, uint32_t extent,
			    struct sums *sums)
{
	uint64_t child = word_load(&self->children[extent]);
	const uint64_t *map = map_of(self, extent);
	bool open = child_open(child);

	if (!open)
		require(child_bucket(child) == 0, "not open, but in a bucket",
			extent);
	if (!child_present(child))
		return;
	const char *fault = map_fault(map);

	require(fault == NULL, fault, extent);
	require(child_free(child) == map_count(map, 0),
		"the number of free pages is wrong", extent);
	if (open)
		validate_open(self, extent, child, map_largest(map));
	sums->leases++;
	if (open)
		sums->unused += child_free(child);
	else
		sums->shut += child_free(child);
	sums->spares += open && child_free(child) == LAB_EXTENT_PAGES;
}

void share_validate(const struct share *self)
{
	const char *fault = index_fault(self);
	struct sums sums = {0};

	require(fault == NULL, fault, UINT32_MAX);
	for (uint32_t extent = 0; extent < self->extents; extent++)
		validate_extent(self, extent, &sums);
	require(self->head->unused == sums.unused,
		"the sum of unused pages is wrong", UINT32_MAX);
	require(self->head->spares == sums.spares,
		"the number of whole extents is wrong", UINT32_MAX);
	require(self->head->shut == sums.shut,
		"the sum of closed extents' pages is wrong", UINT32_MAX);
	require(self->head->leases == sums.leases,
		"the number of leases is wrong", UINT32_MAX);
}
