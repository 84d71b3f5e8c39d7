/* SPDX-License-Identifier: MIT */
/*
 * Modest: takes what it is guaranteed, again and again, while the pool is dry
 * because a neighbour has the rest. Nothing of it is ever refused.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "exercise.h"
#include "pressure.h"
#include "selftest.h"
#include "settle.h"
#include "tap.h"

#define ORDER	       4
#define BLOCKS	       1024 /* that there is room for */
#define DEFAULT_ROUNDS 30
#define PATIENCE       400 /* rounds for each that counts */

static struct page *blocks[BLOCKS];
static uint64_t rounds;
static struct lab_counts start;
static uint64_t above_granted, above_refused; /* beyond the guarantee */

/* Of the guarantee, what a grant that must leave the reserve can have. */
static unsigned int blocks_guaranteed(void)
{
	uint64_t pages = start.leases_guarantee * LAB_EXTENT_PAGES -
			 ram_end() / PAGE_SIZE;

	return (unsigned int)((pages - start.pages_min) >> ORDER);
}

static bool take_guaranteed(gfp_t gfp, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		blocks[i] = alloc_pages(gfp, ORDER);
		expect_or_false(blocks[i] != NULL, true);
		fill((uint64_t)blocks[i], ORDER, (uint8_t)i);
	}
	return true;
}

static bool give_back_whole(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		expect_or_false(
			filled_with((uint64_t)blocks[i], ORDER, (uint8_t)i),
			true);
		__free_pages(blocks[i], ORDER);
	}
	return true;
}

/* What is above the guarantee may be had or not. */
static void try_above(void)
{
	struct page *page = alloc_pages(
		GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, MAX_ORDER);

	if (page)
		above_granted++;
	else
		above_refused++;
	__free_pages(page, MAX_ORDER);
}

static bool one_round(uint64_t round, unsigned int count)
{
	if (!take_guaranteed(round % 2 ? GFP_ATOMIC : GFP_KERNEL, count))
		return false;
	try_above();
	return give_back_whole(count);
}

/* With all given back, it is not this guest that is short. */
static bool pool_is_dry(void)
{
	return __atomic_load_n(&pressure_status()->pool, __ATOMIC_ACQUIRE) ==
	       LAB_LEVEL_CRITICAL;
}

static void never_refused(void)
{
	unsigned int count;
	uint64_t made = 0, dry = 0;

	start = settled_counts();
	count = blocks_guaranteed();
	expect(count > 0 && count <= BLOCKS, true);
	for (; dry < rounds && made < rounds * PATIENCE; made++) {
		dry += pool_is_dry();
		if (!one_round(made, count))
			return;
	}
	printf("# %lu rounds, %lu of them with a dry pool; beyond the "
	       "guarantee %lu granted, %lu refused\n",
	       made, dry, above_granted, above_refused);
	expect(dry, rounds);
}

static void counted(void)
{
	struct lab_counts end = settled_counts();

	expect(end.grants_failed - start.grants_failed, above_refused);
	expect(end.pages_granted, start.pages_granted);
	expect(end.mistakes, start.mistakes);
	/* It took more, and could not always have it. */
	expect(above_refused > 0, true);
}

static const struct tap_case cases[] = {
	{"modest: what is guaranteed is there, again and again", never_refused},
	{"modest: refused is what was beyond, and no more", counted},
};

int exercise_modest(int argc, char **argv)
{
	const struct tap_group group = TAP_GROUP(cases);

	rounds = argc > 0 ? strtoul(argv[0], NULL, 0) : DEFAULT_ROUNDS;
	return tap_run(&group, 1);
}
