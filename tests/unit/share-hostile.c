/* SPDX-License-Identifier: MIT */
/*
 * share-hostile [CALLS]: a thread scribbles over the whole table, as a guest
 * may, while the VMM makes so many calls on it. Each must end, and with an
 * answer that may be used unchecked; nothing beside the table is touched, which
 * lies between pages that nobody may touch.
 */
#include <config.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "share-support.h"

#define EXTENTS 70u
#define PAGES	(EXTENTS * LAB_EXTENT_PAGES)
#define BULK	16u
#define CALLS	12u

static struct share table;
static uint64_t words;
static int over;

static uint64_t random_next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *state >> 11 ^ *state << 13;
}

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	printf("not ok 1 - %s\n1..1\n", what);
	fflush(stdout);
	abort();
}

/* Often what looks right, so that the calls get far. */
static uint64_t nonsense(uint64_t *state, uint64_t at)
{
	uint64_t word = random_next(state);
	uint64_t child =
		(random_next(state) % 4 ? LAB_EXTENT_PAGES : word % 700) |
		(uint64_t)LAB_SHARE_OPEN << LAB_SHARE_STATE_SHIFT;

	switch (random_next(state) % 4) {
	case 0:
		return 0;
	case 1:
		return at >= LAB_SHARE_CHILDREN / 8 &&
				       at < LAB_SHARE_MAPS(EXTENTS) / 8
			       ? child | (word & LAB_SHARE_BUCKET)
			       : word & 0xffff0000ffff;
	case 2:
		return word % EXTENTS;
	default:
		return word;
	}
}

static void *scribble(void *argument)
{
	uint64_t *at = (uint64_t *)table.head;
	uint64_t state = 1;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		for (unsigned i = 0; i < 1000; i++) {
			uint64_t where = random_next(&state) % words;

			/* Mostly where it is looked at all the time. */
			if (i % 8 == 0)
				where = 8 * (random_next(&state) % 4);
			__atomic_store_n(&at[where], nonsense(&state, where),
					 __ATOMIC_RELAXED);
		}
	return argument;
}

static void use(int r, const uint32_t *pages, unsigned count, unsigned order)
{
	require(r == 0 || r == -LAB_ENOMEM || r == -LAB_EAGAIN,
		"a grant has another answer");
	for (unsigned i = 0; i < count && r == 0; i++)
		require(pages[i] < PAGES && pages[i] % (1u << order) == 0,
			"a grant lies outside the window");
}

static void check_counts(void)
{
	require(share_unused(&table) <= PAGES, "unused is too much");
	require(share_granted(&table) <= PAGES, "granted is too much");
	require(share_spares(&table) <= EXTENTS, "spares are too many");
	require(share_leases(&table) <= EXTENTS, "leases are too many");
	require(share_room(&table, 0) <= PAGES, "room is too much");
}

static void call(uint64_t *state)
{
	struct lab_share_cpu *cpu =
		random_next(state) % 2 ? &table.cpus[random_next(state) % 64]
				       : NULL;
	unsigned order = (unsigned)(random_next(state) % (LAB_MAX_ORDER + 1));
	uint32_t page =
		(uint32_t)(random_next(state) % PAGES) & ~((1u << order) - 1);
	uint32_t extent = page / LAB_EXTENT_PAGES;
	uint32_t pages[BULK];

	switch (random_next(state) % CALLS) {
	case 0 ... 2:
		use(share_grant(&table, cpu, order, 0, pages), pages, 1, order);
		break;
	case 3:
		use(share_grant_bulk(&table, cpu, order, BULK, 0, pages), pages,
		    BULK, order);
		break;
	case 4:
		require(share_release(&table, cpu, page, order) <= 0,
			"a release has another answer");
		break;
	case 5:
		for (unsigned i = 0; i < BULK; i++)
			pages[i] = (page + (i << order)) % PAGES;
		require(share_release_bulk(&table, cpu, order, BULK, pages) <=
				0,
			"a release has another answer");
		break;
	case 6:
		require(share_inspect(&table, page) <= LAB_MAX_ORDER,
			"a grant has another order");
		break;
	case 7:
		if (share_spare(&table, &extent) == 0)
			require(extent < EXTENTS, "a spare outside the window");
		(void)share_take(&table, extent);
		break;
	case 8:
		(void)share_remove(&table, extent);
		break;
	case 9:
		share_add(&table, extent);
		break;
	case 10:
		share_close(&table, extent);
		share_open(&table, extent);
		break;
	default:
		share_lose(&table, extent);
		check_counts();
	}
}

/* The table, and a page on both sides of it that nobody may touch. */
static void make_table(void)
{
	uint64_t bytes = share_bytes(EXTENTS);
	unsigned char *all = mmap(NULL, bytes + 2 * LAB_PAGE_SIZE, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(all != MAP_FAILED && mprotect(all + LAB_PAGE_SIZE, bytes,
					      PROT_READ | PROT_WRITE) == 0,
		"no memory");
	share_init(&table, all + LAB_PAGE_SIZE, EXTENTS);
	share_format(&table);
	words = bytes / 8;
	for (uint32_t i = 0; i < EXTENTS; i++)
		share_add(&table, i);
}

int main(int argc, char **argv)
{
	uint64_t calls = argc == 2 ? strtoull(argv[1], NULL, 10) : 400000;
	uint64_t state = 7;
	pthread_t thread;

	make_table();
	require(pthread_create(&thread, NULL, scribble, NULL) == 0,
		"no thread");
	for (uint64_t i = 0; i < calls; i++)
		call(&state);
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("ok 1 - %llu calls on a table full of nonsense have "
	       "ended\n1..1\n",
	       (unsigned long long)calls);
	return 0;
}
