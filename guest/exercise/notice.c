/* SPDX-License-Identifier: MIT */
/*
 * Notices: a guest that hears which of its leases are about to be taken, and
 * moves what it needs out of them in time; or does not care.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "exercise.h"
#include "settle.h"

#define ORDER	 6 /* 256 KiB a block */
#define BLOCK	 (PAGE_SIZE << ORDER)
#define MOST	 1024 /* blocks */
#define MULTIPLE UINT64_C(0x9e3779b97f4a7c15)

/* Every second block is a cache, which the guest can do without. */
static struct page *held[MOST];
static unsigned int count, notices, moved, dropped;

/* What the notifier heard and nobody looked at yet. */
static spinlock_t lock = SPINLOCK_INIT;
static struct revoke_notice heard[LAB_NOTICES];
static unsigned int heard_count;

static int on_notice(struct notifier_block *self, unsigned long action,
		     void *data)
{
	(void)self;
	if (action != REVOKE_NOTICE)
		return NOTIFY_DONE;
	spin_lock(&lock);
	if (heard_count < LAB_NOTICES)
		heard[heard_count++] = *(struct revoke_notice *)data;
	spin_unlock(&lock);
	return NOTIFY_OK;
}

static bool is_cache(unsigned int block)
{
	return block % 2;
}

static void stamp(unsigned int block)
{
	uint64_t *word = page_address(held[block]);

	for (unsigned int i = 0; i < BLOCK / sizeof(*word); i++)
		word[i] = (block * MULTIPLE) ^ i;
}

static bool is_stamped(unsigned int block)
{
	const uint64_t *word = page_address(held[block]);

	for (unsigned int i = 0; i < BLOCK / sizeof(*word); i++)
		if (word[i] != ((block * MULTIPLE) ^ i))
			return false;
	return true;
}

static bool all_is_as_it_was(void)
{
	for (unsigned int i = 0; i < count; i++)
		if (held[i] && !is_stamped(i))
			return false;
	return true;
}

static void drop(unsigned int block)
{
	__free_pages(held[block], ORDER);
	held[block] = NULL;
	dropped++;
}

/* Room for a block, at the price of one that can be done without. */
static struct page *room(void)
{
	struct page *page = alloc_pages(GFP_NOWAIT, ORDER);

	for (unsigned int i = 0; !page && i < count; i++) {
		if (!is_cache(i) || !held[i])
			continue;
		drop(i);
		page = alloc_pages(GFP_NOWAIT, ORDER);
	}
	return page;
}

static bool move(unsigned int block)
{
	struct page *to = room();

	if (!to)
		return false;
	memcpy(page_address(to), page_address(held[block]), BLOCK);
	__free_pages(held[block], ORDER);
	held[block] = to;
	moved++;
	return true;
}

static bool lies_in(unsigned int block, const struct revoke_notice *range)
{
	uintptr_t at = (uintptr_t)page_address(held[block]);

	return held[block] && at - (uintptr_t)range->start < range->size;
}

/* Give up a range: what is a cache at once, then what is not. */
static bool vacate(const struct revoke_notice *range)
{
	for (unsigned int i = 0; i < count; i++)
		if (is_cache(i) && lies_in(i, range))
			drop(i);
	for (unsigned int i = 0; i < count; i++)
		if (lies_in(i, range) && !move(i))
			return false;
	return true;
}

static bool next_notice(struct revoke_notice *notice)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	bool any = heard_count > 0;

	if (any)
		*notice = heard[--heard_count];
	spin_unlock_irqrestore(&lock, flags);
	if (any)
		printf("told: %p goes in %u ms\n", notice->start, notice->ms);
	notices += any;
	return any;
}

static unsigned long leases(void)
{
	struct lab_counts counts = {0};

	return lab_query(&counts) == 0 ? counts.leases : 0;
}

/* Until so many leases are left, or something is lost. */
static int give_up(unsigned long goal)
{
	struct revoke_notice notice;

	while (leases() > goal)
		while (next_notice(&notice))
			if (!vacate(&notice)) {
				puts("nowhere to go");
				return 1;
			}
	if (!all_is_as_it_was()) {
		puts("my memory is not what I wrote!");
		return 1;
	}
	printf("%u notices, %u blocks moved, %u dropped: all is as it was\n",
	       notices, moved, dropped);
	return 0;
}

/* For ever, or until it touches what is gone. */
static int ignore(void)
{
	struct revoke_notice notice;

	while (all_is_as_it_was())
		while (next_notice(&notice))
			;
	return 1;
}

int exercise_notice(int argc, char **argv)
{
	static struct notifier_block notifier = {.notifier_call = on_notice};
	unsigned long wanted = argc > 0 ? strtoul(argv[0], NULL, 0) : 1;
	struct page *page;

	while (count < MOST && (page = alloc_pages(GFP_KERNEL, ORDER))) {
		held[count] = page;
		stamp(count++);
	}
	/* What goes is not made up for. */
	refill(false);
	if (register_revoke_notifier(&notifier) != 0)
		return 1;
	unsigned long before = leases();
	printf("holding %u blocks in %lu leases\n", count, before);
	return wanted > 0 ? give_up(before - wanted) : ignore();
}
