/* SPDX-License-Identifier: MIT */
/* Much memory, whole leases of it: to the guest, touched, and back. */
#include "freestanding.h"

#include "bench.h"
#include "cpu.h"

#define LEASE_MIB   2
#define MOST	    1024 /* leases */
#define SMALL	    16	 /* pages, to be looked at */
#define GIVEN_TO_BE 1	 /* the lease that a guest may keep as a spare */

static struct page *held[MOST];

static uint64_t leases(void)
{
	struct lab_counts counts;

	if (lab_query(&counts) != 0)
		panic("no counts");
	return counts.leases;
}

static void touch(const struct page *block)
{
	volatile uint8_t *byte = page_address(block);

	for (uint64_t at = 0; at < PAGE_SIZE << MAX_ORDER; at += PAGE_SIZE)
		byte[at] = 1;
}

static void __attribute__((noreturn)) stay(void)
{
	printf("stays 1\n");
	for (;;)
		cpu_wait_for_interrupt();
}

static bool take(unsigned long wanted)
{
	for (unsigned long i = 0; i < wanted; i++) {
		held[i] = alloc_pages(GFP_KERNEL, MAX_ORDER);
		if (!held[i]) {
			printf("refused_at %lu\n", i);
			return false;
		}
	}
	return true;
}

/* Until all of it is with the broker again. */
static void give_back(unsigned long count, uint64_t before)
{
	for (unsigned long i = 0; i < count; i++)
		__free_pages(held[i], MAX_ORDER);
	while (leases() > before + GIVEN_TO_BE)
		cpu_pause();
}

int bench_give(int argc, char **argv)
{
	unsigned long wanted = bench_argument(argc, argv, 0, 256) / LEASE_MIB;
	uint64_t before = leases(), start = bench_cycles(), given, touched;

	if (wanted > MOST)
		wanted = MOST;
	if (!take(wanted))
		return 1;
	given = bench_cycles();
	for (unsigned long i = 0; i < wanted; i++)
		touch(held[i]);
	touched = bench_cycles();
	printf("give_cycles %lu\n", given - start);
	printf("touch_cycles %lu\n", touched - given);
	if (argc > 1)
		stay();
	start = bench_cycles();
	give_back(wanted, before);
	printf("back_cycles %lu\n", bench_cycles() - start);
	return 0;
}

int bench_stay(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (unsigned int i = 0; i < SMALL; i++) {
		if (!alloc_page(GFP_KERNEL))
			return 1;
	}
	stay();
}
