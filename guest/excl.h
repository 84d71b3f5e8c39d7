/* SPDX-License-Identifier: MIT */
/*
 * Which blocks were granted with GFP_EXCL, and which address space each is
 * bound to. The record has a place of 16 bytes for each page of the window,
 * in pages that are granted where the first such block lies and given back
 * after the last. Its lock is taken here, and no other while it is held.
 */
#ifndef GUEST_EXCL_H
#define GUEST_EXCL_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/guest.h>

/* Who may have a block: an address space has one of these. */
struct excl_owner {
	const char *name;
};

/* Where the first page of a block is, for its owner. */
struct excl_place {
	char owner[MM_NAME_MAX];
	uint64_t address; /* virtual */
};

/*
 * The block was granted with GFP_EXCL. False if no page can be had to record
 * it, by the context that gfp says; then it is no such block.
 */
bool excl_record(struct page *page, unsigned int order, gfp_t gfp);

/*
 * Around the release of blocks of one order. If none is exclusive begin()
 * answers false, and end() must not follow. Else, until end(), none of them
 * can be bound or recorded anew; flags is end()'s. Panics if one is bound.
 */
bool excl_release_begin(unsigned int order, unsigned int count,
			struct page **pages, unsigned long *flags);
void excl_release_end(unsigned int order, unsigned int count,
		      struct page **pages, bool released, unsigned long flags);

/*
 * Bind a whole block to an owner at a user address. 0; -LAB_EINVAL if it is
 * not exclusive, -LAB_EMSGSIZE if it is a part of a block or more than one,
 * -LAB_EBUSY if it is bound.
 */
int excl_bind(const struct page *page, unsigned int order,
	      const struct excl_owner *owner, uint64_t address);

/* The block that begins at a page is bound to nobody any more. */
void excl_unbind(const struct page *page);

/* Does an exclusive block of this order begin there? */
bool excl_is_whole(const struct page *page, unsigned int order);

/* Is a page of it in an exclusive block? */
bool excl_has_any(const struct page *page, unsigned int order);

/*
 * Is this guest-physical address in a block that is bound, and not to self?
 * Then where its owner has this very address.
 */
bool excl_find_other(uint64_t gpa, const struct excl_owner *self,
		     struct excl_place *place);

#endif
