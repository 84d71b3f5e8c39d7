/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/gpa.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include <labyrinth/hypercall.h>

int64_t gpa_to_page(const struct memory *memory, uint64_t gpa)
{
	uint64_t size = (uint64_t)memory->window * LAB_EXTENT_SIZE;

	if (gpa < LAB_WINDOW_BASE || gpa - LAB_WINDOW_BASE >= size)
		return -ENXIO;
	return (int64_t)((gpa - LAB_WINDOW_BASE) >> LAB_PAGE_SHIFT);
}

uint64_t gpa_of_page(uint32_t page)
{
	return LAB_WINDOW_BASE + ((uint64_t)page << LAB_PAGE_SHIFT);
}

void *gpa_page_host(const struct memory *memory, uint32_t page)
{
	uint32_t extent = memory_window_extent(memory, page / LAB_EXTENT_PAGES);

	return memory_extent(memory, extent) +
	       (uint64_t)(page % LAB_EXTENT_PAGES) * LAB_PAGE_SIZE;
}

static bool all_granted(const struct memory *memory,
			const struct window *window, uint64_t first,
			uint64_t last)
{
	int64_t from = gpa_to_page(memory, first);
	int64_t to = gpa_to_page(memory, last);

	if (from < 0 || to < 0)
		return false;
	for (int64_t page = from; page <= to; page++)
		if (window_inspect(window, (uint32_t)page) < 0)
			return false;
	return true;
}

void *gpa_ram_to_host(const struct memory *memory, uint64_t gpa, uint64_t bytes)
{
	uint64_t ram = (uint64_t)memory->ram * LAB_EXTENT_SIZE;
	uint64_t last; /* the last byte, so that the top address is no case */

	if (bytes == 0 || __builtin_add_overflow(gpa, bytes - 1, &last) ||
	    last >= ram)
		return NULL;
	return memory->base + gpa;
}

void *gpa_to_host(const struct memory *memory, const struct window *window,
		  uint64_t gpa, uint64_t bytes)
{
	uint64_t ram = (uint64_t)memory->ram * LAB_EXTENT_SIZE;
	uint64_t last;
	void *in_ram = gpa_ram_to_host(memory, gpa, bytes);

	if (in_ram != NULL)
		return in_ram;
	if (bytes == 0 || __builtin_add_overflow(gpa, bytes - 1, &last))
		return NULL;
	if (!all_granted(memory, window, gpa, last))
		return NULL;
	return memory->base + ram + (gpa - LAB_WINDOW_BASE);
}
