/* SPDX-License-Identifier: MIT */
/* Selftest: what a release and an inspection refuse. */
#include "freestanding.h"

#include "selftest.h"

static void outside(void)
{
	expect_mistake(LAB_ENXIO, LAB_HC_RELEASE, 0, 0);
	expect_mistake(LAB_ENXIO, LAB_HC_RELEASE, PAGE_SIZE, 0);
	expect_mistake(LAB_ENXIO, LAB_HC_RELEASE, LAB_WINDOW_BASE - PAGE_SIZE,
		       0);
	expect_mistake(LAB_ENXIO, LAB_HC_RELEASE,
		       LAB_WINDOW_BASE - LAB_EXTENT_SIZE, LAB_MAX_ORDER);
	expect_mistake(LAB_ENXIO, LAB_HC_RELEASE, window_end(), 0);
	expect_mistake(LAB_ENXIO, LAB_HC_RELEASE, window_end(), LAB_MAX_ORDER);
	expect_mistake(LAB_ENXIO, LAB_HC_RELEASE, -PAGE_SIZE, 0);
}

static void no_lease(void)
{
	uint64_t hole = find_hole();

	if (!hole) {
		tap_skip("the whole window is leased");
		return;
	}
	expect_mistake(LAB_EACCES, LAB_HC_RELEASE, hole, 0);
	expect_mistake(LAB_EACCES, LAB_HC_RELEASE, hole, LAB_MAX_ORDER);
	expect_mistake(LAB_EACCES, LAB_HC_RELEASE,
		       hole + LAB_EXTENT_SIZE - PAGE_SIZE, 0);
}

static void unaligned(void)
{
	uint64_t gpa = take(1);

	if (!gpa)
		return;
	expect_mistake(LAB_EDOM, LAB_HC_RELEASE, gpa + 1, 0);
	expect_mistake(LAB_EDOM, LAB_HC_RELEASE, gpa + 8, 1);
	expect_mistake(LAB_EDOM, LAB_HC_RELEASE, gpa + PAGE_SIZE, 1);
	expect(call(LAB_HC_INSPECT, gpa), 1);
	give_back(gpa, 1);
}

static void bad_order(void)
{
	uint64_t gpa = take(0);

	if (!gpa)
		return;
	expect_mistake(LAB_ERANGE, LAB_HC_RELEASE, gpa, LAB_MAX_ORDER + 1);
	expect_mistake(LAB_ERANGE, LAB_HC_RELEASE, gpa, UINT64_C(1) << 32);
	expect_mistake(LAB_ERANGE, LAB_HC_RELEASE, gpa, UINT64_MAX);
	give_back(gpa, 0);
}

static void other_order(void)
{
	uint64_t gpa = take(2);

	if (!gpa)
		return;
	expect_mistake(LAB_EMSGSIZE, LAB_HC_RELEASE, gpa, 0);
	expect_mistake(LAB_EMSGSIZE, LAB_HC_RELEASE, gpa, 1);
	expect(call(LAB_HC_INSPECT, gpa + 3 * PAGE_SIZE), 2);
	give_back(gpa, 2);
}

static void twice(void)
{
	/* The second keeps the lease from going away. */
	uint64_t gpa = take(0), keeper = take(0);

	if (!gpa || !keeper)
		return;
	if ((gpa ^ keeper) & ~(LAB_EXTENT_SIZE - 1)) {
		give_back(gpa, 0);
		gpa = take(0);
	}
	give_back(gpa, 0);
	expect_mistake(LAB_ESTALE, LAB_HC_RELEASE, gpa, 0);
	expect_mistake(LAB_ESTALE, LAB_HC_RELEASE, gpa, 0);
	give_back(keeper, 0);
}

/* Not where the block begins. Such an order is seldom, so is its inside. */
static void inside_a_block(void)
{
	uint64_t gpa = take(LAB_MAX_ORDER);
	int64_t is;

	if (!gpa)
		return;
	is = call(LAB_HC_RELEASE, gpa + LAB_EXTENT_SIZE - PAGE_SIZE, 0);
	expect(is == -LAB_ENOENT || is == -LAB_ESTALE, true);
	expect(call(LAB_HC_INSPECT, gpa), LAB_MAX_ORDER);
	give_back(gpa, LAB_MAX_ORDER);
}

static void inspect_outside(void)
{
	expect(call(LAB_HC_INSPECT, 0), -LAB_ENXIO);
	expect(call(LAB_HC_INSPECT, LAB_WINDOW_BASE - PAGE_SIZE), -LAB_ENXIO);
	expect(call(LAB_HC_INSPECT, window_end()), -LAB_ENXIO);
	expect(call(LAB_HC_INSPECT, -PAGE_SIZE), -LAB_ENXIO);
}

static void inspect_no_lease(void)
{
	uint64_t hole = find_hole();

	if (hole)
		expect(call(LAB_HC_INSPECT, hole), -LAB_EACCES);
	else
		tap_skip("the whole window is leased");
}

static void inspect_orders(void)
{
	uint64_t gpa[LAB_MAX_ORDER];

	for (unsigned int i = 0; i < LAB_MAX_ORDER; i++) {
		gpa[i] = take(i);
		if (!gpa[i])
			return;
	}
	for (unsigned int i = 0; i < LAB_MAX_ORDER; i++) {
		expect(call(LAB_HC_INSPECT, gpa[i]), i);
		expect(call(LAB_HC_INSPECT,
			    gpa[i] + (PAGE_SIZE << i) - PAGE_SIZE),
		       i);
		give_back(gpa[i], i);
	}
}

static const struct tap_case cases[] = {
	{"release: an address outside the window: ENXIO", outside},
	{"release: in the window, but no lease there: EACCES", no_lease},
	{"release: not aligned to the order: EDOM", unaligned},
	{"release: order too large: ERANGE", bad_order},
	{"release: granted with another order: EMSGSIZE", other_order},
	{"release: a second time: ESTALE", twice},
	{"release: inside a block: refused", inside_a_block},
	{"inspect: an address outside the window: ENXIO", inspect_outside},
	{"inspect: no lease there: EACCES", inspect_no_lease},
	{"inspect: the order of each grant", inspect_orders},
};

const struct tap_group release_group = TAP_GROUP(cases);
