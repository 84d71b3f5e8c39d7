/* SPDX-License-Identifier: MIT */
/* Selftest: a guest's own counts, and how each call moves them. */
#include "freestanding.h"

#include "selftest.h"

#define QUERY_SIZE sizeof(struct lab_counts)

static void sane(void)
{
	struct lab_counts c = counts_now();
	uint64_t boot = (ram_end() + LAB_EXTENT_SIZE - 1) / LAB_EXTENT_SIZE;

	expect(c.leases >= boot, true);
	expect(c.leases <= c.leases_limit, true);
	expect(c.leases_guarantee >= boot, true);
	expect(c.leases_guarantee <= c.leases_limit, true);
	expect(c.pages_granted + c.pages_free,
	       (c.leases - boot) * LAB_EXTENT_PAGES);
	expect(c.grants >= c.releases, true);
}

static void a_query_counts_itself(void)
{
	struct lab_counts before = counts_now(), after = counts_now();

	before.calls++;
	expect(memcmp(&before, &after, sizeof(before)), 0);
	expect(call(LAB_HC_VERSION), LAB_ABI_VERSION);
	expect(counts_now().calls, after.calls + 2);
}

static bool writes_only(uint64_t size, int64_t wanted)
{
	uint8_t buffer[2 * QUERY_SIZE];

	memset(buffer, 0x3c, sizeof(buffer));
	expect_or_false(call(LAB_HC_QUERY, (uint64_t)buffer, size), wanted);
	for (size_t i = (size_t)wanted; i < sizeof(buffer); i++)
		expect_or_false(buffer[i], 0x3c);
	return true;
}

/* A guest with an older header wants less, one with a newer gets less. */
static void short_and_long(void)
{
	struct lab_counts c = counts_now();
	uint64_t leases = 0;

	if (!writes_only(8, 8) ||
	    !writes_only(QUERY_SIZE - 8, QUERY_SIZE - 8) ||
	    !writes_only(QUERY_SIZE, QUERY_SIZE) ||
	    !writes_only(2 * QUERY_SIZE, QUERY_SIZE))
		return;
	expect(call(LAB_HC_QUERY, (uint64_t)&leases, sizeof(leases)), 8);
	expect(leases, c.leases);
}

static void no_room(void)
{
	expect_mistake(LAB_E2BIG, LAB_HC_QUERY, ram_end() - QUERY_SIZE, 0);
}

static void bad_buffer(void)
{
	expect_mistake(LAB_EFAULT, LAB_HC_QUERY, ram_end(), QUERY_SIZE);
	expect_mistake(LAB_EFAULT, LAB_HC_QUERY, ram_end() - QUERY_SIZE + 1,
		       QUERY_SIZE);
	expect_mistake(LAB_EFAULT, LAB_HC_QUERY, window_end(), QUERY_SIZE);
	expect_mistake(LAB_EFAULT, LAB_HC_QUERY, UINT64_MAX - 7, QUERY_SIZE);
}

static void grant_and_release(void)
{
	uint64_t keeper = take(0); /* so that a lease is there */
	struct lab_counts before = counts_now(), now;
	uint64_t gpa = take(3);

	if (!keeper || !gpa)
		return;
	now = counts_now();
	expect(now.grants, before.grants + 1);
	expect(now.pages_granted, before.pages_granted + 8);
	expect(now.calls, before.calls + 2);
	expect(now.pages_granted + now.pages_free,
	       before.pages_granted + before.pages_free +
		       (now.leases - before.leases) * LAB_EXTENT_PAGES);
	give_back(gpa, 3);
	now = counts_now();
	expect(now.releases, before.releases + 1);
	expect(now.pages_granted, before.pages_granted);
	expect(now.mistakes, before.mistakes);
	expect(now.grants_failed, before.grants_failed);
	give_back(keeper, 0);
}

/* The parts before this gave everything back. */
static void all_released(void)
{
	struct lab_counts c = counts_now();
	uint64_t most = c.leases_guarantee + 1;

	expect(c.pages_granted, 0);
	expect(c.grants, c.releases);
	expect(c.leases <= most, true);
}

static const struct tap_case cases[] = {
	{"counts: sane, and add up", sane},
	{"counts: each call counts once", a_query_counts_itself},
	{"query: short and long buffers", short_and_long},
	{"query: no bytes: E2BIG", no_room},
	{"query: a bad buffer: EFAULT", bad_buffer},
	{"counts: a grant and its release", grant_and_release},
	{"counts: nothing is granted when all is released", all_released},
};

const struct tap_group counts_group = TAP_GROUP(cases);
