/* SPDX-License-Identifier: MIT */
/* Selftest: what the host says this processor has cost it. */
#include "freestanding.h"

#include "selftest.h"

#define STATS_SIZE sizeof(struct lab_stats)

/* Where the host does not count, that is the answer, and no mistake. */
static bool counts_here(void)
{
	struct lab_counts before = counts_now();
	uint8_t room[STATS_SIZE];

	if (call(LAB_HC_FEATURES) & LAB_FEATURE_STATS)
		return true;
	expect_or_false(call(LAB_HC_STATS, (uint64_t)room, STATS_SIZE),
			-LAB_ENODATA);
	expect_or_false(counts_now().mistakes, before.mistakes);
	return false;
}

static void told_or_not(void)
{
	struct lab_stats s;

	if (counts_here())
		expect(lab_stats(&s), 0);
}

/* Each call is an exit that goes on to the VMM; nothing else here is one. */
static void a_call_is_an_exit(void)
{
	struct lab_stats before, after;

	if (!counts_here())
		return;
	expect(lab_stats(&before), 0);
	expect(call(LAB_HC_VERSION), LAB_ABI_VERSION);
	expect(call(LAB_HC_VERSION), LAB_ABI_VERSION);
	expect(lab_stats(&after), 0);
	expect(after.user_exits, before.user_exits + 3);
	expect(after.exits >= before.exits + 3, true);
}

static void sane(void)
{
	struct lab_stats s;

	if (!counts_here())
		return;
	expect(lab_stats(&s), 0);
	expect(s.user_exits > 0, true);
	expect(s.exits >= s.interrupts + s.guest_faults, true);
	expect(s.host_faults >= s.host_major, true);
}

static bool writes_only(uint64_t size, int64_t wanted)
{
	uint8_t buffer[2 * STATS_SIZE];

	memset(buffer, 0x3c, sizeof(buffer));
	expect_or_false(call(LAB_HC_STATS, (uint64_t)buffer, size), wanted);
	for (size_t i = (size_t)wanted; i < sizeof(buffer); i++)
		expect_or_false(buffer[i], 0x3c);
	return true;
}

static void short_and_long(void)
{
	if (counts_here() && writes_only(8, 8) &&
	    writes_only(STATS_SIZE - 8, STATS_SIZE - 8) &&
	    writes_only(STATS_SIZE, STATS_SIZE))
		writes_only(2 * STATS_SIZE, STATS_SIZE);
}

static void no_room(void)
{
	expect_mistake(LAB_E2BIG, LAB_HC_STATS, ram_end() - STATS_SIZE, 0);
}

static void bad_buffer(void)
{
	if (!counts_here())
		return;
	expect_mistake(LAB_EFAULT, LAB_HC_STATS, ram_end(), STATS_SIZE);
	expect_mistake(LAB_EFAULT, LAB_HC_STATS, ram_end() - STATS_SIZE + 1,
		       STATS_SIZE);
	expect_mistake(LAB_EFAULT, LAB_HC_STATS, window_end(), STATS_SIZE);
	expect_mistake(LAB_EFAULT, LAB_HC_STATS, UINT64_MAX - 7, STATS_SIZE);
}

static const struct tap_case cases[] = {
	{"stats: told, or ENODATA where the host does not count", told_or_not},
	{"stats: each call is one exit to the VMM", a_call_is_an_exit},
	{"stats: sane", sane},
	{"stats: short and long buffers", short_and_long},
	{"stats: no bytes: E2BIG", no_room},
	{"stats: a bad buffer: EFAULT", bad_buffer},
};

const struct tap_group stats_group = TAP_GROUP(cases);
