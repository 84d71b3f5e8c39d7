/* SPDX-License-Identifier: MIT */
/* Exclusive: what is left when a page cannot be had on the way. */
#include "freestanding.h"

#include "exclusive.h"
#include "selftest.h"

#define FEW  3
#define MOST 20				/* grants of one attempt */
#define WIDE (512 * UINT64_C(0x100000)) /* bytes of window */

/* Each attempt tries something, undoes it, and says whether it worked. */
static bool try_block(void)
{
	struct page *page = alloc_pages(GFP_KERNEL | GFP_EXCL, 1);

	__free_pages(page, 1);
	return page != NULL;
}

static bool try_bulk(void)
{
	struct page *pages[FEW] = {NULL};
	int r = alloc_pages_bulk(GFP_ATOMIC | GFP_EXCL, 0, FEW, pages);

	if (r == 0)
		return free_pages_bulk(0, FEW, pages) == 0;
	expect_or_false(r, -LAB_ENOMEM);
	expect_or_false(pages[0] || pages[1] || pages[2], false);
	return false;
}

static bool try_space(void)
{
	struct page *any = (struct page *)LAB_WINDOW_BASE;
	struct mm *mm = mm_create("carol");
	int r;

	if (!mm)
		return false;
	r = mm_map(mm, USER_HERE, any, 0, VM_READ);
	expect_or_false(r == 0 || r == -LAB_ENOMEM, true);
	expect_or_false(mm_destroy(mm), 0);
	return r == 0;
}

/* Fail each grant of it in turn: how many were there? Nothing may be left. */
static unsigned int grants_of(bool (*try)(void))
{
	struct lab_fail fail = {.nth = 1};
	const struct lab_fail none = {.nth = 0};
	int64_t before = (int64_t)counts_now().pages_granted;

	for (; fail.nth <= MOST; fail.nth++) {
		bool done;

		lab_fail_set(LAB_FAIL_HYPERCALL, &fail);
		done = try();
		lab_fail_set(LAB_FAIL_HYPERCALL, &none);
		if (!tap_equal(__FILE__, __LINE__, "pages granted",
			       (int64_t)counts_now().pages_granted, before))
			break;
		if (done)
			return (unsigned int)fail.nth - 1;
	}
	return 0;
}

/* Pages of record for one block: in a wide window one leads to another. */
static unsigned int records(void)
{
	return lab_boot_info()->window_size > WIDE ? 2 : 1;
}

static void block(void)
{
	expect(grants_of(try_block), 1 + records());
}

/* Room for the addresses, the blocks, and at least the record of one. */
static void bulk(void)
{
	expect(grants_of(try_bulk) >= 1 + FEW + records(), true);
}

/* Its own page, the root, and three tables below. */
static void space(void)
{
	expect(grants_of(try_space), 2 + 3);
}

static const struct tap_case cases[] = {
	{"exclusive: a block with its record, or neither", block},
	{"exclusive: blocks in bulk with their records, or none", bulk},
	{"exclusive: an address space and its tables, or none", space},
};

const struct tap_group shortage_group = TAP_GROUP(cases);
