/* SPDX-License-Identifier: MIT */
/*
 * What is granted is resident: the first touch of each page costs the host no
 * page fault and the guest no exit to the VMM, and where the host fills its
 * second-stage tables ahead no exit at all. By the host's own statistics.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "exercise.h"
#include "settle.h"
#include "tap.h"

#define HELD 4 /* blocks of 2 MiB that are there to grant from */

/* What fills one extent: so many grants of this order. */
static const struct {
	unsigned int order, count;
} rounds[HELD] = {{9, 1}, {0, 512}, {3, 64}, {6, 8}};

static uint64_t pages[HELD][LAB_EXTENT_PAGES];

/* What the calls and touches since the first of two answers have cost. */
static struct lab_stats between(const struct lab_stats *a,
				const struct lab_stats *b)
{
	return (struct lab_stats){
		.exits = b->exits - a->exits,
		.guest_faults = b->guest_faults - a->guest_faults,
		.interrupts = b->interrupts - a->interrupts,
		.user_exits = b->user_exits - a->user_exits,
		.host_faults = b->host_faults - a->host_faults,
		.host_major = b->host_major - a->host_major,
	};
}

static void touch(uint64_t block, unsigned int order)
{
	for (uint64_t at = 0; at < PAGE_SIZE << order; at += PAGE_SIZE)
		*(volatile uint8_t *)(block + at) = 1;
}

static bool grant(unsigned int round, uint64_t context)
{
	for (unsigned int i = 0; i < rounds[round].count; i++) {
		int64_t is = lab_hypercall(LAB_HC_GRANT, context,
					   rounds[round].order, 0, 0);

		if (is < 0)
			return false;
		pages[round][i] = (uint64_t)is;
	}
	return true;
}

static void release(unsigned int round)
{
	for (unsigned int i = 0; i < rounds[round].count; i++)
		lab_hypercall(LAB_HC_RELEASE, pages[round][i],
			      rounds[round].order, 0, 0);
}

/* Grant and touch an extent's pages: what it cost, the second answer's exit
 * included. */
static bool measure(unsigned int round, struct lab_stats *cost)
{
	struct lab_stats before, after;

	expect_or_false(lab_stats(&before), 0);
	expect_or_false(grant(round, LAB_GFP_ATOMIC), true);
	for (unsigned int i = 0; i < rounds[round].count; i++)
		touch(pages[round][i], rounds[round].order);
	expect_or_false(lab_stats(&after), 0);
	*cost = between(&before, &after);
	return true;
}

static void print(unsigned int grants, const struct lab_stats *c)
{
	printf("# %u grants: %lu exits, %lu of them to the VMM, %lu faults, "
	       "%lu interrupts; host: %lu faults, %lu major\n",
	       grants, c->exits, c->user_exits, c->guest_faults, c->interrupts,
	       c->host_faults, c->host_major);
}

static bool pre_faults(void)
{
	return lab_hypercall(LAB_HC_FEATURES, 0, 0, 0, 0) &
	       LAB_FEATURE_PRE_FAULT;
}

/* What a touch may cost on any host, and on one that fills ahead. */
static bool touched_for_nothing(const struct lab_stats *cost)
{
	expect_or_false(cost->host_faults, 0);
	expect_or_false(cost->host_major, 0);
	if (pre_faults())
		expect_or_false(cost->guest_faults, 0);
	else
		expect_or_false(cost->guest_faults <= LAB_EXTENT_PAGES, true);
	return true;
}

/*
 * Everything that the rounds will do, but the touches: what the VMM's own code
 * and data cost their first time is not what is asked for.
 */
static void warm_up(void)
{
	struct lab_stats stats;

	for (unsigned int i = 0; i < HELD; i++) {
		expect(lab_stats(&stats), 0);
		expect(grant(i, LAB_GFP_ATOMIC), true);
		expect(lab_stats(&stats), 0);
	}
	for (unsigned int i = 0; i < HELD; i++)
		release(i);
}

/*
 * A host that is interrupted by an NMI has an exit which no count explains;
 * so all exits are explained in the calmest round, the others in each.
 */
static void held(void)
{
	uint64_t unexplained = UINT64_MAX;

	for (unsigned int i = 0; i < HELD; i++) {
		struct lab_stats cost;
		unsigned int calls = rounds[i].count + 1;

		if (!measure(i, &cost))
			return;
		print(rounds[i].count, &cost);
		expect(cost.user_exits, calls);
		if (!touched_for_nothing(&cost))
			return;
		cost.exits -= calls + cost.guest_faults + cost.interrupts;
		if (cost.exits < unexplained)
			unexplained = cost.exits;
	}
	expect(unexplained, 0);
}

/* All that was held is granted: this one comes with a lease of its own. */
static void fresh(void)
{
	struct lab_stats before, after, cost;
	struct lab_counts old, new;
	int64_t block;

	expect(lab_query(&old), 0);
	block = lab_hypercall(LAB_HC_GRANT, LAB_GFP_KERNEL, MAX_ORDER, 0, 0);
	expect(block > 0, true);
	expect(lab_query(&new), 0);
	expect(new.leases, old.leases + 1);
	expect(lab_stats(&before), 0);
	touch((uint64_t)block, MAX_ORDER);
	expect(lab_stats(&after), 0);
	cost = between(&before, &after);
	print(0, &cost);
	expect(cost.user_exits, 1);
	touched_for_nothing(&cost);
	lab_hypercall(LAB_HC_RELEASE, (uint64_t)block, MAX_ORDER, 0, 0);
}

static const struct tap_case cases[] = {
	{"resident: the host counts, and there is enough to grant", warm_up},
	{"resident: first touches of what was held", held},
	{"resident: first touches of a lease that has just come", fresh},
};

int exercise_resident(int argc, char **argv)
{
	static const struct tap_group group[] = {TAP_GROUP(cases)};

	(void)argc;
	(void)argv;
	/* What comes is what is asked for. */
	refill(false);
	printf("# the host fills second-stage tables %s\n",
	       pre_faults() ? "ahead" : "at the first touch");
	return tap_run(group, 1);
}
