/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "mem/extent.h"

#include <assert.h>
#include <errno.h>

#include <labyrinth/hypercall.h>

_Static_assert(BITS512 == LAB_EXTENT_PAGES, "pages of an extent");

/* How many pages the grant has that begins at this used page. */
static unsigned grant_pages(const struct extent *self, unsigned page)
{
	struct bits512 end;

	for (unsigned i = 0; i < BITS512_WORDS; i++)
		end.word[i] = self->head.word[i] | ~self->used.word[i];
	return bits512_next(&end, page + 1) - page;
}

unsigned extent_grant(struct extent *self, unsigned order)
{
	struct bits512 unused = bits512_not(&self->used);
	unsigned page = bits512_first_run(&unused, order);

	assert(page < LAB_EXTENT_PAGES);
	bits512_set(&self->used, page, order);
	bits512_clear(&self->head, page, order);
	bits512_set(&self->head, page, 0);
	return page;
}

int extent_check_release(const struct extent *self, unsigned page,
			 unsigned order)
{
	assert(order <= LAB_MAX_ORDER);
	assert(page % (1u << order) == 0);
	if (!bits512_test(&self->head, page))
		return -ENOENT;
	if (!bits512_test(&self->used, page))
		return -ESTALE;
	return grant_pages(self, page) == 1u << order ? 0 : -EMSGSIZE;
}

void extent_release(struct extent *self, unsigned page, unsigned order)
{
	assert(extent_check_release(self, page, order) == 0);
	bits512_clear(&self->used, page, order);
}

void extent_mark(struct extent *self, unsigned page)
{
	bits512_clear(&self->used, page, 0);
}

void extent_unmark(struct extent *self, unsigned page)
{
	bits512_set(&self->used, page, 0);
}

int extent_inspect(const struct extent *self, unsigned page)
{
	if (!bits512_test(&self->used, page))
		return -ENOENT;
	unsigned head = bits512_last(&self->head, page);

	return __builtin_ctz(grant_pages(self, head));
}

int extent_largest(const struct extent *self)
{
	struct bits512 unused = bits512_not(&self->used);

	return bits512_largest_run(&unused);
}

unsigned extent_count_free(const struct extent *self, unsigned order)
{
	struct bits512 unused = bits512_not(&self->used);

	return bits512_count_runs(&unused, order);
}

unsigned extent_merged(const struct extent *self, unsigned page, unsigned order)
{
	struct bits512 unused = bits512_not(&self->used);

	while (order < LAB_MAX_ORDER) {
		unsigned size = 1u << order;

		if (!bits512_all(&unused, (page & ~(size - 1)) ^ size, order))
			break;
		order++;
	}
	return order;
}

const char *extent_fault(const struct extent *self)
{
	unsigned page = bits512_next(&self->used, 0);

	while (page < LAB_EXTENT_PAGES) {
		if (!bits512_test(&self->head, page))
			return "a used page is in no grant";
		unsigned pages = grant_pages(self, page);

		if ((pages & (pages - 1)) != 0)
			return "a grant is not a power of two";
		if (page % pages != 0)
			return "a grant is not aligned";
		page = bits512_next(&self->used, page + pages);
	}
	return NULL;
}
