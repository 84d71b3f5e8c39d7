/* SPDX-License-Identifier: MIT */
/*
 * Ebb: a storm that fills the window, rages there, and ends with 1 % of its
 * pages in use. No grant ever moves, and yet most of the leases go back to the
 * broker: what tests/unit/share-storm-test.c holds of the bookkeeping, seen
 * in a guest. On all processors at once, every page stamped.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "block.h"
#include "cpu.h"
#include "exercise.h"
#include "settle.h"
#include "tap.h"

#define BLOCKS	 16384 /* that there is room for, of all processors */
#define HEIGHT	 95    /* per cent of the window's pages */
#define CALM	 1     /* per cent of the pages at the height */
#define RETURNED 80    /* per cent of the leases at the height */

/* On the way down: so many releases for so many grants. */
#define RELEASES 3
#define GRANTS	 2

/* The processors ebb together: none is done while others have not begun. */
#define STEPS 32

/* One processor's part of the storm. */
struct part {
	struct block *blocks;
	uint64_t count; /* of blocks, and of pages in them */
	uint64_t pages;
	uint64_t most; /* pages that are its share of the height */
	uint64_t height;
	uint64_t granted;
	struct dice dice;
};

static struct block all_blocks[BLOCKS];
static struct part parts[LAB_CPUS_MAX];
static uint64_t room; /* for blocks, of each part */
static uint64_t step; /* of the ebb; written while no other processor runs */
static struct lab_counts start, peak;

static bool take_one(struct part *self)
{
	static const gfp_t contexts[] = {GFP_ATOMIC, GFP_NOWAIT, GFP_KERNEL,
					 GFP_KERNEL};
	gfp_t gfp = contexts[dice_throw(&self->dice) % 4] | __GFP_NOWARN;
	unsigned int order = dice_order(&self->dice);
	int64_t gpa = lab_hypercall(LAB_HC_GRANT, gfp, order, 0, 0);
	uint64_t stamp = ++self->granted * LAB_CPUS_MAX + smp_processor_id();

	if (gpa < 0) {
		expect_or_false(gpa == -LAB_ENOMEM || gpa == -LAB_EDQUOT, true);
		self->granted--;
		return true;
	}
	/* A larger window than this has room for? */
	expect_or_false(self->count < room, true);
	self->pages += UINT64_C(1) << order;
	return block_keep(&self->blocks[self->count++], (uint64_t)gpa, order,
			  gfp, stamp);
}

static bool release_one(struct part *self)
{
	struct block *block =
		&self->blocks[dice_throw(&self->dice) % self->count];

	if (!block_release(block))
		return false;
	self->pages -= UINT64_C(1) << block->order;
	*block = self->blocks[--self->count];
	return true;
}

/* Up to the height, and then about there for twice as many operations. */
static void rise(void *unused)
{
	struct part *self = &parts[smp_processor_id()];

	(void)unused;
	while (self->pages < self->most)
		if (!take_one(self))
			return;
	for (uint64_t i = 2 * self->count; i > 0; i--) {
		if (self->pages < self->most ? !take_one(self)
					     : !release_one(self))
			return;
	}
	self->height = self->pages;
}

/* One step of STEPS, the last of which is 0. */
static void fall(void *unused)
{
	struct part *self = &parts[smp_processor_id()];
	uint64_t calm = self->height * CALM / 100;
	uint64_t target = calm + (self->height - calm) * step / STEPS;
	unsigned int due = 0;

	(void)unused;
	while (self->pages > target) {
		if (!release_one(self))
			return;
		for (due += GRANTS; due >= RELEASES; due -= RELEASES)
			if (!take_one(self))
				return;
	}
}

static void give_back(void *unused)
{
	struct part *self = &parts[smp_processor_id()];

	(void)unused;
	while (self->count > 0)
		if (!release_one(self))
			return;
}

static uint64_t window_pages(void)
{
	return lab_boot_info()->window_size / PAGE_SIZE;
}

static void the_height(void)
{
	start = settled_counts();
	on_each_cpu(rise, NULL);
	peak = settled_counts();
	printf("# height: %lu of %lu pages in %lu leases\n", peak.pages_granted,
	       window_pages(), peak.leases);
	expect(peak.pages_granted * 100 >= window_pages() * (HEIGHT - 2), true);
}

static void the_ebb(void)
{
	for (step = STEPS; step-- > 0;)
		on_each_cpu(fall, NULL);
	expect(settled_counts().pages_granted * 100 <=
		       peak.pages_granted * CALM,
	       true);
}

static uint64_t window_leases(const struct lab_counts *counts)
{
	return (counts->pages_granted + counts->pages_free) / LAB_EXTENT_PAGES;
}

static void the_leases(void)
{
	struct lab_counts now = settled_counts();
	uint64_t all = window_leases(&peak);
	uint64_t returned = all - window_leases(&now);

	printf("# ebb: %lu pages in %lu leases, %lu of %lu given back\n",
	       now.pages_granted, now.leases, returned, all);
	expect(peak.leases - now.leases, returned);
	expect(returned * 100 >= all * RETURNED, true);
}

static void the_end(void)
{
	uint64_t granted = 0;
	struct lab_counts end;

	on_each_cpu(give_back, NULL);
	for (unsigned int i = 0; i < num_online_cpus(); i++) {
		expect(parts[i].count, 0);
		granted += parts[i].granted;
	}
	end = settled_counts();
	expect(end.pages_granted, start.pages_granted);
	expect(end.grants - start.grants, granted);
	expect(end.releases - start.releases, granted);
	expect(end.mistakes, start.mistakes);
	expect(end.leases, start.leases);
}

static void prepare(uint64_t seed)
{
	unsigned int cpus = num_online_cpus();

	room = BLOCKS / cpus;
	for (unsigned int i = 0; i < cpus; i++)
		parts[i] = (struct part){
			.blocks = &all_blocks[i * room],
			.most = window_pages() * HEIGHT / 100 / cpus,
			.dice = dice_of(seed + i),
		};
}

static const struct tap_case cases[] = {
	{"ebb: the window is filled, stamps in place", the_height},
	{"ebb: 1 % is left, stamps in place", the_ebb},
	{"ebb: 80 % of the leases are given back", the_leases},
	{"ebb: what is left is given back, and counts are as at the start",
	 the_end},
};

/* The same up to its lowest, and no further. */
static int stay(void)
{
	const struct tap_group group = {cases, 3};

	if (tap_run(&group, 1) != 0)
		return 1;
	puts("# stays");
	for (;;)
		cpu_wait_for_interrupt();
}

int exercise_ebb(int argc, char **argv)
{
	const struct tap_group group = TAP_GROUP(cases);

	prepare(argc > 0 ? strtoul(argv[0], NULL, 0) : 1);
	return argc > 1 ? stay() : tap_run(&group, 1);
}
