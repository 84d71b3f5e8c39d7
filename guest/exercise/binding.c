/* SPDX-License-Identifier: MIT */
/* Exclusive: which block can be mapped where. */
#include "freestanding.h"

#include "exclusive.h"
#include "selftest.h"

#define READ	 VM_READ
#define MINE	 (VM_READ | VM_WRITE | VM_EXCLUSIVE)
#define NAME_END (MM_NAME_MAX - 1)

static void raw_flag(void)
{
	static const uint64_t contexts[] = {LAB_GFP_KERNEL, LAB_GFP_ATOMIC,
					    LAB_GFP_NOWAIT};

	for (unsigned int i = 0; i < 3; i++) {
		int64_t gpa = call(LAB_HC_GRANT,
				   contexts[i] | LAB_GFP_EXCL | LAB_GFP_ZERO);

		expect(gpa >= (int64_t)LAB_WINDOW_BASE, true);
		expect(call(LAB_HC_RELEASE, (uint64_t)gpa, 0), 0);
	}
}

static void in_one(void)
{
	struct page *page = take_exclusive(0);
	struct mm_exit exit;

	expect(map_here(ada, page, 0), 0);
	expect(run(ada, user_read, USER_HERE, &exit), 0);
	expect(exit.value, 0);
	expect(run(ada, user_write, USER_HERE + 8, &exit), 0);
	expect(run(ada, user_read, USER_HERE + 8, &exit), 0);
	expect(exit.value, -1);
	expect(((uint64_t *)page_address(page))[1], UINT64_MAX);
	expect(mm_unmap(ada, USER_HERE, 0), 0);
	__free_page(page);
}

static void once(void)
{
	struct page *page = take_exclusive(0);
	struct mm_exit exit;

	expect(map_here(ada, page, 0), 0);
	expect(mm_map(ada, USER_THERE, page, 0, MINE), -LAB_EBUSY);
	expect(mm_map(bob, USER_HERE, page, 0, MINE), -LAB_EBUSY);
	expect(mm_map(bob, USER_THERE, page, 0, MINE), -LAB_EBUSY);
	expect(mm_map(bob, USER_THERE, page, 0, READ), -LAB_EINVAL);
	expect(mm_map(ada, USER_THERE, page, 0, READ), -LAB_EINVAL);
	/* And so nothing is there. */
	expect(is_plain_fault(run(ada, user_read, USER_THERE, &exit), &exit,
			      USER_THERE),
	       true);
	expect(mm_unmap(bob, USER_THERE, 0), -LAB_ENOENT);
	expect(mm_unmap(ada, USER_HERE, 0), 0);
	__free_page(page);
}

/* Bob's access is refused, and it is said whose page it was. */
static bool is_told(int result, const struct mm_exit *exit, uint64_t address,
		    const struct page *page)
{
	expect_or_false(result, -LAB_EFAULT);
	expect_or_false(exit->vector, 14);
	expect_or_false(exit->address, address);
	expect_or_false(exit->page, (uint64_t)page);
	expect_or_false(strcmp(exit->owner, "ada"), 0);
	return true;
}

static void touched(void)
{
	struct page *page = take_exclusive(0);
	uint64_t kernel = (uint64_t)page_address(page) + 16;
	struct mm_exit exit;

	expect(map_here(ada, page, 0), 0);
	expect(is_told(run(bob, user_read, USER_HERE + 8, &exit), &exit,
		       USER_HERE + 8, page),
	       true);
	expect(exit.owner_address, USER_HERE);
	expect(is_told(run(bob, user_write, USER_HERE + 8, &exit), &exit,
		       USER_HERE + 8, page),
	       true);
	expect(is_told(run(bob, user_read, kernel, &exit), &exit, kernel, page),
	       true);
	expect(exit.owner_address, USER_HERE);
	/* The kernel's address is not ada's own either. */
	expect(is_plain_fault(run(ada, user_read, kernel, &exit), &exit,
			      kernel),
	       true);
	expect(((uint64_t *)page_address(page))[1], 0);
	expect(mm_unmap(ada, USER_HERE, 0), 0);
	expect(is_plain_fault(run(bob, user_read, USER_HERE, &exit), &exit,
			      USER_HERE),
	       true);
	expect(is_plain_fault(run(bob, user_read, kernel, &exit), &exit,
			      kernel),
	       true);
	__free_page(page);
}

static void handed_on(void)
{
	struct page *page = take_exclusive(0);
	struct mm *third = mm_create("carol");
	struct mm_exit exit;

	expect(third != NULL, true);
	expect(map_here(ada, page, 0), 0);
	expect(run(ada, user_write, USER_HERE, &exit), 0);
	expect(mm_unmap(ada, USER_HERE, 0), 0);
	expect(map_here(bob, page, 0), 0);
	expect(run(bob, user_read, USER_HERE, &exit), 0);
	expect(exit.value, -1);
	expect(map_here(ada, page, 0), -LAB_EBUSY);
	expect(mm_unmap(bob, USER_HERE, 0), 0);
	/* The end of a process sets its blocks free as well. */
	expect(map_here(third, page, 0), 0);
	expect(map_here(ada, page, 0), -LAB_EBUSY);
	expect(mm_destroy(third), 0);
	expect(map_here(ada, page, 0), 0);
	expect(mm_unmap(ada, USER_HERE, 0), 0);
	__free_page(page);
}

static void ordinary(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	struct mm_exit exit;

	expect(page != NULL, true);
	expect(mm_map(ada, USER_HERE, page, 0, MINE), -LAB_EINVAL);
	expect(mm_map(ada, USER_HERE, page, 0, READ | VM_WRITE), 0);
	expect(mm_map(ada, USER_THERE, page, 0, READ), 0);
	expect(mm_map(bob, USER_THERE, page, 0, READ), 0);
	expect(run(ada, user_write, USER_HERE, &exit), 0);
	expect(run(bob, user_read, USER_THERE, &exit), 0);
	expect(exit.value, -1);
	/* A fault at an address where another has it names nobody. */
	expect(is_plain_fault(run(bob, user_read, USER_HERE, &exit), &exit,
			      USER_HERE),
	       true);
	expect(mm_unmap(ada, USER_HERE, 0), 0);
	expect(mm_unmap(ada, USER_THERE, 0), 0);
	expect(mm_unmap(bob, USER_THERE, 0), 0);
	__free_page(page);
}

static void refused_flags(void)
{
	struct page *page = take_exclusive(0);

	expect(mm_map(ada, USER_HERE, page, 0, 0), -LAB_EINVAL);
	expect(mm_map(ada, USER_HERE, page, 0, VM_WRITE), -LAB_EINVAL);
	expect(mm_map(ada, USER_HERE, page, 0, MINE | VM_EXEC), -LAB_EINVAL);
	expect(mm_map(ada, USER_HERE, page, 0, MINE | 1u << 4), -LAB_EINVAL);
	expect(mm_map(ada, USER_HERE, page, 0, MINE | 1u << 31), -LAB_EINVAL);
	__free_page(page);
}

static void refused_addresses(void)
{
	struct page *pair = take_exclusive(1), *inner;
	uint64_t last = LAB_USER_END - PAGE_SIZE;
	uint64_t beyond = window_end();

	inner = virt_to_page((char *)page_address(pair) + PAGE_SIZE);
	expect(mm_map(ada, USER_HERE, pair, MAX_ORDER + 1, MINE), -LAB_ERANGE);
	expect(mm_map(ada, USER_HERE + 8, pair, 1, MINE), -LAB_EDOM);
	expect(mm_map(ada, USER_HERE, inner, 1, MINE), -LAB_EDOM);
	expect(mm_map(ada, last, pair, 1, MINE), -LAB_ENXIO);
	expect(mm_map(ada, LAB_USER_END, pair, 1, MINE), -LAB_ENXIO);
	expect(mm_map(ada, LAB_USER_START - PAGE_SIZE, pair, 1, MINE),
	       -LAB_ENXIO);
	expect(mm_map(ada, 0, pair, 1, MINE), -LAB_ENXIO);
	expect(mm_map(ada, -PAGE_SIZE, pair, 1, MINE), -LAB_ENXIO);
	expect(mm_map(ada, USER_HERE, (struct page *)beyond, 0, READ),
	       -LAB_ENXIO);
	expect(mm_map(ada, USER_HERE, (struct page *)LAB_LOAD_MIN, 0, READ),
	       -LAB_ENXIO);
	expect(mm_map(ada, USER_SHARED, pair, 1, MINE), -LAB_EEXIST);
	expect(mm_map(ada, USER_SHARED - PAGE_SIZE, pair, 1, MINE),
	       -LAB_EEXIST);
	expect(mm_unmap(ada, USER_HERE, MAX_ORDER + 1), -LAB_ERANGE);
	expect(mm_unmap(ada, USER_HERE + 8, 0), -LAB_EDOM);
	expect(mm_unmap(ada, LAB_USER_END, 0), -LAB_ENXIO);
	/* None of it has bound the block. */
	expect(mm_map(bob, last - PAGE_SIZE, pair, 1, MINE), 0);
	expect(mm_unmap(bob, last - PAGE_SIZE, 1), 0);
	__free_pages(pair, 1);
}

/* A block is mapped as it was granted: not in part, not as part of more. */
static void parts(void)
{
	struct page *block = take_exclusive(2), *inner;
	uint64_t extent = (uint64_t)block & ~(LAB_EXTENT_SIZE - 1);

	inner = virt_to_page((char *)page_address(block) + 2 * PAGE_SIZE);
	expect(mm_map(ada, USER_HERE, block, 1, MINE), -LAB_EMSGSIZE);
	expect(mm_map(ada, USER_HERE, inner, 1, MINE), -LAB_EMSGSIZE);
	expect(mm_map(ada, USER_HERE, inner, 0, READ), -LAB_EINVAL);
	expect(mm_map(ada, USER_HERE, inner, 1, READ), -LAB_EINVAL);
	expect(mm_map(ada, USER_HERE, (struct page *)extent, MAX_ORDER, READ),
	       -LAB_EINVAL);
	/* No alignment is asked of where it goes. */
	expect(mm_map(ada, USER_HERE + PAGE_SIZE, block, 2, MINE), 0);
	expect(mm_unmap(ada, USER_HERE + PAGE_SIZE, 1), -LAB_EMSGSIZE);
	expect(mm_unmap(ada, USER_HERE + 3 * PAGE_SIZE, 1), -LAB_EMSGSIZE);
	expect(mm_unmap(ada, USER_HERE, 2), -LAB_ENOENT);
	expect(mm_unmap(ada, USER_HERE + PAGE_SIZE, 2), 0);
	__free_pages(block, 2);
}

static void two_side_by_side(void)
{
	struct page *a = take_exclusive(0), *b = take_exclusive(0);
	struct page *ordinary_page = alloc_page(GFP_KERNEL);

	expect(mm_map(ada, USER_HERE, a, 0, MINE), 0);
	expect(mm_map(ada, USER_HERE + PAGE_SIZE, b, 0, MINE), 0);
	expect(mm_unmap(ada, USER_HERE, 1), -LAB_EMSGSIZE);
	expect(mm_unmap(ada, USER_HERE, 0), 0);
	/* Nor one with what is anybody's. */
	expect(mm_map(ada, USER_HERE, ordinary_page, 0, READ), 0);
	expect(mm_unmap(ada, USER_HERE, 1), -LAB_EMSGSIZE);
	expect(mm_unmap(ada, USER_HERE, 0), 0);
	expect(mm_unmap(ada, USER_HERE + PAGE_SIZE, 0), 0);
	__free_page(ordinary_page);
	__free_page(a);
	__free_page(b);
}

static void largest(void)
{
	uint64_t offset = (PAGE_SIZE << MAX_ORDER) - 8;
	struct page *block = take_exclusive(MAX_ORDER);
	uint64_t kernel = (uint64_t)block + offset;
	uint64_t there = USER_THERE - PAGE_SIZE;
	struct mm_exit exit;

	expect(mm_map(ada, there, block, MAX_ORDER, MINE), 0);
	expect(run(ada, user_write, there + offset, &exit), 0);
	expect(*(uint64_t *)kernel, UINT64_MAX);
	expect(run(bob, user_read, kernel, &exit), -LAB_EFAULT);
	expect(exit.page, kernel & ~(PAGE_SIZE - 1));
	expect(exit.owner_address, there + offset - (PAGE_SIZE - 8));
	expect(run(bob, user_read, there + offset, &exit), -LAB_EFAULT);
	expect(exit.page, kernel & ~(PAGE_SIZE - 1));
	expect(mm_unmap(ada, there, MAX_ORDER), 0);
	__free_pages(block, MAX_ORDER);
}

/* What the VMM refuses to take back stays exclusive. */
static void bad_releases(void)
{
	struct page *pages[2] = {take_exclusive(0), NULL};

	__free_pages(pages[0], 1);
	pages[1] = pages[0];
	expect(free_pages_bulk(0, 2, pages), -LAB_ESTALE);
	expect(mm_map(bob, USER_HERE, pages[0], 0, READ), -LAB_EINVAL);
	expect(map_here(bob, pages[0], 0), 0);
	expect(mm_unmap(bob, USER_HERE, 0), 0);
	__free_page(pages[0]);
	/* Given back, it is no such block any more. */
	expect(map_here(bob, pages[0], 0), -LAB_EINVAL);
}

static void names(void)
{
	struct mm *mm = mm_create("a name that is longer than there is room");

	expect(mm != NULL, true);
	expect(strlen(mm_name(mm)), NAME_END);
	expect(mm_destroy(mm), 0);
	expect(strcmp(mm_name(ada), "ada"), 0);
}

static const struct tap_case cases[] = {
	{"exclusive: the flag goes with every context", raw_flag},
	{"exclusive: mapped in one process, it reads and writes", in_one},
	{"exclusive: a second mapping is refused in either", once},
	{"exclusive: the other's touch faults, page and owner named", touched},
	{"exclusive: unmapped, it can be the other's", handed_on},
	{"exclusive: an ordinary page may be in both, and twice", ordinary},
	{"exclusive: wrong flags, WRITE with EXEC among them", refused_flags},
	{"exclusive: wrong addresses", refused_addresses},
	{"exclusive: a block is mapped whole", parts},
	{"exclusive: two blocks are not unmapped as one", two_side_by_side},
	{"exclusive: the largest block, across two tables", largest},
	{"exclusive: what cannot be released stays exclusive", bad_releases},
	{"exclusive: a process has a name", names},
};

const struct tap_group binding_group = TAP_GROUP(cases);
