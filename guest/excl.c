/* SPDX-License-Identifier: MIT */
/* The record of exclusive blocks: two words at the place of the first page. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "excl.h"
#include "tree.h"

#define WORDS 2 /* for each page of the window, side by side in one node */

struct block {
	uint64_t owner; /* struct excl_owner *, or 0 */
	uint64_t where; /* user address | order + 1; 0: no block begins here */
};

_Static_assert(sizeof(struct block) == WORDS * sizeof(uint64_t), "two words");

static spinlock_t lock = SPINLOCK_INIT;
static uint64_t root[TREE_ENTRIES];
static struct tree record = {root, 0}; /* lock held */
static uint64_t blocks;		       /* recorded; changed with lock held */

static uint64_t page_number(uint64_t gpa)
{
	return (gpa - lab_boot_info()->window_base) >> PAGE_SHIFT;
}

/* As many levels as this guest's window needs: two up to 512 MiB, three up to
 * 256 GiB. */
static void size_record(void)
{
	uint64_t words = (lab_boot_info()->window_size >> PAGE_SHIFT) * WORDS;

	if (record.levels)
		return;
	record.levels = 1;
	while (words > UINT64_C(1) << TREE_BITS * record.levels)
		record.levels++;
}

static uint64_t address_of(const struct block *block)
{
	return block->where & ~(PAGE_SIZE - 1);
}

static unsigned int order_of(const struct block *block)
{
	return (unsigned int)(block->where & (PAGE_SIZE - 1)) - 1;
}

/* The block that begins at a page of the window, or NULL; lock held. */
static struct block *block_at(uint64_t number)
{
	struct block *block;

	if (!record.levels)
		return NULL;
	block = (struct block *)tree_find(&record, number * WORDS);
	return block && block->where ? block : NULL;
}

/* The block that covers a page, and its first page; lock held. */
static struct block *block_around(uint64_t number, uint64_t *first)
{
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct block *block;

		*first = number >> order << order;
		block = block_at(*first);
		if (block && order_of(block) >= order)
			return block;
	}
	return NULL;
}

/* The exclusive block that is exactly this one, or NULL; lock held. */
static struct block *whole(const struct page *page, unsigned int order)
{
	struct block *block = block_at(page_number((uint64_t)page));

	return block && order_of(block) == order ? block : NULL;
}

/* False if the pool has too few pages; lock held. */
static bool enter(struct page *page, unsigned int order, struct tree_pool *pool)
{
	uint64_t index = page_number((uint64_t)page) * WORDS;
	struct block *block;

	size_record();
	block = (struct block *)tree_make(&record, index, pool);
	if (!block)
		return false;
	if (block->where)
		panic("guest page %p was released behind the library's back",
		      (void *)page);
	block->where = order + 1;
	__atomic_store_n(&blocks, blocks + 1, __ATOMIC_RELAXED);
	return true;
}

bool excl_record(struct page *page, unsigned int order, gfp_t gfp)
{
	struct tree_pool pool = {NULL};
	unsigned long flags;
	bool entered;

	do {
		flags = spin_lock_irqsave(&lock);
		entered = enter(page, order, &pool);
		if (!entered)
			tree_prune(&record, page_number((uint64_t)page) * WORDS,
				   &pool);
		spin_unlock_irqrestore(&lock, flags);
	} while (!entered && tree_pool_fill(&pool, gfp & ~GFP_EXCL));
	tree_pool_drain(&pool);
	return entered;
}

/* The nodes that are left empty go into the pool; lock held. */
static void leave(const struct page *page, unsigned int order,
		  struct tree_pool *pool)
{
	struct block *block = whole(page, order);

	if (!block)
		return;
	*block = (struct block){0, 0};
	__atomic_store_n(&blocks, blocks - 1, __ATOMIC_RELAXED);
	tree_prune(&record, page_number((uint64_t)page) * WORDS, pool);
}

static void check_unbound(const struct page *page, const struct block *block)
{
	const struct excl_owner *owner = (const void *)block->owner;

	if (owner)
		panic("guest page %p is given back while it is mapped: it is "
		      "exclusive to %s at 0x%lx",
		      (const void *)page, owner->name, address_of(block));
}

bool excl_release_begin(unsigned int order, unsigned int count,
			struct page **pages, unsigned long *flags)
{
	bool any = false;

	/* Who gives a block back has had it: its record is seen from here. */
	if (__atomic_load_n(&blocks, __ATOMIC_RELAXED) == 0 ||
	    count > LAB_BULK_MAX)
		return false;
	*flags = spin_lock_irqsave(&lock);
	for (unsigned int i = 0; i < count; i++) {
		struct block *block = whole(pages[i], order);

		if (!block)
			continue;
		check_unbound(pages[i], block);
		any = true;
	}
	if (!any)
		spin_unlock_irqrestore(&lock, *flags);
	return any;
}

void excl_release_end(unsigned int order, unsigned int count,
		      struct page **pages, bool released, unsigned long flags)
{
	struct tree_pool pool = {NULL};

	for (unsigned int i = 0; released && i < count; i++)
		leave(pages[i], order, &pool);
	spin_unlock_irqrestore(&lock, flags);
	tree_pool_drain(&pool);
}

/* Lock held. */
static bool any_in(uint64_t number, unsigned int order)
{
	uint64_t first;

	if (block_around(number, &first))
		return true;
	for (uint64_t i = 1; i < UINT64_C(1) << order; i++) {
		if (block_at(number + i))
			return true;
	}
	return false;
}

bool excl_has_any(const struct page *page, unsigned int order)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	bool any = blocks && any_in(page_number((uint64_t)page), order);

	spin_unlock_irqrestore(&lock, flags);
	return any;
}

bool excl_is_whole(const struct page *page, unsigned int order)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	bool is = whole(page, order) != NULL;

	spin_unlock_irqrestore(&lock, flags);
	return is;
}

/* Lock held. */
static int bind(const struct page *page, unsigned int order,
		const struct excl_owner *owner, uint64_t address)
{
	struct block *block = whole(page, order);

	if (!block)
		return any_in(page_number((uint64_t)page), order)
			       ? -LAB_EMSGSIZE
			       : -LAB_EINVAL;
	if (block->owner)
		return -LAB_EBUSY;
	block->owner = (uint64_t)owner;
	block->where = address | (order + 1);
	return 0;
}

int excl_bind(const struct page *page, unsigned int order,
	      const struct excl_owner *owner, uint64_t address)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	int r = bind(page, order, owner, address);

	spin_unlock_irqrestore(&lock, flags);
	return r;
}

void excl_unbind(const struct page *page)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	struct block *block = block_at(page_number((uint64_t)page));

	if (block) {
		block->owner = 0;
		block->where = order_of(block) + 1;
	}
	spin_unlock_irqrestore(&lock, flags);
}

bool excl_find_other(uint64_t gpa, const struct excl_owner *self,
		     struct excl_place *place)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	const struct excl_owner *owner;
	struct block *block;
	uint64_t first;

	block = block_around(page_number(gpa), &first);
	owner = block ? (const void *)block->owner : NULL;
	if (owner && owner != self) {
		memcpy(place->owner, owner->name, strlen(owner->name) + 1);
		place->address = address_of(block) +
				 (gpa - lab_boot_info()->window_base -
				  first * PAGE_SIZE);
	}
	spin_unlock_irqrestore(&lock, flags);
	return owner && owner != self;
}
