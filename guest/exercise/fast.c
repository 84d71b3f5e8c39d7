/* SPDX-License-Identifier: MIT */
/*
 * Fast: grants and releases by the table that the guest shares with its VMM. By
 * KVM's own statistics they make no exit; a grant made so and one made by a
 * call are the same. Wants 24M of window guaranteed, and no more allowed.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>
#include <labyrinth/share.h>

#include "block.h"
#include "cpu.h"
#include "exercise.h"
#include "selftest.h"
#include "settle.h"
#include "smp.h"
#include "tap.h"

#define PAIRS	 1000000
#define ROUNDS	 16 /* that the pairs are made in */
#define MIXED	 8  /* blocks that a processor has at a time */
#define BULK	 32
#define PATIENCE 10000000 /* looks */
#define CONSOLE	 16	  /* calls for one line of output, at most */

/* Exits of a round that neither a call of ours nor the host's interrupts
 * explain. */
static int64_t unexplained(const struct lab_stats *before,
			   const struct lab_stats *after)
{
	return (int64_t)(after->exits - before->exits) -
	       (int64_t)(after->interrupts - before->interrupts) - 1;
}

static bool pair(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	if (page)
		__free_pages(page, order);
	return page != NULL;
}

static bool many_pairs(unsigned int count)
{
	static const gfp_t contexts[] = {GFP_ATOMIC, GFP_NOWAIT, GFP_KERNEL};

	for (unsigned int i = 0; i < count; i++)
		if (!pair(contexts[i % 3], 0))
			return false;
	return true;
}

/*
 * A host that is interrupted by an NMI has an exit that no count explains: so
 * the calmest round is what all exits are explained in. None goes to the VMM
 * but the question, in any.
 */
static void no_exits(void)
{
	struct lab_counts first = settled_counts(), last;
	struct lab_stats before, after;
	int64_t calmest = INT64_MAX, all = 0;

	expect(many_pairs(1000), true);
	expect(lab_stats(&before), 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		int64_t more;

		expect(many_pairs(PAIRS / ROUNDS), true);
		expect(lab_stats(&after), 0);
		expect(after.user_exits, before.user_exits + 1);
		expect(after.host_faults, before.host_faults);
		more = unexplained(&before, &after);
		all += more;
		if (more < calmest)
			calmest = more;
		before = after;
	}
	printf("# %u pairs: %ld exits that are not the host's interrupts\n",
	       PAIRS, all);
	expect(calmest, 0);
	last = settled_counts();
	expect(last.grants, first.grants + 1000 + PAIRS);
	expect(last.releases, first.releases + 1000 + PAIRS);
	expect(last.pages_granted, first.pages_granted);
	expect(last.pages_free, first.pages_free);
	/* Questions alone. */
	expect(last.calls <= first.calls + ROUNDS + 1 + CONSOLE, true);
}

static struct {
	struct dice dice;
	uint64_t stamps;
	int64_t calmest;
	bool good;
} parts[LAB_CPUS_MAX];

/* A block of any order comes, or one that is there goes. */
static bool step(unsigned int self, struct block *blocks)
{
	struct block *block = &blocks[dice_throw(&parts[self].dice) % MIXED];
	unsigned int order = dice_order(&parts[self].dice);
	struct page *page;

	if (block->gpa) {
		if (!block_is_whole(block))
			return false;
		__free_pages((struct page *)block->gpa, block->order);
		block->gpa = 0;
		return true;
	}
	page = alloc_pages(GFP_ATOMIC, order);
	expect_or_false(page != NULL, true);
	return block_keep(block, (uint64_t)page_address(page), order,
			  GFP_ATOMIC,
			  ++parts[self].stamps * LAB_CPUS_MAX + self);
}

static void mix_here(void *argument)
{
	unsigned int self = smp_processor_id();
	struct block blocks[MIXED] = {{0}};
	struct lab_stats before, after;

	(void)argument;
	parts[self].dice = dice_of(self + 1);
	parts[self].calmest = INT64_MAX;
	expect(lab_stats(&before), 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		for (unsigned int k = 0; k < 500; k++)
			if (!step(self, blocks))
				return;
		expect(lab_stats(&after), 0);
		expect(after.user_exits, before.user_exits + 1);
		if (unexplained(&before, &after) < parts[self].calmest)
			parts[self].calmest = unexplained(&before, &after);
		before = after;
	}
	for (unsigned int i = 0; i < MIXED; i++)
		if (blocks[i].gpa)
			expect(block_release(&blocks[i]), true);
	parts[self].good = true;
}

/* Second-stage gaps are the host's, and filled by the rounds before. */
static void mixed_orders(void)
{
	struct lab_counts before = settled_counts(), after;

	on_each_cpu(mix_here, NULL);
	for (unsigned int i = 0; i < num_online_cpus(); i++) {
		expect(parts[i].good, true);
		expect(parts[i].calmest, 0);
	}
	after = settled_counts();
	expect(after.pages_granted, before.pages_granted);
	expect(after.pages_free, before.pages_free);
	expect(after.grants - after.releases, before.grants - before.releases);
	expect(after.mistakes, before.mistakes);
}

/* A grant of either way is seen, and given back, by the other. */
static void one_state(void)
{
	struct page *fast = alloc_pages(GFP_KERNEL, 3);
	int64_t slow = call(LAB_HC_GRANT, LAB_GFP_KERNEL, 3);
	uint64_t at = (uint64_t)page_address(fast);
	struct lab_counts before;

	expect(fast != NULL && slow > 0, true);
	expect(call(LAB_HC_INSPECT, at + PAGE_SIZE), 3);
	expect_mistake(LAB_EMSGSIZE, LAB_HC_RELEASE, at, 2);
	expect_mistake(LAB_ENOENT, LAB_HC_RELEASE, at + PAGE_SIZE, 0);
	expect(call(LAB_HC_RELEASE, at, 3), 0);
	expect_mistake(LAB_ESTALE, LAB_HC_RELEASE, at, 3);
	__free_pages((struct page *)slow, 3);
	expect_mistake(LAB_ESTALE, LAB_HC_RELEASE, (uint64_t)slow, 3);
	before = counts_now();
	__free_pages((struct page *)slow, 3);
	expect(counts_now().mistakes, before.mistakes + 1);
	expect(counts_now().releases, before.releases);
}

static bool bulk_fails(unsigned int count, struct page **pages, int error)
{
	struct lab_counts before = counts_now();

	expect_or_false(free_pages_bulk(0, count, pages), error);
	expect_or_false(counts_now().mistakes, before.mistakes + 1);
	expect_or_false(counts_now().releases, before.releases);
	return true;
}

static void bulks(void)
{
	static struct page *pages[BULK], *twice[2];
	struct lab_counts before = counts_now();

	expect(alloc_pages_bulk(GFP_NOWAIT | __GFP_ZERO, 0, BULK, pages), 0);
	expect(counts_now().grants, before.grants + BULK);
	for (unsigned int i = 0; i < BULK; i++)
		expect(*(uint64_t *)page_address(pages[i]), 0);
	twice[0] = twice[1] = pages[0];
	if (!bulk_fails(2, twice, -LAB_ESTALE))
		return;
	expect(call(LAB_HC_INSPECT, (uint64_t)pages[0]), 0);
	expect(free_pages_bulk(0, BULK, pages), 0);
	bulk_fails(BULK, pages, -LAB_ESTALE);
}

static struct page *last; /* of those that were taken: each names the next */

/* Up to so many pages; how many it was. */
static uint64_t take_pages(uint64_t most)
{
	struct page *page = NULL;
	uint64_t taken = 0;

	while (taken < most && (page = alloc_page(GFP_NOWAIT | __GFP_NOWARN))) {
		*(struct page **)page_address(page) = last;
		last = page;
		taken++;
	}
	return taken;
}

static void free_taken(void)
{
	while (last) {
		struct page *page = last;

		last = *(struct page **)page_address(page);
		__free_page(page);
	}
}

/* Where the table has no more, the VMM has the last word; and before it says no
 * the level is told. */
static void runs_dry(void)
{
	struct lab_counts before = settled_counts(), after;

	take_pages(UINT64_MAX);
	expect(lab_pressure(), LAB_LEVEL_CRITICAL);
	after = counts_now();
	expect(after.pages_free, after.pages_min);
	expect(after.grants_failed, before.grants_failed + 1);
	/* The one that came to the mark, and the one that was refused. */
	expect(after.calls <= before.calls + 4, true);
	free_taken();
	settle();
	expect(lab_pressure(), LAB_LEVEL_NONE);
	expect(settled_counts().pages_granted, before.pages_granted);
}

static const struct tap_case cases[] = {
	{"fast: pairs of order 0 make no exit", no_exits},
	{"fast: nor do all orders, on all processors at once", mixed_orders},
	{"fast: a grant is the same by the table and by a call", one_state},
	{"fast: bulks, whole or not at all", bulks},
	{"fast: what runs dry is refused by the VMM, and was told", runs_dry},
};

/* So many of each kind. */
static void count_here(void *argument)
{
	unsigned int self = smp_processor_id();

	(void)argument;
	for (unsigned int i = 0; i < 100 * (self + 1); i++)
		pair(GFP_ATOMIC, i % 4);
	for (unsigned int i = 0; i < 10 * (self + 1); i++) {
		int64_t gpa =
			lab_hypercall(LAB_HC_GRANT, LAB_GFP_ATOMIC, 0, 0, 0);
		if (gpa > 0)
			lab_hypercall(LAB_HC_RELEASE, (uint64_t)gpa, 0, 0, 0);
	}
	for (unsigned int i = 0; i < self + 1; i++)
		lab_hypercall(LAB_HC_GRANT_BULK,
			      LAB_GFP_ATOMIC | LAB_GFP_NOWARN, MAX_ORDER,
			      LAB_BULK_MAX, LAB_LOW_END - PAGE_SIZE);
}

/* Do known numbers, say so, and stay to be looked at. */
static void __attribute__((noreturn)) stay(void)
{
	const struct lab_share *head = (const void *)lab_boot_info()->share;
	const uint64_t *leases = (const uint64_t *)&head->leases;
	struct lab_counts before, after;
	uint64_t taken, before_leases;
	bool more, fewer = false;

	on_each_cpu(count_here, NULL);
	/* Down to the low mark, and a lease comes; it goes again. */
	before = settled_counts();
	before_leases = *leases;
	taken = take_pages(before.pages_free - before.pages_low);
	/* Nothing asks here: the kick alone does it. */
	more = reaches(leases, before_leases + 1);
	after = settled_counts();
	for (unsigned int i = 0; i < num_online_cpus(); i++)
		printf("# processor %u: %lu fast, %u slow, %u failed\n", i,
		       100 * (i + 1) + (i == 0 ? taken : 0), 10 * (i + 1),
		       i + 1);
	printf("# refilled %lu, then %lu\n", before.refills, after.refills);
	free_taken();
	for (unsigned int i = 0; !fewer && i < PATIENCE; i++) {
		fewer = __atomic_load_n(leases, __ATOMIC_RELAXED) <=
			before_leases;
		cpu_pause();
	}
	printf("# a kick brought a lease: %s, one took it: %s\n",
	       more ? "yes" : "no", fewer ? "yes" : "no");
	settle();
	puts("# stays");
	for (;;)
		cpu_wait_for_interrupt();
}

int exercise_fast(int argc, char **argv)
{
	const struct tap_group group = TAP_GROUP(cases);

	if (argc > 0 && strcmp(argv[0], "stay") == 0)
		stay();
	return tap_run(&group, 1);
}
