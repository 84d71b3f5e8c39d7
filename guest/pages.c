/* SPDX-License-Identifier: MIT */
/*
 * The kernel programmer's names for grants. A struct page is never made: its
 * address is the block's, which is the identity map's doing.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "hcall.h"
#include "spinlock.h"

_Static_assert(sizeof(struct page *) == sizeof(uint64_t),
	       "an array of blocks is what the bulk calls read and write");

/* A context that may not wait is the caller's bug: found here, not only by the
 * VMM. */
static void check_context(gfp_t gfp, const void *caller)
{
	if (gfp & GFP_KERNEL && !(gfp & __GFP_ASYNC))
		might_sleep_at(caller);
}

static struct page *grant(gfp_t gfp, unsigned int order, const void *caller)
{
	int64_t gpa;

	check_context(gfp, caller);
	gpa = lab_hypercall(LAB_HC_GRANT, gfp, order, 0, 0);
	return hcall_failed(gpa) ? NULL : (struct page *)gpa;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return grant(gfp, order, __builtin_return_address(0));
}

struct page *alloc_page(gfp_t gfp)
{
	return grant(gfp, 0, __builtin_return_address(0));
}

void __free_pages(struct page *page, unsigned int order)
{
	if (page)
		lab_hypercall(LAB_HC_RELEASE, (uint64_t)page, order, 0, 0);
}

void __free_page(struct page *page)
{
	__free_pages(page, 0);
}

void *page_address(const struct page *page)
{
	return (void *)(uintptr_t)page;
}

struct page *virt_to_page(const void *address)
{
	return (struct page *)(uintptr_t)address;
}

int alloc_pages_bulk(gfp_t gfp, unsigned int order, unsigned int count,
		     struct page **pages)
{
	check_context(gfp, __builtin_return_address(0));
	return (int)lab_hypercall(LAB_HC_GRANT_BULK, gfp, order, count,
				  (uint64_t)pages);
}

int free_pages_bulk(unsigned int order, unsigned int count, struct page **pages)
{
	return (int)lab_hypercall(LAB_HC_RELEASE_BULK, order, count,
				  (uint64_t)pages, 0);
}

int lab_query(struct lab_counts *counts)
{
	int64_t written;

	/* A VMM older than this header knows fewer counts. */
	memset(counts, 0, sizeof(*counts));
	written = lab_hypercall(LAB_HC_QUERY, (uint64_t)counts, sizeof(*counts),
				0, 0);
	return hcall_failed(written) ? (int)written : 0;
}
