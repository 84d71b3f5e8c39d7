/* SPDX-License-Identifier: MIT */
/* Exclusive: two processes, what they share, and what they leave behind. */
#include "freestanding.h"

#include "exclusive.h"
#include "exercise.h"
#include "selftest.h"

_Static_assert(USER_CODE == LAB_USER_START, "a user address");
_Static_assert(offsetof(struct shared, arrived) == SHARED_ARRIVED, "shared");
_Static_assert(offsetof(struct shared, wanted) == SHARED_WANTED, "shared");
_Static_assert(offsetof(struct shared, go) == SHARED_GO, "shared");

struct mm *ada, *bob;
struct shared *shared;

static struct lab_counts at_start;
static struct page *code, *common, *stacks[2];

int run(struct mm *mm, const char *program, uint64_t argument,
	struct mm_exit *exit)
{
	return mm_run(mm, USER_CODE + (uint64_t)(program - user_start),
		      argument, USER_STACK + PAGE_SIZE, exit);
}

struct page *take_exclusive(unsigned int order)
{
	struct page *page =
		alloc_pages(GFP_KERNEL | __GFP_ZERO | GFP_EXCL, order);

	tap_equal(__FILE__, __LINE__, "an exclusive block", page != NULL, true);
	return page;
}

int map_here(struct mm *mm, struct page *page, unsigned int order)
{
	return mm_map(mm, USER_HERE, page, order,
		      VM_READ | VM_WRITE | VM_EXCLUSIVE);
}

bool is_plain_fault(int result, const struct mm_exit *exit, uint64_t address)
{
	expect_or_false(result, -LAB_EFAULT);
	expect_or_false(exit->vector, 14);
	expect_or_false(exit->address, address);
	expect_or_false(exit->page, 0);
	return true;
}

/* Code and the shared page are ordinary blocks: both processes have them. */
static bool furnish(struct mm *mm, struct page *stack)
{
	expect_or_false(mm_map(mm, USER_CODE, code, 0, VM_READ | VM_EXEC), 0);
	expect_or_false(mm_map(mm, USER_SHARED, common, 0, VM_READ | VM_WRITE),
			0);
	expect_or_false(mm_map(mm, USER_STACK, stack, 0, VM_READ | VM_WRITE),
			0);
	return true;
}

static void move_in(void)
{
	at_start = counts_now();
	ada = mm_create("ada");
	bob = mm_create("bob");
	expect(ada && bob, true);
	code = alloc_page(GFP_KERNEL | __GFP_ZERO);
	common = alloc_page(GFP_KERNEL | __GFP_ZERO);
	stacks[0] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	stacks[1] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	expect(code && common && stacks[0] && stacks[1], true);
	expect(user_end - user_start <= (long)PAGE_SIZE, true);
	memcpy(page_address(code), user_start, (size_t)(user_end - user_start));
	shared = page_address(common);
	if (furnish(ada, stacks[0]))
		furnish(bob, stacks[1]);
}

static void move_out(void)
{
	expect(mm_destroy(ada), 0);
	expect(mm_destroy(bob), 0);
	__free_page(code);
	__free_page(common);
	__free_page(stacks[0]);
	__free_page(stacks[1]);
	expect(counts_now().pages_granted, at_start.pages_granted);
}

/* The end of a kernel with a bug. */
static int free_while_mapped(void)
{
	struct page *page = alloc_page(GFP_KERNEL | GFP_EXCL);
	struct mm *mm = mm_create("ada");

	if (page && mm && map_here(mm, page, 0) == 0)
		__free_page(page);
	puts("an exclusive page was freed while it was mapped");
	return 1;
}

static const struct tap_case first_cases[] = {
	{"exclusive: two processes move in", move_in},
};

static const struct tap_case last_cases[] = {
	{"exclusive: nothing is left of the two", move_out},
};

int exercise_exclusive(int argc, char **argv)
{
	const struct tap_group groups[] = {
		TAP_GROUP(first_cases), binding_group,
		shortage_group,		ring3_group,
		together_group,		TAP_GROUP(last_cases),
	};

	if (argc > 0 && strcmp(argv[0], "free") == 0)
		return free_while_mapped();
	return tap_run(groups, sizeof(groups) / sizeof(groups[0]));
}
