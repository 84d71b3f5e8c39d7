/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "share-model.h"

struct share *table;
struct lab_share_cpu *cpu;

static uint8_t held[EXTENTS * PAGES];  /* order + 1 of the grant, 0 = free */
static uint8_t began[EXTENTS * PAGES]; /* a grant begins or began here */
static bool present[EXTENTS];

int model_setup(void **state)
{
	(void)state;
	memset(held, 0, sizeof(held));
	memset(began, 0, sizeof(began));
	memset(present, 0, sizeof(present));
	table = table_new(EXTENTS);
	cpu = NULL;
	return table == NULL;
}

/* The same, for a processor that holds an extent. */
int model_setup_cpu(void **state)
{
	int r = model_setup(state);

	cpu = &table->cpus[3];
	return r;
}

int model_teardown(void **state)
{
	(void)state;
	table_free(table);
	cpu = NULL;
	return 0;
}

bool model_present(uint32_t extent)
{
	return present[extent];
}

static bool model_free(uint32_t page, unsigned order)
{
	if (!present[page / PAGES])
		return false;
	for (uint32_t i = 0; i < 1u << order; i++)
		if (held[page + i])
			return false;
	return true;
}

/* How many free blocks of this order the extent has. */
static unsigned model_blocks(uint32_t extent, unsigned order)
{
	unsigned blocks = 0;

	for (uint32_t at = 0; at < PAGES; at += 1u << order)
		blocks += model_free(extent * PAGES + at, order);
	return blocks;
}

int model_largest(uint32_t extent)
{
	int order = LAB_MAX_ORDER;

	while (order >= 0 && model_blocks(extent, (unsigned)order) == 0)
		order--;
	return order;
}

static int model_check(uint32_t page, unsigned order)
{
	if (!present[page / PAGES])
		return -EACCES;
	if (!began[page])
		return -ENOENT;
	if (!held[page])
		return -ESTALE;
	return held[page] == order + 1 ? 0 : -EMSGSIZE;
}

int model_inspect(uint32_t page)
{
	if (!present[page / PAGES])
		return -EACCES;
	return held[page] ? held[page] - 1 : -ENOENT;
}

void model_grant(uint32_t page, unsigned order)
{
	assert_int_equal(page % (1u << order), 0);
	assert_true(model_free(page, order));
	memset(&held[page], (int)order + 1, 1u << order);
	memset(&began[page], 0, 1u << order);
	began[page] = 1;
}

static void model_release(uint32_t page, unsigned order)
{
	memset(&held[page], 0, 1u << order);
}

void compare(void)
{
	uint64_t granted = 0;
	uint32_t extents = 0;
	uint32_t spare = 0;

	share_validate(table);
	for (uint32_t e = 0; e < EXTENTS; e++) {
		assert_int_equal(table_present(table, e), present[e]);
		extents += present[e];
		spare += present[e] && model_largest(e) == LAB_MAX_ORDER;
	}
	for (uint32_t page = 0; page < EXTENTS * PAGES; page++) {
		assert_int_equal(share_inspect(table, page),
				 model_inspect(page));
		granted += held[page] != 0;
		for (unsigned k = 0; k < ORDERS && page % (1u << k) == 0; k++)
			assert_int_equal(share_check_release(table, page, k),
					 model_check(page, k));
	}
	for (unsigned k = 0; k < ORDERS; k++) {
		uint64_t room = 0;

		for (uint32_t e = 0; e < EXTENTS; e++)
			room += model_blocks(e, k);
		assert_int_equal(share_room(table, k), room);
	}
	assert_int_equal(share_granted(table), granted);
	assert_int_equal(share_unused(table), extents * PAGES - granted);
	assert_int_equal(share_leases(table), extents);
	assert_int_equal(share_spares(table), spare);
}

void add(uint32_t extent)
{
	share_add(table, extent);
	present[extent] = true;
}

void remove_extent(uint32_t extent)
{
	assert_int_equal(share_remove(table, extent), 0);
	present[extent] = false;
	memset(&began[extent * PAGES], 0, PAGES);
}

/* The order of the largest free block of the extent that must be chosen. */
static int best_fit(unsigned order)
{
	int best = ORDERS;

	for (uint32_t e = 0; e < EXTENTS; e++) {
		int largest = model_largest(e);

		if (largest >= (int)order && largest < best)
			best = largest;
	}
	return best;
}

int64_t grant(unsigned order)
{
	int best = best_fit(order);
	uint32_t page = UINT32_MAX;
	int r = share_grant(table, cpu, order, 0, &page);

	if (best == ORDERS) {
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(page, UINT32_MAX);
		return r;
	}
	assert_int_equal(r, 0);
	if (cpu == NULL)
		assert_int_equal(model_largest(page / PAGES), best);
	for (uint32_t lower = page - page % PAGES; cpu == NULL && lower < page;
	     lower += 1u << order)
		assert_false(model_free(lower, order));
	model_grant(page, order);
	return page;
}

int release(uint32_t page, unsigned order)
{
	int r = share_check_release(table, page, order);

	assert_int_equal(r, model_check(page, order));
	assert_int_equal(share_release(table, cpu, page, order), r);
	if (r == 0)
		model_release(page, order);
	return r;
}
