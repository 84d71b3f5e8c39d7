/* SPDX-License-Identifier: MIT */
/* Selftest: what a grant is, and when there is none. */
#include "freestanding.h"

#include "selftest.h"

#define MANY 64

/* The group's first case: nothing was granted before this one page. */
static void never_granted(void)
{
	uint64_t gpa = take(0);
	uint64_t other = gpa ^ (LAB_EXTENT_SIZE / 2);

	if (!gpa)
		return;
	expect_mistake(LAB_ENOENT, LAB_HC_RELEASE, other, 0);
	expect_mistake(LAB_ENOENT, LAB_HC_RELEASE_BULK, 0, 1, (uint64_t)&other);
	expect(call(LAB_HC_INSPECT, other), -LAB_ENOENT);
	expect(call(LAB_HC_INSPECT, gpa), 0);
	give_back(gpa, 0);
}

static bool is_good_block(uint64_t gpa, unsigned int order)
{
	uint64_t size = PAGE_SIZE << order;

	expect_or_false(gpa % size, 0);
	expect_or_false(gpa >= LAB_WINDOW_BASE, true);
	expect_or_false(gpa + size <= window_end(), true);
	for (uint64_t at = gpa; at < gpa + size; at += PAGE_SIZE)
		expect_or_false(call(LAB_HC_INSPECT, at), order);
	fill(gpa, order, (uint8_t)(0x50 + order));
	expect_or_false(filled_with(gpa, order, (uint8_t)(0x50 + order)), true);
	return true;
}

static void every_order(void)
{
	for (unsigned int order = 0; order <= LAB_MAX_ORDER; order++) {
		uint64_t gpa = take(order);

		if (!gpa || !is_good_block(gpa, order))
			return;
		give_back(gpa, order);
		expect(call(LAB_HC_INSPECT, gpa) < 0, true);
	}
}

static void every_order_at_once(void)
{
	uint64_t gpa[LAB_MAX_ORDER + 1];

	for (unsigned int i = 0; i <= LAB_MAX_ORDER; i++) {
		gpa[i] = take(i);
		if (!gpa[i])
			return;
		fill(gpa[i], i, (uint8_t)(i + 1));
	}
	for (unsigned int i = 0; i <= LAB_MAX_ORDER; i++)
		expect(filled_with(gpa[i], i, (uint8_t)(i + 1)), true);
	for (unsigned int i = 0; i <= LAB_MAX_ORDER; i++)
		give_back(gpa[i], i);
}

static void distinct(void)
{
	uint64_t *page[MANY];

	for (unsigned int i = 0; i < MANY; i++) {
		page[i] = (uint64_t *)take(0);
		if (!page[i])
			return;
		*page[i] = i;
	}
	for (unsigned int i = 0; i < MANY; i++)
		expect(*page[i], i);
	for (unsigned int i = 0; i < MANY; i++)
		give_back((uint64_t)page[i], 0);
}

/* Dirty all that a grant may be made of, then ask for zeroes. */
static bool zeroed_after_dirt(uint64_t context, unsigned int order)
{
	uint64_t gpa[4];

	for (unsigned int i = 0; i < 4; i++) {
		gpa[i] = take(order);
		if (!gpa[i])
			return false;
		fill(gpa[i], order, 0xa5);
	}
	for (unsigned int i = 1; i < 4; i++)
		give_back(gpa[i], order);
	for (unsigned int i = 1; i < 4; i++) {
		int64_t is = call(LAB_HC_GRANT, context | LAB_GFP_ZERO, order);

		/* An order that fills a lease may be gone with it. */
		if (is == -LAB_ENOMEM && context != LAB_GFP_KERNEL)
			gpa[i] = 0;
		else
			expect_or_false(is > 0, true);
		if (is > 0)
			gpa[i] = (uint64_t)is;
		if (gpa[i])
			expect_or_false(filled_with(gpa[i], order, 0), true);
	}
	for (unsigned int i = 0; i < 4; i++) {
		if (gpa[i])
			give_back(gpa[i], order);
	}
	return true;
}

static void zero(void)
{
	static const unsigned int orders[] = {0, 1, 4, LAB_MAX_ORDER};

	for (unsigned int i = 0; i < 4; i++) {
		if (!zeroed_after_dirt(LAB_GFP_KERNEL, orders[i]) ||
		    !zeroed_after_dirt(LAB_GFP_ATOMIC, orders[i]) ||
		    !zeroed_after_dirt(LAB_GFP_NOWAIT, orders[i]))
			return;
	}
}

static void c_interface(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct page *block = alloc_pages(GFP_KERNEL | __GFP_ZERO, 3);

	expect(page != NULL && block != NULL, true);
	expect(page_address(page) != page_address(block), true);
	expect(virt_to_page(page_address(block)) == block, true);
	expect((uint64_t)page_address(block) % (PAGE_SIZE << 3), 0);
	expect(filled_with((uint64_t)page_address(block), 3, 0), true);
	__free_page(page);
	__free_pages(block, 3);
	expect(call(LAB_HC_INSPECT, (uint64_t)page_address(page)) < 0, true);
	expect(call(LAB_HC_INSPECT, (uint64_t)page_address(block)) < 0, true);
}

static void c_interface_refuses(void)
{
	struct lab_counts before = counts_now();

	__free_page(NULL);
	__free_pages(NULL, 3);
	expect(page_address(NULL) == NULL, true);
	expect(counts_now().mistakes, before.mistakes);
	expect(alloc_pages(GFP_KERNEL, MAX_ORDER + 1) == NULL, true);
	expect(alloc_page(GFP_KERNEL | GFP_ATOMIC) == NULL, true);
	expect(alloc_page(0) == NULL, true);
	__free_page(virt_to_page((void *)PAGE_SIZE));
	expect(counts_now().mistakes, before.mistakes + 4);
}

/* What may wait is refused where nothing may, by the VMM's own look. */
static void kernel_with_interrupts_off(void)
{
	static uint64_t addresses[1];
	uint64_t flags = local_irq_save();

	expect_mistake(LAB_EDEADLK, LAB_HC_GRANT, LAB_GFP_KERNEL, 0);
	expect_mistake(LAB_EDEADLK, LAB_HC_GRANT_BULK, LAB_GFP_KERNEL, 0, 1,
		       (uint64_t)addresses);
	int64_t atomic = call(LAB_HC_GRANT, LAB_GFP_ATOMIC, 0);
	local_irq_restore(flags);
	if (atomic > 0)
		call(LAB_HC_RELEASE, (uint64_t)atomic, 0);
	int64_t kernel = call(LAB_HC_GRANT, LAB_GFP_KERNEL, 0);
	expect(kernel > 0, true);
	expect(call(LAB_HC_RELEASE, (uint64_t)kernel, 0), 0);
}

static void no_context(void)
{
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT, 0, 0);
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT, LAB_GFP_ZERO, 0);
}

static void two_contexts(void)
{
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT,
		       LAB_GFP_ATOMIC | LAB_GFP_KERNEL, 0);
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT,
		       LAB_GFP_ATOMIC | LAB_GFP_NOWAIT, 0);
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT,
		       LAB_GFP_NOWAIT | LAB_GFP_KERNEL, 0);
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT, LAB_GFP_ALL, 0);
}

static void unknown_flags(void)
{
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t flag = UINT64_C(1) << bit;

		if (!(flag & LAB_GFP_ALL))
			expect_mistake(LAB_EINVAL, LAB_HC_GRANT,
				       flag | LAB_GFP_KERNEL, 0);
	}
}

static void bad_order(void)
{
	expect_mistake(LAB_ERANGE, LAB_HC_GRANT, LAB_GFP_KERNEL,
		       LAB_MAX_ORDER + 1);
	expect_mistake(LAB_ERANGE, LAB_HC_GRANT, LAB_GFP_ATOMIC, 64);
	expect_mistake(LAB_ERANGE, LAB_HC_GRANT, LAB_GFP_NOWAIT,
		       UINT64_C(1) << 32);
	expect_mistake(LAB_ERANGE, LAB_HC_GRANT, LAB_GFP_KERNEL, UINT64_MAX);
}

/* All is used up to the guest's limit: another grant says so, and a bulk. */
static void ask_for_more(void)
{
	uint64_t list[2] = {0};

	if (is_shortage(LAB_EDQUOT, LAB_HC_GRANT, LAB_GFP_ATOMIC,
			LAB_MAX_ORDER) &&
	    is_shortage(LAB_EDQUOT, LAB_HC_GRANT, LAB_GFP_KERNEL,
			LAB_MAX_ORDER))
		is_shortage(LAB_EDQUOT, LAB_HC_GRANT_BULK, LAB_GFP_KERNEL,
			    LAB_MAX_ORDER, 2, (uint64_t)list);
}

/*
 * Whole extents by one context until there are none, or the room for them
 * is used up (0). All given back; the error that ended it, and *leases held
 * at that moment.
 */
static int64_t take_until_refused(uint64_t context, uint64_t *leases)
{
	static uint64_t gpa[LAB_BULK_MAX];
	unsigned int count = 0;
	int64_t is = 0;

	while (count < LAB_BULK_MAX) {
		is = call(LAB_HC_GRANT, context, LAB_MAX_ORDER);
		if (is < 0)
			break;
		gpa[count++] = (uint64_t)is;
	}
	*leases = counts_now().leases;
	if (is == -LAB_EDQUOT)
		ask_for_more();
	while (count)
		give_back(gpa[--count], LAB_MAX_ORDER);
	return is < 0 ? is : 0;
}

static bool never_waits(uint64_t context)
{
	struct lab_counts before = counts_now();
	uint64_t leases;
	int64_t is = take_until_refused(context, &leases);
	struct lab_counts after = counts_now();

	if (is >= 0) {
		tap_skip("the guest holds 1 GiB without asking");
		return true;
	}
	expect_or_false(is, -LAB_ENOMEM);
	expect_or_false(after.grants_failed, before.grants_failed + 1);
	expect_or_false(after.mistakes, before.mistakes);
	expect_or_false(leases, before.leases);
	return true;
}

static void out_of_pages(void)
{
	struct lab_counts counts = counts_now();

	if (counts.leases == counts.leases_limit)
		tap_skip("at the limit already");
	else if (never_waits(LAB_GFP_ATOMIC))
		never_waits(LAB_GFP_NOWAIT);
}

static void limit_reached(void)
{
	struct lab_counts before = counts_now();
	struct lab_counts after;
	uint64_t leases;
	int64_t is;

	if (before.leases_limit - before.leases > MANY) {
		tap_skip("the limit is far away");
		return;
	}
	is = take_until_refused(LAB_GFP_KERNEL, &leases);
	after = counts_now();
	expect(after.grants_failed > before.grants_failed, true);
	expect(after.mistakes, before.mistakes);
	if (leases < before.leases_limit) {
		expect(is, -LAB_ENOMEM);
		tap_skip("the pool ended before the limit");
		return;
	}
	expect(leases, before.leases_limit);
	expect(is, -LAB_EDQUOT);
}

static const struct tap_case cases[] = {
	{"release, inspect: a page never granted: ENOENT", never_granted},
	{"grant: each order aligned, in the window, writable", every_order},
	{"grant: all orders at once, none in another", every_order_at_once},
	{"grant: pages are distinct", distinct},
	{"grant: LAB_GFP_ZERO after dirt reads as zero", zero},
	{"alloc_page and its family", c_interface},
	{"alloc_page and its family refuse", c_interface_refuses},
	{"grant: KERNEL with interrupts off: EDEADLK",
	 kernel_with_interrupts_off},
	{"grant: no context: EINVAL", no_context},
	{"grant: two contexts: EINVAL", two_contexts},
	{"grant: an unknown flag: EINVAL", unknown_flags},
	{"grant: order too large: ERANGE", bad_order},
	{"grant: ATOMIC and NOWAIT take no lease: ENOMEM", out_of_pages},
	{"grant: the guest's limit: EDQUOT", limit_reached},
};

const struct tap_group grant_group = TAP_GROUP(cases);
