/* SPDX-License-Identifier: MIT */
/*
 * Greedy: a neighbour that takes all it can get, by ATOMIC and by KERNEL with
 * NORETRY, on all processors at once. Whoever lives beside it should not mind.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "block.h"
#include "cpu.h"
#include "exercise.h"

#define BLOCKS 8192 /* that there is room for, of all processors */
#define RAGE   500  /* blocks that go and come again at the height */

/* What one processor has taken. */
struct part {
	struct block *blocks;
	unsigned int count;
	struct dice dice;
};

static struct block all_blocks[BLOCKS];
static struct part parts[LAB_CPUS_MAX];
static unsigned int room; /* for blocks, of each part */

static bool take_one(struct part *self, unsigned int order)
{
	static const gfp_t contexts[] = {GFP_ATOMIC,
					 GFP_KERNEL | __GFP_NORETRY};

	for (unsigned int i = 0; i < 2; i++) {
		int64_t gpa = lab_hypercall(
			LAB_HC_GRANT, contexts[i] | __GFP_NOWARN, order, 0, 0);

		if (gpa < 0)
			continue;
		*(uint64_t *)gpa = (uint64_t)gpa;
		self->blocks[self->count++] = (struct block){
			.gpa = (uint64_t)gpa,
			.order = order,
		};
		return true;
	}
	return false;
}

static void release(const struct block *block)
{
	lab_hypercall(LAB_HC_RELEASE, block->gpa, block->order, 0, 0);
}

/* Until not even a page is to be had; the first block is a whole lease. */
static void take_all(void *unused)
{
	struct part *self = &parts[smp_processor_id()];
	unsigned int order = self->count == 0 ? MAX_ORDER : 0;

	(void)unused;
	while (self->count < room) {
		if (take_one(self, order))
			order = dice_order(&self->dice);
		else if (order-- == 0)
			return;
	}
}

/* At the height: release one but the first, and take what fills the gap. */
static void rage(void *unused)
{
	struct part *self = &parts[smp_processor_id()];

	for (unsigned int i = 0; i < RAGE && self->count > 1; i++) {
		uint64_t at = 1 + dice_throw(&self->dice) % (self->count - 1);

		release(&self->blocks[at]);
		self->blocks[at] = self->blocks[--self->count];
		take_all(unused);
	}
}

static void give_all(void *unused)
{
	struct part *self = &parts[smp_processor_id()];

	(void)unused;
	while (self->count > 0)
		release(&self->blocks[--self->count]);
}

static void tell(const char *what, unsigned long turn)
{
	struct lab_counts counts;

	lab_query(&counts);
	printf("# %s %lu: %lu pages in %lu leases\n", what, turn,
	       counts.pages_granted, counts.leases);
}

/* Hold all but one lease, which lies idle: nobody but a neighbour in need, who
 * has the broker ask for it, will get that. */
static void __attribute__((noreturn)) stay(unsigned long turn)
{
	release(&parts[0].blocks[0]);
	tell("stays at", turn);
	for (;;)
		cpu_wait_for_interrupt();
}

int exercise_greedy(int argc, char **argv)
{
	unsigned long turns = argc > 0 ? strtoul(argv[0], NULL, 0) : 0;
	unsigned int cpus = num_online_cpus();

	room = BLOCKS / cpus;
	for (unsigned int i = 0; i < cpus; i++)
		parts[i] = (struct part){
			.blocks = &all_blocks[i * room],
			.dice = dice_of(i),
		};
	for (unsigned long turn = 1;; turn++) {
		on_each_cpu(take_all, NULL);
		tell("turn", turn);
		if (turn == turns)
			stay(turn);
		on_each_cpu(rage, NULL);
		on_each_cpu(give_all, NULL);
	}
}
