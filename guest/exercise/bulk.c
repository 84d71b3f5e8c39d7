/* SPDX-License-Identifier: MIT */
/* Selftest: many grants and releases by one call, whole or not at all. */
#include "freestanding.h"

#include "selftest.h"

#define COUNT 16

static uint64_t list[LAB_BULK_MAX + 1];

static int64_t grant_bulk(uint64_t gfp, unsigned int order, uint64_t count)
{
	return call(LAB_HC_GRANT_BULK, gfp, order, count, (uint64_t)list);
}

static int64_t release_bulk(unsigned int order, uint64_t count)
{
	return call(LAB_HC_RELEASE_BULK, order, count, (uint64_t)list);
}

static bool are_granted(unsigned int order, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		expect_or_false(call(LAB_HC_INSPECT, list[i]), order);
	return true;
}

static bool whole(unsigned int order, unsigned int count)
{
	struct lab_counts before = counts_now(), now;

	list[count] = 0xabcd;
	expect_or_false(grant_bulk(LAB_GFP_KERNEL, order, count), 0);
	expect_or_false(list[count], 0xabcd);
	now = counts_now();
	expect_or_false(now.grants, before.grants + count);
	expect_or_false(now.pages_granted,
			before.pages_granted + ((uint64_t)count << order));
	for (unsigned int i = 0; i < count; i++) {
		expect_or_false(list[i] % (PAGE_SIZE << order), 0);
		*(uint64_t *)list[i] = i;
	}
	for (unsigned int i = 0; i < count; i++)
		expect_or_false(*(uint64_t *)list[i], i);
	if (!are_granted(order, count))
		return false;
	expect_or_false(release_bulk(order, count), 0);
	now = counts_now();
	expect_or_false(now.releases, before.releases + count);
	expect_or_false(now.pages_granted, before.pages_granted);
	return true;
}

static void whole_bulks(void)
{
	if (whole(0, 1) && whole(0, COUNT) && whole(3, COUNT) &&
	    whole(LAB_MAX_ORDER, 2))
		whole(0, LAB_BULK_MAX);
}

static void zeroed(void)
{
	expect(grant_bulk(LAB_GFP_KERNEL, 1, COUNT), 0);
	for (unsigned int i = 0; i < COUNT; i++)
		fill(list[i], 1, 0xee);
	expect(release_bulk(1, COUNT), 0);
	expect(grant_bulk(LAB_GFP_KERNEL | LAB_GFP_ZERO, 1, COUNT), 0);
	for (unsigned int i = 0; i < COUNT; i++)
		expect(filled_with(list[i], 1, 0), true);
	expect(release_bulk(1, COUNT), 0);
}

/* More whole extents than an atomic grant can find. */
static void nothing_if_not_all(void)
{
	struct lab_counts before = counts_now(), after;
	int64_t is;

	memset(list, 0x77, sizeof(list));
	is = grant_bulk(LAB_GFP_ATOMIC, LAB_MAX_ORDER, LAB_BULK_MAX);
	if (is == 0) {
		release_bulk(LAB_MAX_ORDER, LAB_BULK_MAX);
		tap_skip("the guest holds 1 GiB without asking");
		return;
	}
	after = counts_now();
	expect(is == -LAB_ENOMEM || is == -LAB_EDQUOT, true);
	for (unsigned int i = 0; i < LAB_BULK_MAX; i++)
		expect(list[i], UINT64_C(0x7777777777777777));
	expect(after.grants, before.grants);
	expect(after.pages_granted, before.pages_granted);
	expect(after.pages_free, before.pages_free);
	expect(after.mistakes, before.mistakes);
	expect(after.grants_failed > before.grants_failed, true);
}

static void count_out_of_range(void)
{
	uint64_t at = (uint64_t)list;

	expect_mistake(LAB_E2BIG, LAB_HC_GRANT_BULK, LAB_GFP_KERNEL, 0, 0, at);
	expect_mistake(LAB_E2BIG, LAB_HC_GRANT_BULK, LAB_GFP_KERNEL, 0,
		       LAB_BULK_MAX + 1, at);
	expect_mistake(LAB_E2BIG, LAB_HC_GRANT_BULK, LAB_GFP_KERNEL, 0,
		       UINT64_MAX, at);
	expect_mistake(LAB_E2BIG, LAB_HC_RELEASE_BULK, 0, 0, at);
	expect_mistake(LAB_E2BIG, LAB_HC_RELEASE_BULK, 0, LAB_BULK_MAX + 1, at);
	expect_mistake(LAB_E2BIG, LAB_HC_RELEASE_BULK, 0, UINT64_MAX, at);
}

static void bad_flags_or_order(void)
{
	uint64_t at = (uint64_t)list;

	expect_mistake(LAB_EINVAL, LAB_HC_GRANT_BULK, 0, 0, 2, at);
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT_BULK,
		       LAB_GFP_ATOMIC | LAB_GFP_KERNEL, 0, 2, at);
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT_BULK,
		       LAB_GFP_KERNEL | UINT64_C(1) << 40, 0, 2, at);
	expect_mistake(LAB_ERANGE, LAB_HC_GRANT_BULK, LAB_GFP_KERNEL,
		       LAB_MAX_ORDER + 1, 2, at);
	expect_mistake(LAB_ERANGE, LAB_HC_RELEASE_BULK, LAB_MAX_ORDER + 1, 2,
		       at);
}

static void bad_buffer(void)
{
	const uint64_t bad[] = {
		ram_end(),	/* just outside */
		ram_end() - 8,	/* half of it in */
		window_end(),	/* far outside */
		UINT64_MAX - 7, /* and around the end of the world */
	};

	for (unsigned int i = 0; i < 4; i++) {
		expect_mistake(LAB_EFAULT, LAB_HC_GRANT_BULK, LAB_GFP_KERNEL, 0,
			       2, bad[i]);
		expect_mistake(LAB_EFAULT, LAB_HC_RELEASE_BULK, 0, 2, bad[i]);
	}
}

/* list[bad] is not what a release of order 0 may have: all stay granted. */
static bool refuses_whole(int error, uint64_t number, unsigned int bad,
			  uint64_t entry)
{
	uint64_t good = list[bad];

	list[bad] = entry;
	if (!is_mistake(__FILE__, __LINE__, "release of a bad bulk", error,
			(const uint64_t[5]){number, 0, COUNT, (uint64_t)list}))
		return false;
	list[bad] = good;
	return are_granted(0, COUNT);
}

static void one_bad_entry(void)
{
	uint64_t hole = find_hole(), other = take(1);

	if (!other)
		return;
	expect(grant_bulk(LAB_GFP_KERNEL, 0, COUNT), 0);
	if (!refuses_whole(LAB_ENXIO, LAB_HC_RELEASE_BULK, COUNT - 1, 0) ||
	    !refuses_whole(LAB_ENXIO, LAB_HC_RELEASE_BULK, 0, window_end()) ||
	    !refuses_whole(LAB_EDOM, LAB_HC_RELEASE_BULK, COUNT / 2,
			   list[0] + 1) ||
	    !refuses_whole(LAB_EMSGSIZE, LAB_HC_RELEASE_BULK, COUNT - 1, other))
		return;
	if (hole &&
	    !refuses_whole(LAB_EACCES, LAB_HC_RELEASE_BULK, COUNT - 1, hole))
		return;
	expect(release_bulk(0, COUNT), 0);
	give_back(other, 1);
}

static void duplicate(void)
{
	expect(grant_bulk(LAB_GFP_KERNEL, 0, COUNT), 0);
	if (refuses_whole(LAB_ESTALE, LAB_HC_RELEASE_BULK, COUNT - 1,
			  list[0]) &&
	    refuses_whole(LAB_ESTALE, LAB_HC_RELEASE_BULK, 1, list[0]) &&
	    refuses_whole(LAB_ESTALE, LAB_HC_RELEASE_BULK, 0, list[COUNT - 1]))
		expect(release_bulk(0, COUNT), 0);
}

static void released_before(void)
{
	uint64_t keeper;

	expect(grant_bulk(LAB_GFP_KERNEL, 0, COUNT), 0);
	keeper = list[COUNT - 1];
	expect(release_bulk(0, COUNT - 1), 0);
	expect_mistake(LAB_ESTALE, LAB_HC_RELEASE_BULK, 0, 1, (uint64_t)list);
	give_back(keeper, 0);
}

static void c_interface(void)
{
	struct page *pages[COUNT];
	struct page *none[1] = {NULL};

	expect(alloc_pages_bulk(GFP_KERNEL, 2, COUNT, pages), 0);
	for (unsigned int i = 0; i < COUNT; i++)
		fill((uint64_t)page_address(pages[i]), 2, (uint8_t)i);
	for (unsigned int i = 0; i < COUNT; i++)
		expect(filled_with((uint64_t)page_address(pages[i]), 2,
				   (uint8_t)i),
		       true);
	expect(free_pages_bulk(2, COUNT, pages), 0);
	expect(alloc_pages_bulk(GFP_KERNEL, 0, 0, none), -LAB_E2BIG);
	expect(alloc_pages_bulk(0, 0, 1, none), -LAB_EINVAL);
	expect(free_pages_bulk(0, 1, none), -LAB_ENXIO);
	expect(none[0] == NULL, true);
}

static const struct tap_case cases[] = {
	{"bulk: granted and released whole", whole_bulks},
	{"bulk: LAB_GFP_ZERO after dirt reads as zero", zeroed},
	{"bulk grant: not all: nothing, and nothing written",
	 nothing_if_not_all},
	{"bulk: a count out of range: E2BIG", count_out_of_range},
	{"bulk: bad flags: EINVAL, bad order: ERANGE", bad_flags_or_order},
	{"bulk: a bad buffer: EFAULT", bad_buffer},
	{"bulk release: one bad entry: nothing is released", one_bad_entry},
	{"bulk release: one block twice: nothing is released", duplicate},
	{"bulk release: released before: ESTALE", released_before},
	{"alloc_pages_bulk and free_pages_bulk", c_interface},
};

const struct tap_group bulk_group = TAP_GROUP(cases);
