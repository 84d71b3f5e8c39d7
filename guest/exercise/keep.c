/* SPDX-License-Identifier: MIT */
/*
 * Keep: some blocks for ever, others from turn to turn, and all of them stamped
 * by what no other block has. A line for each turn that found every stamp in
 * its place, so that who kills brokers and other guests sees that this one has
 * lost nothing. A turn waits for the timer, where there is one, to leave the
 * host's processor to others.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "block.h"
#include "cpu.h"
#include "exercise.h"

#define ORDER  6  /* 256 KiB a block */
#define STEADY 12 /* blocks, 3 MiB */
#define MOVING 28 /* blocks, 7 MiB */
#define SEEDS  16
#define TIMER  LAB_IRQ_FIRST
#define MS     1000000 /* ticks of the timer */

static struct block steady[STEADY], moving[MOVING];
static uint64_t stamps; /* given out; each of this guest's alone */
static uint64_t ticks;	/* atomic */

static bool all_whole(const struct block *blocks, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (blocks[i].gpa && !block_is_whole(&blocks[i]))
			return false;
	}
	return true;
}

/* Of each place without a block. What is refused stays empty for this turn. */
static bool take(struct block *blocks, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct page *page;

		if (blocks[i].gpa)
			continue;
		page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, ORDER);
		if (!page)
			return true;
		stamps += SEEDS;
		if (!block_keep(&blocks[i], (uint64_t)page_address(page), ORDER,
				GFP_KERNEL, stamps))
			return false;
	}
	return true;
}

static bool give_back(struct block *blocks, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (blocks[i].gpa && !block_release(&blocks[i]))
			return false;
	}
	return true;
}

static void tick(unsigned int vector, void *argument)
{
	(void)vector;
	(void)argument;
	__atomic_fetch_add(&ticks, 1, __ATOMIC_RELAXED);
}

static bool start_ticks(uint32_t ms)
{
	return request_irq(TIMER, tick, NULL) == 0 &&
	       start_timer(TIMER, ms * MS, true) == 0;
}

static void wait_for_tick(void)
{
	static uint64_t seen;

	local_irq_disable();
	while (seen == __atomic_load_n(&ticks, __ATOMIC_RELAXED)) {
		cpu_wait_for_interrupt();
		local_irq_disable();
	}
	seen = ticks;
	local_irq_enable();
}

static unsigned int blocks_held(void)
{
	unsigned int held = 0;

	for (unsigned int i = 0; i < STEADY; i++)
		held += steady[i].gpa != 0;
	for (unsigned int i = 0; i < MOVING; i++)
		held += moving[i].gpa != 0;
	return held;
}

static bool one_turn(void)
{
	return take(steady, STEADY) && take(moving, MOVING) &&
	       all_whole(steady, STEADY) && all_whole(moving, MOVING);
}

int exercise_keep(int argc, char **argv)
{
	uint64_t ms = argc > 1 ? strtoul(argv[1], NULL, 0) : 50;
	bool timed = has_apic() && ms > 0 && ms <= 1000 &&
		     start_ticks((uint32_t)ms);

	stamps = argc > 0 ? strtoul(argv[0], NULL, 0) % SEEDS : 0;
	for (uint64_t turn = 1; one_turn(); turn++) {
		printf("turn %lu: %u blocks intact\n", turn, blocks_held());
		if (timed)
			wait_for_tick();
		if (!give_back(moving, MOVING))
			break;
	}
	puts("my memory is not what I wrote!");
	return 1;
}
