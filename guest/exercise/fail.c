/* SPDX-License-Identifier: MIT */
/* Selftest: failures on purpose, each attribute, and what the call refuses. */
#include "freestanding.h"

#include "selftest.h"

#define SIZE sizeof(struct lab_fail)

/* The running case goes on with these attributes, or ends. */
#define set(path, ...) \
	expect(lab_fail_set(path, &(const struct lab_fail){__VA_ARGS__}), 0)
#define set_off(path) set(path, .probability = 0)

/* Take a block and give it back: was it to be had? */
static bool can_have(uint64_t gfp, unsigned int order)
{
	int64_t gpa = call(LAB_HC_GRANT, gfp, order);

	if (gpa > 0)
		give_back((uint64_t)gpa, order);
	return gpa > 0;
}

/* A refusal counts as one for want of memory, and changes nothing. */
static bool is_refused(uint64_t gfp, unsigned int order)
{
	return is_shortage(LAB_ENOMEM, LAB_HC_GRANT, gfp, order);
}

static void nth_grant(void)
{
	static const uint64_t contexts[] = {LAB_GFP_ATOMIC, LAB_GFP_NOWAIT,
					    LAB_GFP_KERNEL,
					    LAB_GFP_KERNEL | LAB_GFP_ZERO};

	for (unsigned int i = 0; i < 4; i++) {
		set(LAB_FAIL_HYPERCALL, .nth = 3);
		expect(can_have(LAB_GFP_KERNEL, 0), true);
		expect(can_have(LAB_GFP_KERNEL, i), true);
		if (!is_refused(contexts[i], i))
			return;
		expect(can_have(LAB_GFP_KERNEL, i), true);
	}
}

/* Mistakes are told as ever, and are no call that counts. */
static void mistakes_do_not_count(void)
{
	set(LAB_FAIL_HYPERCALL, .nth = 1);
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT, 0, 0);
	expect_mistake(LAB_ERANGE, LAB_HC_GRANT, LAB_GFP_KERNEL,
		       LAB_MAX_ORDER + 1);
	expect_mistake(LAB_E2BIG, LAB_HC_GRANT_BULK, LAB_GFP_KERNEL, 0, 0,
		       (uint64_t)&fail_group);
	expect_mistake(LAB_EFAULT, LAB_HC_GRANT_BULK, LAB_GFP_KERNEL, 0, 1,
		       ram_end());
	if (is_refused(LAB_GFP_KERNEL, 0))
		expect(can_have(LAB_GFP_KERNEL, 0), true);
}

static void nth_of_a_bulk(void)
{
	uint64_t list[4];

	for (unsigned int nth = 1; nth <= 4; nth++) {
		set(LAB_FAIL_HYPERCALL, .nth = nth);
		memset(list, 0x66, sizeof(list));
		if (!is_shortage(LAB_ENOMEM, LAB_HC_GRANT_BULK, LAB_GFP_KERNEL,
				 0, 4, (uint64_t)list))
			return;
		expect(list[0], UINT64_C(0x6666666666666666));
	}
	set(LAB_FAIL_HYPERCALL, .nth = 5);
	expect(call(LAB_HC_GRANT_BULK, LAB_GFP_KERNEL, 0, 4, (uint64_t)list),
	       0);
	expect(call(LAB_HC_RELEASE_BULK, 0, 4, (uint64_t)list), 0);
	set_off(LAB_FAIL_HYPERCALL);
}

static void always_and_off(void)
{
	set(LAB_FAIL_HYPERCALL, .probability = 100, .times = -1);
	for (unsigned int i = 0; i < 20; i++) {
		if (!is_refused(i % 2 ? LAB_GFP_KERNEL : LAB_GFP_ATOMIC,
				i % 10))
			return;
	}
	expect(alloc_page(GFP_KERNEL) == NULL, true);
	set_off(LAB_FAIL_HYPERCALL);
	for (unsigned int i = 0; i < 20; i++)
		expect(can_have(LAB_GFP_KERNEL, i % 10), true);
}

static void interval_times_space(void)
{
	set(LAB_FAIL_HYPERCALL, .probability = 100, .interval = 3, .times = 2,
	    .space = 4);
	for (unsigned int i = 1; i <= 20; i++)
		expect(can_have(LAB_GFP_KERNEL, 0), i != 6 && i != 9);
}

static void some_are_spared(void)
{
	uint64_t keeper = take(0); /* so that ATOMIC finds a lease */

	if (!keeper)
		return;
	set(LAB_FAIL_HYPERCALL, .probability = 100, .times = -1, .min_order = 2);
	expect(can_have(LAB_GFP_KERNEL, 1), true);
	expect(can_have(LAB_GFP_KERNEL, 2), false);
	set(LAB_FAIL_HYPERCALL, .probability = 100, .times = -1,
	    .flags = LAB_FAIL_IGNORE_WAIT);
	expect(can_have(LAB_GFP_KERNEL, 0), true);
	expect(can_have(LAB_GFP_NOWAIT, 0), false);
	expect(can_have(LAB_GFP_ATOMIC, 0), false);
	set_off(LAB_FAIL_HYPERCALL);
	expect(can_have(LAB_GFP_ATOMIC, 0), true);
	give_back(keeper, 0);
}

/* Grants of order 9 from what is held, until only a further lease helps. */
static unsigned int take_all_held(uint64_t *gpa, unsigned int most)
{
	unsigned int count = 0;

	while (count < most) {
		int64_t is = call(LAB_HC_GRANT, LAB_GFP_ATOMIC, LAB_MAX_ORDER);

		if (is < 0)
			break;
		gpa[count++] = (uint64_t)is;
	}
	return count;
}

/* The second of two leases does not come. */
static bool second_fails(enum lab_fail_path path)
{
	const struct lab_fail second = {.nth = 2}, off = {0};
	uint64_t gpa;
	bool refused;

	expect_or_false(lab_fail_set(path, &second), 0);
	gpa = take(LAB_MAX_ORDER);
	refused = gpa && is_refused(LAB_GFP_KERNEL, LAB_MAX_ORDER);
	expect_or_false(lab_fail_set(path, &off), 0);
	if (gpa)
		give_back(gpa, LAB_MAX_ORDER);
	return refused;
}

static bool lease_fails(enum lab_fail_path path)
{
	static uint64_t gpa[LAB_BULK_MAX];
	unsigned int count = take_all_held(gpa, LAB_BULK_MAX);
	struct lab_counts c = counts_now();
	bool good = true;

	if (count == LAB_BULK_MAX || c.leases + 2 > c.leases_limit)
		tap_skip("no room for two more leases");
	else
		good = second_fails(path);
	while (count)
		give_back(gpa[--count], LAB_MAX_ORDER);
	return good;
}

static void lease_and_map(void)
{
	if (lease_fails(LAB_FAIL_LEASE))
		lease_fails(LAB_FAIL_MAP);
}

static void unknown_path(void)
{
	struct lab_fail off = {0};
	uint64_t at = (uint64_t)&off;

	expect_mistake(LAB_EINVAL, LAB_HC_FAIL, 0, at, SIZE);
	expect_mistake(LAB_EINVAL, LAB_HC_FAIL, LAB_FAIL_MAX + 1, at, SIZE);
	expect_mistake(LAB_EINVAL, LAB_HC_FAIL, UINT64_C(1) << 32 | 1, at,
		       SIZE);
}

static void bad_attribute(void)
{
	static const struct lab_fail bad[] = {
		{.nth = 9, .probability = 101},
		{.nth = 9, .times = -2},
		{.nth = 9, .min_order = LAB_MAX_ORDER + 1},
		{.nth = 9, .flags = 2},
	};

	set(LAB_FAIL_HYPERCALL, .nth = 1);
	for (unsigned int i = 0; i < 4; i++)
		expect_mistake(LAB_EINVAL, LAB_HC_FAIL, LAB_FAIL_HYPERCALL,
			       (uint64_t)&bad[i], SIZE);
	/* What was set before still is. */
	is_refused(LAB_GFP_KERNEL, 0);
}

/* A newer guest's structure will do if it asks for nothing that is newer. */
static void size_out_of_range(void)
{
	static uint8_t room[LAB_PAGE_SIZE + 1];
	uint64_t at = (uint64_t)room;

	expect_mistake(LAB_E2BIG, LAB_HC_FAIL, LAB_FAIL_HYPERCALL, at, 0);
	expect_mistake(LAB_E2BIG, LAB_HC_FAIL, LAB_FAIL_HYPERCALL, at, SIZE - 1);
	expect_mistake(LAB_E2BIG, LAB_HC_FAIL, LAB_FAIL_HYPERCALL, at,
		       LAB_PAGE_SIZE + 1);
	expect_mistake(LAB_E2BIG, LAB_HC_FAIL, LAB_FAIL_HYPERCALL, at, UINT64_MAX);
	expect(call(LAB_HC_FAIL, LAB_FAIL_HYPERCALL, at, LAB_PAGE_SIZE), 0);
	room[LAB_PAGE_SIZE - 1] = 1;
	expect_mistake(LAB_E2BIG, LAB_HC_FAIL, LAB_FAIL_HYPERCALL, at,
		       LAB_PAGE_SIZE);
	expect(call(LAB_HC_FAIL, LAB_FAIL_HYPERCALL, at, LAB_PAGE_SIZE - 1), 0);
}

static void bad_buffer(void)
{
	expect_mistake(LAB_EFAULT, LAB_HC_FAIL, LAB_FAIL_HYPERCALL, ram_end(),
		       SIZE);
	expect_mistake(LAB_EFAULT, LAB_HC_FAIL, LAB_FAIL_HYPERCALL,
		       ram_end() - SIZE + 1, SIZE);
	expect_mistake(LAB_EFAULT, LAB_HC_FAIL, LAB_FAIL_HYPERCALL, window_end(),
		       SIZE);
	expect_mistake(LAB_EFAULT, LAB_HC_FAIL, LAB_FAIL_HYPERCALL, UINT64_MAX - 7,
		       SIZE);
}

static const struct tap_case cases[] = {
	{"fail: the n-th grant: ENOMEM, and nothing changed", nth_grant},
	{"fail: a mistake is no grant that counts", mistakes_do_not_count},
	{"fail: one block of a bulk refuses the bulk", nth_of_a_bulk},
	{"fail: each grant, and none when all is zero", always_and_off},
	{"fail: interval, times, space", interval_times_space},
	{"fail: a low order, or one that may wait, is spared", some_are_spared},
	{"fail: one more lease, one more mapping: ENOMEM", lease_and_map},
	{"fail: an unknown path: EINVAL", unknown_path},
	{"fail: a wrong attribute: EINVAL, and nothing changed", bad_attribute},
	{"fail: a size out of range: E2BIG", size_out_of_range},
	{"fail: a bad buffer: EFAULT", bad_buffer},
};

const struct tap_group fail_group = TAP_GROUP(cases);
