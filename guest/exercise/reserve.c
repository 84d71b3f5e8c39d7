/* SPDX-License-Identifier: MIT */
/* Pressure: who may use which of the last free pages, and who gets more. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "drain.h"
#include "settle.h"
#include "pressure-cases.h"

/* Could this be had? It is given back. */
static bool can_have(uint64_t gfp, unsigned int order)
{
	int64_t gpa = lab_hypercall(LAB_HC_GRANT, gfp | LAB_GFP_NOWARN, order,
				    0, 0);

	if (gpa > 0)
		lab_hypercall(LAB_HC_RELEASE, (uint64_t)gpa, order, 0, 0);
	return gpa > 0;
}

/* Linux's formula, in pages: twice the root of the window's. */
static void marks(void)
{
	struct lab_counts c = settled_counts();
	uint64_t pages = lab_boot_info()->window_size / PAGE_SIZE;

	expect(c.pages_min * c.pages_min <= 4 * pages, true);
	expect((c.pages_min + 1) * (c.pages_min + 1) > 4 * pages, true);
	expect(c.pages_low, c.pages_min + c.pages_min / 4);
	expect(c.pages_high, c.pages_min + c.pages_min / 4 * 2);
}

static void not_below_min(uint64_t context)
{
	uint64_t min = settled_counts().pages_min;

	if (!drain_to(min + 8))
		return;
	expect(can_have(context, 3), true);
	if (!drain_to(min + 7))
		return;
	expect(can_have(context, 3), false);
	expect(can_have(context, 2), true);
	if (!drain_to(min))
		return;
	expect(can_have(context, 0), false);
}

static void nowait_stops_at_min(void)
{
	not_below_min(LAB_GFP_NOWAIT);
	drain_off();
}

/* What may wait gets a lease instead: none here, so it is refused. */
static void kernel_stops_at_min(void)
{
	const struct lab_fail never = {.probability = 100, .times = -1};
	const struct lab_fail off = {0};

	expect(lab_fail_set(LAB_FAIL_LEASE, &never), 0);
	not_below_min(LAB_GFP_KERNEL);
	expect(lab_fail_set(LAB_FAIL_LEASE, &off), 0);
	drain_off();
}

/* 62.5 % of min are for ATOMIC, and the last 37.5 % for nobody. */
static void atomic_digs(void)
{
	uint64_t min = settled_counts().pages_min, floor = min;

	floor -= floor / 2;
	floor -= floor / 4;
	if (!drain_to(floor + 4))
		return;
	expect(can_have(LAB_GFP_NOWAIT, 0), false);
	expect(can_have(LAB_GFP_ATOMIC, 2), true);
	expect(can_have(LAB_GFP_ATOMIC, 3), false);
	if (!drain_to(floor))
		return;
	expect(can_have(LAB_GFP_ATOMIC, 0), false);
	expect(can_have(LAB_GFP_ATOMIC | LAB_GFP_ZERO, 0), false);
	drain_off();
}

/* A bulk leaves as much as its blocks would one by one, or nothing happens. */
static void bulk_stops_at_min(void)
{
	uint64_t min = settled_counts().pages_min;
	struct page *pages[8];

	if (!drain_to(min + 7))
		return;
	expect(alloc_pages_bulk(GFP_NOWAIT, 0, 8, pages), -LAB_ENOMEM);
	expect(free_pages(), min + 7);
	expect(alloc_pages_bulk(GFP_NOWAIT, 0, 7, pages), 0);
	expect(free_pages(), min);
	expect(free_pages_bulk(0, 7, pages), 0);
	drain_off();
}

/* From low on leases come by themselves, until high is reached. */
static void refills(void)
{
	struct lab_counts before = settled_counts(), after;

	if (!drain_to(before.pages_low + 1))
		return;
	refill(true);
	after = settled_counts();
	expect(after.refills, before.refills);
	expect(after.leases, before.leases);
	/* One page more, and it is at low. */
	struct page *page = alloc_page(GFP_ATOMIC);

	after = settled_counts();
	refill(false);
	__free_page(page);
	drain_off();
	expect(page != NULL, true);
	expect(after.refills, before.refills + 1);
	expect(after.leases, before.leases + 1);
	expect(after.pages_free >= after.pages_high, true);
}

/* What is above high goes back, but one that is wholly free. */
static void surplus_goes(void)
{
	struct lab_counts c = settled_counts();
	uint64_t spare = c.pages_free / LAB_EXTENT_PAGES;

	expect(c.leases >= c.leases_guarantee, true);
	if (c.leases > c.leases_guarantee)
		expect(spare <= 1 || c.pages_free < c.pages_high +
							   LAB_EXTENT_PAGES,
		       true);
}

static const struct tap_case cases[] = {
	{"marks: Linux's formula for the window's size", marks},
	{"reserve: NOWAIT leaves min", nowait_stops_at_min},
	{"reserve: KERNEL leaves min", kernel_stops_at_min},
	{"reserve: ATOMIC digs to 37.5 % of min, and no deeper", atomic_digs},
	{"reserve: a bulk leaves min, whole or not at all", bulk_stops_at_min},
	{"refill: begins at low, ends at high", refills},
	{"give back: what is above high is gone", surplus_goes},
};

const struct tap_group reserve_group = TAP_GROUP(cases);
