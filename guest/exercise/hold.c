/* SPDX-License-Identifier: MIT */
/*
 * Hold and spin: guests to be watched and to be killed. There is no clock
 * here; the pace is that of work on the memory that they hold.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "exercise.h"

#define ORDER	  6 /* 256 KiB a block */
#define BLOCK	  (PAGE_SIZE << ORDER)
#define MOST	  2048 /* blocks */
#define STEPS	  4    /* up to the top, as many down */
#define SPIN_MOST 32

static struct page *held[MOST];
static unsigned int count;

/* Take or give back until so many blocks are held, or memory ends. */
static void hold(unsigned int wanted)
{
	while (count < wanted) {
		struct page *block = alloc_pages(GFP_KERNEL, ORDER);

		if (!block)
			break;
		held[count++] = block;
	}
	while (count > wanted)
		__free_pages(held[--count], ORDER);
}

/* Write all that is held, and see that it is still what was written. */
static bool work(unsigned int passes)
{
	for (unsigned int pass = 0; pass < passes; pass++) {
		for (unsigned int i = 0; i < count; i++)
			memset(page_address(held[i]), (int)(i + pass), BLOCK);
		for (unsigned int i = 0; i < count; i++) {
			const uint8_t *byte = page_address(held[i]);

			if (byte[0] != (uint8_t)(i + pass) ||
			    byte[BLOCK - 1] != (uint8_t)(i + pass))
				return false;
		}
	}
	return true;
}

/* One hill: up to the top by steps, and down again. */
static bool hill(unsigned int top, unsigned int passes)
{
	for (unsigned int step = 1; step <= 2 * STEPS; step++) {
		unsigned int height = step <= STEPS ? step : 2 * STEPS - step;
		struct lab_counts counts;

		hold(top * height / STEPS);
		if (lab_query(&counts) != 0 || !work(passes))
			return false;
		printf("holding %5lu pages, %3lu of %lu leases%s\n",
		       counts.pages_granted, counts.leases, counts.leases_limit,
		       count < top * height / STEPS ? " (no more to be had)"
						    : "");
	}
	return true;
}

static unsigned long argument(int argc, char **argv, int index,
			      unsigned long otherwise)
{
	return index < argc ? strtoul(argv[index], NULL, 0) : otherwise;
}

int exercise_hold(int argc, char **argv)
{
	unsigned long blocks = argument(argc, argv, 0, 4096) >> ORDER;
	unsigned long rounds = argument(argc, argv, 1, 3);
	unsigned long passes = argument(argc, argv, 2, 8);

	if (blocks < STEPS)
		blocks = STEPS;
	if (blocks > MOST)
		blocks = MOST;
	for (unsigned long i = 1; i <= rounds; i++) {
		printf("round %lu of %lu\n", i, rounds);
		if (!hill((unsigned int)blocks, (unsigned int)passes)) {
			puts("my memory is not what I wrote!");
			return 1;
		}
	}
	puts("all given back");
	return 0;
}

int exercise_hog(int argc, char **argv)
{
	struct lab_counts counts;

	(void)argc;
	(void)argv;
	hold(MOST);
	if (lab_query(&counts) != 0)
		return 1;
	printf("holding %lu pages, %lu of %lu leases\n", counts.pages_granted,
	       counts.leases, counts.leases_limit);
	while (work(1))
		;
	return 1;
}

/* For ever, or until something wakes a processor that wants no interrupt. */
static void hang(bool halted)
{
	local_irq_disable();
	for (;;) {
		if (halted)
			__asm__ volatile("hlt");
		else
			__asm__ volatile("pause");
	}
}

int exercise_hang(int argc, char **argv)
{
	hold(MOST);
	printf("holding %u blocks, and hanging\n", count);
	hang(argc > 0 && strcmp(argv[0], "halted") == 0);
	return 1;
}

int exercise_spin(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	/* A line for each turn: who kills us may choose the moment by them. */
	for (unsigned long turn = 1;; turn++) {
		hold(turn % 2 ? SPIN_MOST : SPIN_MOST / 4);
		printf("turn %lu: holding %u blocks\n", turn, count);
		if (!work(1))
			return 1;
	}
}
