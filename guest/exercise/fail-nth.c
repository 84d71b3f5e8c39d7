/* SPDX-License-Identifier: MIT */
/*
 * Fail-nth: one script of grants, singly and in bulk, is run again and again.
 * In the N-th run the N-th call of one path fails, until a run is too short
 * for its N. No N may hang us, crash us, or lose a page.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "exercise.h"
#include "settle.h"
#include "tap.h"

#define ORDERS	 (LAB_MAX_ORDER + 1)
#define BULK	 4
#define LEASES	 3	/* that the script needs, at least, beside those held */
#define PATIENCE 100000 /* questions */
#define MOST	 200	/* runs of one path, then something is wrong */

struct block {
	uint64_t gpa; /* 0: none */
	unsigned int order;
};

/* One run of the script. */
static struct {
	uint64_t asked;	  /* blocks asked for, those refused included */
	uint64_t refused; /* calls */
	uint64_t from;	  /* the first refused call asked for blocks from ... */
	uint64_t to;	  /* ... to, counted from 1 */
	bool wrong;	  /* refused with another error than LAB_ENOMEM */
	bool changed;	  /* a refused call changed something */
	bool damaged;	  /* a block was not what was written to it */
	uint64_t kernel;  /* calls that may wait, refused */
} run;

/* All runs of one path; what went wrong by the first N that shows it. */
static struct {
	uint64_t tried;	    /* N that were refused something */
	uint64_t misplaced; /* not the N-th block was the first refused */
	uint64_t wrong, changed, damaged, lost;
} found;

static struct lab_counts counts_now(void)
{
	return settled_counts();
}

/*
 * One lease that a bulk got in vain may stay, as the spare; and leases may
 * leave beside a call, when the broker asks for them.
 */
static bool is_unchanged(struct lab_counts before,
			 const struct lab_counts *after)
{
	if (after->leases > before.leases + 1)
		return false;
	before.leases = after->leases;
	before.pages_free = after->pages_free;
	before.refills = after->refills;
	before.grants_failed++;
	before.calls += 2;
	return memcmp(&before, after, sizeof(before)) == 0;
}

/* Each page begins with its address and nobody else's. */
static void stamp(const struct block *block)
{
	for (uint64_t i = 0; i < UINT64_C(1) << block->order; i++) {
		uint64_t *page = (uint64_t *)(block->gpa + i * PAGE_SIZE);

		*page = (uint64_t)page ^ block->order;
	}
}

static bool is_stamped(const struct block *block)
{
	for (uint64_t i = 0; i < UINT64_C(1) << block->order; i++) {
		uint64_t *page = (uint64_t *)(block->gpa + i * PAGE_SIZE);

		if (*page != ((uint64_t)page ^ block->order))
			return false;
	}
	return true;
}

/* What a call for count blocks answered, and what it may have changed. */
static void note(const struct lab_counts *before, gfp_t gfp,
		 unsigned int count, int64_t error)
{
	struct lab_counts after = counts_now();

	run.asked += count;
	if (error == 0)
		return;
	if (run.refused++ == 0) {
		run.from = run.asked - count + 1;
		run.to = run.asked;
	}
	run.kernel += (gfp & GFP_KERNEL) != 0;
	if (error != -LAB_ENOMEM)
		run.wrong = true;
	if (!is_unchanged(*before, &after))
		run.changed = true;
}

static struct block take(gfp_t gfp, unsigned int order)
{
	struct lab_counts before = counts_now();
	int64_t gpa = lab_hypercall(LAB_HC_GRANT, gfp | __GFP_NOWARN, order, 0,
				    0);
	struct block block = {.order = order};

	note(&before, gfp, 1, gpa < 0 ? gpa : 0);
	if (gpa > 0) {
		block.gpa = (uint64_t)gpa;
		stamp(&block);
	}
	return block;
}

static void give_back(const struct block *block)
{
	if (!block->gpa)
		return;
	if (!is_stamped(block) ||
	    lab_hypercall(LAB_HC_RELEASE, block->gpa, block->order, 0, 0) != 0)
		run.damaged = true;
}

static void take_and_give_back_bulk(unsigned int order)
{
	struct lab_counts before = counts_now();
	struct page *pages[BULK] = {NULL};
	int error = alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, order, BULK,
				     pages);

	note(&before, GFP_KERNEL, BULK, error);
	for (unsigned int i = 0; i < BULK; i++) {
		struct block block = {(uint64_t)page_address(pages[i]), order};

		if (error == 0)
			stamp(&block);
		else if (block.gpa != 0)
			run.changed = true;
	}
	if (error == 0 && free_pages_bulk(order, BULK, pages) != 0)
		run.damaged = true;
}

/* 40 calls: each order in each context, and in bulk. */
static void script(void)
{
	struct block kernel[ORDERS], nowait[ORDERS], atomic;

	memset(&run, 0, sizeof(run));
	for (unsigned int order = 0; order < ORDERS; order++) {
		gfp_t zero = order % 2 ? __GFP_ZERO : 0;

		kernel[order] = take(GFP_KERNEL | zero, order);
		take_and_give_back_bulk(order);
		atomic = take(GFP_ATOMIC, order);
		give_back(&atomic);
		nowait[order] = take(GFP_NOWAIT | zero, order);
		if (order % 3 == 0)
			give_back(&kernel[order]);
	}
	for (unsigned int order = 0; order < ORDERS; order++) {
		if (order % 3 != 0)
			give_back(&kernel[order]);
		give_back(&nowait[order]);
	}
}

/* Each page of each lease is boot RAM, granted or free. */
static bool adds_up(const struct lab_counts *counts)
{
	return lab_boot_info()->memory / PAGE_SIZE + counts->pages_granted +
		       counts->pages_free ==
	       counts->leases * LAB_EXTENT_PAGES;
}

/* Everything was released, and nothing stuck to anybody's hands. */
static bool is_back(const struct lab_counts *start)
{
	struct lab_counts end = counts_now();

	/* A lease may be on its way out; ask until it is gone, not for ever. */
	for (unsigned int i = 0; i < PATIENCE && !adds_up(&end); i++)
		end = counts_now();
	return adds_up(&end) && end.pages_granted == start->pages_granted &&
	       end.grants - start->grants == end.releases - start->releases &&
	       end.grants_failed == start->grants_failed + run.refused &&
	       end.mistakes == start->mistakes;
}

static void note_first(uint64_t *first, bool is, uint64_t n)
{
	if (is && *first == 0)
		*first = n;
}

/* What one run with this N shows. */
static void note_run(const struct lab_counts *start, uint64_t n)
{
	found.tried = n;
	note_first(&found.misplaced, run.refused && (n < run.from || n > run.to),
		   n);
	note_first(&found.wrong, run.wrong, n);
	note_first(&found.changed, run.changed, n);
	note_first(&found.damaged, run.damaged, n);
	note_first(&found.lost, !is_back(start), n);
}

/* One run in which the N-th call of this path fails. */
static bool fail_once(enum lab_fail_path path, uint64_t n)
{
	const struct lab_fail off = {0}, nth = {.nth = n};
	struct lab_counts start = counts_now();

	expect_or_false(lab_fail_set(path, &nth), 0);
	script();
	expect_or_false(lab_fail_set(path, &off), 0);
	note_run(&start, n);
	return !found.wrong && !found.lost;
}

/* Runs until one is refused nothing: no call was the N-th. */
static void sweep(enum lab_fail_path path, const char *name)
{
	memset(&found, 0, sizeof(found));
	for (uint64_t n = 1; n <= MOST; n++) {
		if (!fail_once(path, n))
			return;
		if (!run.refused)
			break;
	}
	printf("# %s: %lu N tried, in 40 calls for %lu blocks\n", name,
	       found.tried - 1, run.asked);
	expect(run.refused, 0);
	if (path == LAB_FAIL_HYPERCALL)
		expect(found.tried, run.asked + 1);
	else
		expect(found.tried > LEASES, true);
}

static void without_failures(void)
{
	script();
	expect(run.refused, 0);
	expect(run.damaged, false);
}

static void each_grant(void)
{
	sweep(LAB_FAIL_HYPERCALL, "hypercall");
}

static void each_lease(void)
{
	sweep(LAB_FAIL_LEASE, "lease");
}

static void each_map(void)
{
	sweep(LAB_FAIL_MAP, "map");
}

/*
 * As if the N-th block were not to be had from what is held. What may not wait
 * is refused; what may gets it by way of the supplier.
 */
static void each_local(void)
{
	uint64_t refused = 0, asked;

	memset(&found, 0, sizeof(found));
	script();
	asked = run.asked;
	for (uint64_t n = 1; n <= asked; n++) {
		if (!fail_once(LAB_FAIL_LOCAL, n))
			return;
		expect(run.kernel, 0);
		refused += run.refused;
	}
	printf("# local: %lu N tried, %lu refused\n", asked, refused);
	/* One grant of each order by ATOMIC, and one by NOWAIT. */
	expect(refused, 2 * ORDERS);
}

#define DRAIN_ORDER 2
#define DRAINED	    512 /* blocks at most, of both sizes */

/*
 * Down to the low mark by large blocks, and on by small ones, each of which
 * gives a refill its turn; then all back.
 */
static void drain(void)
{
	static struct block blocks[DRAINED];
	unsigned int count = 0, small = 0;

	memset(&run, 0, sizeof(run));
	while (count < DRAINED && small < 200) {
		struct lab_counts now = counts_now();
		unsigned int order = 6;

		/* Under pressure nothing is refilled: the end of this. */
		if (lab_pressure() != LAB_LEVEL_NONE)
			break;
		if (now.pages_free < now.pages_high + (1u << order)) {
			order = DRAIN_ORDER;
			small++;
		}
		blocks[count++] = take(GFP_NOWAIT, order);
	}
	while (count)
		give_back(&blocks[--count]);
}

/* Nobody is refused anything: a refill that fails is made up for. */
static void each_refill(void)
{
	struct lab_counts start = counts_now();
	uint64_t refills;

	memset(&found, 0, sizeof(found));
	refill(true);
	drain();
	refills = counts_now().refills - start.refills;
	for (uint64_t n = 1; n <= refills; n++) {
		const struct lab_fail nth = {.nth = n};

		refill_failing(&nth);
		start = counts_now();
		drain();
		note_run(&start, n);
		expect(run.refused, 0);
	}
	refill(false);
	printf("# refill: %lu N tried\n", refills);
	expect(refills > 0, true);
}

static void in_place(void)
{
	expect(found.misplaced, 0);
}

static void right_error(void)
{
	expect(found.wrong, 0);
}

static void unchanged(void)
{
	expect(found.changed, 0);
}

static void undamaged(void)
{
	expect(found.damaged, 0);
}

static void all_back(void)
{
	expect(found.lost, 0);
}

#define WHAT_IS_FOUND(path)                                                  \
	{path ": every N: it is refused with ENOMEM", right_error},          \
		{path ": every N: what is refused changes nothing",          \
		 unchanged},                                                 \
		{path ": every N: what is granted keeps its bytes",          \
		 undamaged},                                                 \
	{                                                                    \
		path ": every N: all is released, counts are back", all_back \
	}

static const struct tap_case cases[] = {
	{"fail-nth: the script is refused nothing by itself", without_failures},
	{"hypercall: each in turn fails, and then none", each_grant},
	{"hypercall: every N: exactly the N-th is refused", in_place},
	WHAT_IS_FOUND("hypercall"),
	{"lease: each in turn fails, and then none", each_lease},
	WHAT_IS_FOUND("lease"),
	{"map: each in turn fails, and then none", each_map},
	WHAT_IS_FOUND("map"),
	{"local: each in turn fails: ATOMIC and NOWAIT are refused, KERNEL is not",
	 each_local},
	WHAT_IS_FOUND("local"),
	{"refill: each in turn fails, and nobody is refused", each_refill},
	WHAT_IS_FOUND("refill"),
};

int exercise_fail_nth(int argc, char **argv)
{
	const struct tap_group group = TAP_GROUP(cases);

	(void)argc;
	(void)argv;
	refill(false);
	return tap_run(&group, 1);
}
