/* SPDX-License-Identifier: MIT */
/*
 * Atomic grants from what is held, between two marks on the console, so that
 * whoever traces the VMM can tell what they cost there.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "exercise.h"
#include "tap.h"

#define ROUNDS 200
#define HELD   4 /* blocks of 2 MiB that are there to grant from */

static uint64_t calls;

static int64_t call(uint64_t number, uint64_t a, uint64_t b)
{
	calls++;
	return lab_hypercall(number, a, b, 0, 0);
}

/* Write to the first and last byte of each page. */
static void touch(int64_t block, unsigned int order)
{
	for (uint64_t at = 0; at < PAGE_SIZE << order; at += PAGE_SIZE) {
		volatile uint8_t *page = (uint8_t *)block + at;

		page[0] = 1;
		page[PAGE_SIZE - 1] = 1;
	}
}

/* Grant, touch and release, with each order in turn. */
static bool rounds(uint64_t context)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned int order = i % (MAX_ORDER + 1);
		int64_t block = call(LAB_HC_GRANT, context, order);

		if (block < 0)
			return false;
		touch(block, order);
		if (call(LAB_HC_RELEASE, (uint64_t)block, order) != 0)
			return false;
	}
	return true;
}

/* Take what is held until there is no more: the last answer, within a call. */
static int64_t run_dry(int64_t blocks[HELD])
{
	for (unsigned int i = 0; i < HELD; i++) {
		blocks[i] = call(LAB_HC_GRANT, LAB_GFP_ATOMIC, MAX_ORDER);
		if (blocks[i] < 0)
			return -1;
	}
	return call(LAB_HC_GRANT, LAB_GFP_ATOMIC, MAX_ORDER);
}

static void atomic_grants(void)
{
	int64_t blocks[HELD];

	/* The guarantee covers these: they are held from the start. */
	puts("# begin");
	bool granted = rounds(LAB_GFP_ATOMIC) && rounds(LAB_GFP_NOWAIT);
	int64_t dry = run_dry(blocks);
	for (unsigned int i = 0; i < HELD; i++)
		call(LAB_HC_RELEASE, (uint64_t)blocks[i], MAX_ORDER);
	printf("# end %lu calls\n", calls);
	expect(granted, true);
	expect(dry, -LAB_ENOMEM);
}

static const struct tap_case cases[] = {
	{"atomic: granted from what is held, then refused at once",
	 atomic_grants},
};

int exercise_atomic(int argc, char **argv)
{
	static const struct tap_group group[] = {TAP_GROUP(cases)};

	(void)argc;
	(void)argv;
	return tap_run(group, 1);
}
