/* SPDX-License-Identifier: MIT */
/*
 * The kernel programmer's names for grants. A struct page is never made: its
 * address is the block's, which is the identity map's doing.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "excl.h"
#include "fast.h"
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
	struct page *page;

	check_context(gfp, caller);
	if (!fast_grant(gfp, order, 1, &page)) {
		int64_t gpa = lab_hypercall(LAB_HC_GRANT, gfp, order, 0, 0);

		if (hcall_failed(gpa))
			return NULL;
		page = (struct page *)gpa;
	}
	if (gfp & GFP_EXCL && !excl_record(page, order, gfp)) {
		__free_pages(page, order);
		return NULL;
	}
	return page;
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
	unsigned long flags;
	bool exclusive;
	int64_t r;

	if (!page)
		return;
	exclusive = excl_release_begin(order, 1, &page, &flags);
	r = fast_release(order, 1, &page)
		    ? 0
		    : lab_hypercall(LAB_HC_RELEASE, (uint64_t)page, order, 0,
				    0);
	if (exclusive)
		excl_release_end(order, 1, &page, r == 0, flags);
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

static int grant_bulk(gfp_t gfp, unsigned int order, unsigned int count,
		      struct page **pages)
{
	if (fast_grant(gfp, order, count, pages))
		return 0;
	return (int)lab_hypercall(LAB_HC_GRANT_BULK, gfp, order, count,
				  (uint64_t)pages);
}

/* False if one is not recorded; those before it are. */
static bool record_all(gfp_t gfp, unsigned int order, unsigned int count,
		       struct page **pages)
{
	for (unsigned int i = 0; i < count; i++) {
		if (!excl_record(pages[i], order, gfp))
			return false;
	}
	return true;
}

/* The caller's array is written only when nothing can fail any more; a page
 * of our own, which has room for them all, takes the addresses before. */
static int grant_exclusive(gfp_t gfp, unsigned int order, unsigned int count,
			   struct page **pages)
{
	struct page *own = alloc_page(gfp & ~GFP_EXCL);
	struct page **fresh = page_address(own);
	int r;

	if (!own)
		return -LAB_ENOMEM;
	r = grant_bulk(gfp, order, count, fresh);
	if (r == 0 && !record_all(gfp, order, count, fresh)) {
		free_pages_bulk(order, count, fresh);
		r = -LAB_ENOMEM;
	}
	if (r == 0)
		memcpy(pages, fresh, count * sizeof(*pages));
	__free_page(own);
	return r;
}

int alloc_pages_bulk(gfp_t gfp, unsigned int order, unsigned int count,
		     struct page **pages)
{
	check_context(gfp, __builtin_return_address(0));
	return gfp & GFP_EXCL ? grant_exclusive(gfp, order, count, pages)
			      : grant_bulk(gfp, order, count, pages);
}

int free_pages_bulk(unsigned int order, unsigned int count, struct page **pages)
{
	unsigned long flags;
	bool exclusive = excl_release_begin(order, count, pages, &flags);
	int r = fast_release(order, count, pages)
			? 0
			: (int)lab_hypercall(LAB_HC_RELEASE_BULK, order, count,
					     (uint64_t)pages, 0);

	if (exclusive)
		excl_release_end(order, count, pages, r == 0, flags);
	return r;
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
