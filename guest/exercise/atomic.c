/* SPDX-License-Identifier: MIT */
/*
 * Atomic grants from what is held, between two marks on the console, so that
 * whoever traces the VMM can tell what they cost there.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "exercise.h"
#include "settle.h"
#include "tap.h"

#define ROUNDS 200
#define MOST   64 /* blocks that it takes to use up what is held */

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

static struct {
	int64_t gpa;
	unsigned int order;
} blocks[MOST];
static unsigned int count;

/*
 * Take what is held, by large blocks and then by small ones, until there is no
 * page more. On the way it crosses low and min, where a refill is asked for.
 */
static int64_t run_dry(void)
{
	int64_t is = 0;

	for (int order = MAX_ORDER; order >= 0 && count < MOST;) {
		is = call(LAB_HC_GRANT, LAB_GFP_ATOMIC | LAB_GFP_NOWARN,
			  (unsigned int)order);
		if (is < 0) {
			order--;
			continue;
		}
		blocks[count].gpa = is;
		blocks[count++].order = (unsigned int)order;
	}
	return is;
}

static void give_back(void)
{
	while (count > 0) {
		count--;
		call(LAB_HC_RELEASE, (uint64_t)blocks[count].gpa,
		     blocks[count].order);
	}
}

static void atomic_grants(void)
{
	/* Nothing comes while it runs dry; that it is asked for is enough. */
	refill(false);
	/* The guarantee covers these: they are held from the start. */
	puts("# begin");
	bool granted = rounds(LAB_GFP_ATOMIC) && rounds(LAB_GFP_NOWAIT);
	int64_t dry = run_dry();
	printf("# end %lu calls\n", calls);
	give_back();
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
