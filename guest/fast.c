/* SPDX-License-Identifier: MIT */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "fast.h"
#include "percpu.h"
#include "share/share.h"

static struct share table; /* of no extents: there is none */
static struct lab_share *head;
static uint64_t base;  /* of the window */
static uint64_t floor; /* pages that stay unused */

void fast_init(void)
{
	const struct lab_boot_info *boot = lab_boot_info();
	uint32_t extents = (uint32_t)(boot->window_size >> LAB_EXTENT_SHIFT);
	struct share found;

	if (!boot->share || !extents || boot->share_size < share_bytes(extents))
		return;
	share_init(&found, (void *)boot->share, extents);
	if (!share_fits(&found))
		return;
	head = found.head;
	base = boot->window_base;
	/* The call that comes to the mark tells of the level. */
	floor = (uint64_t)head->min + 1;
	table = found;
}

/* Add to a word that only this processor writes, its handlers included: one
 * instruction, which an interrupt cannot part. */
static void count(uint64_t *word, uint64_t number)
{
	__asm__ volatile("addq %1, %0" : "+m"(*word) : "er"(number) : "cc");
}

/* Have the VMM look. No call: its thread is woken, and this goes on. */
static void kick(void)
{
	__atomic_store_n(&head->kicker, smp_processor_id(), __ATOMIC_RELAXED);
	__asm__ volatile("outb %%al, %[port]"
			 :
			 : "a"(0), [port] "N"(LAB_KICK_PORT)
			 : "memory");
}

/* Of those who find a word armed one kicks. */
static void kick_for(uint32_t *word)
{
	if (__atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST))
		kick();
}

static void kick_if_low(void)
{
	if (__atomic_load_n(&head->arm_low, __ATOMIC_SEQ_CST) &&
	    __atomic_load_n(&head->unused, __ATOMIC_SEQ_CST) <=
		    __atomic_load_n(&head->low_at, __ATOMIC_RELAXED))
		kick_for(&head->arm_low);
}

static void kick_if_more(void)
{
	if (__atomic_load_n(&head->arm_release, __ATOMIC_SEQ_CST) &&
	    __atomic_load_n(&head->unused, __ATOMIC_SEQ_CST) >=
		    __atomic_load_n(&head->release_at, __ATOMIC_RELAXED) &&
	    __atomic_load_n(&head->spares, __ATOMIC_SEQ_CST) >=
		    __atomic_load_n(&head->spares_at, __ATOMIC_RELAXED))
		kick_for(&head->arm_release);
}

/* Which of lab_share_cpu.grants counts it; above 2: not for here. Who wants an
 * event has to say so to the VMM. */
static unsigned int context_of(gfp_t gfp)
{
	if (gfp & ~(gfp_t)LAB_GFP_ALL || gfp & __GFP_ASYNC)
		return 3;
	switch (gfp & LAB_GFP_CONTEXTS) {
	case GFP_ATOMIC:
		return 0;
	case GFP_NOWAIT:
		return 1;
	case GFP_KERNEL:
		return 2;
	default:
		return 3;
	}
}

static bool may_grant(unsigned int context, unsigned int order,
		      unsigned int blocks)
{
	return table.extents && context < 3 && order <= MAX_ORDER && blocks &&
	       blocks <= LAB_BULK_MAX &&
	       !(__atomic_load_n(&head->flags, __ATOMIC_ACQUIRE) &
		 LAB_SHARE_CALL);
}

static struct page *block_of(uint32_t page)
{
	return (struct page *)(base + ((uint64_t)page << PAGE_SHIFT));
}

static void hand_out(gfp_t gfp, unsigned int order, uint32_t number,
		     struct page **page)
{
	*page = block_of(number);
	if (gfp & __GFP_ZERO)
		memset(page_address(*page), 0, PAGE_SIZE << order);
}

static int grant_many(struct lab_share_cpu *cpu, gfp_t gfp, unsigned int order,
		      unsigned int blocks, struct page **pages)
{
	uint32_t numbers[LAB_BULK_MAX];
	int r = share_grant_bulk(&table, cpu, order, blocks, floor, numbers);

	for (unsigned int i = 0; r == 0 && i < blocks; i++)
		hand_out(gfp, order, numbers[i], &pages[i]);
	return r;
}

bool fast_grant(gfp_t gfp, unsigned int order, unsigned int blocks,
		struct page **pages)
{
	unsigned int context = context_of(gfp);
	struct lab_share_cpu *cpu;
	uint32_t number;
	int r;

	if (!may_grant(context, order, blocks))
		return false;
	cpu = &table.cpus[smp_processor_id()];
	if (blocks > 1) {
		r = grant_many(cpu, gfp, order, blocks, pages);
	} else {
		r = share_grant(&table, cpu, order, floor, &number);
		if (r == 0)
			hand_out(gfp, order, number, pages);
	}
	if (r < 0)
		return false;
	count(&cpu->grants[context], blocks);
	kick_if_low();
	return true;
}

/* The number of the page where a block begins. */
static bool find(const struct page *page, unsigned int order, uint32_t *number)
{
	uint64_t offset = (uint64_t)page - base;

	*number = (uint32_t)(offset >> PAGE_SHIFT);
	return offset >> LAB_EXTENT_SHIFT < table.extents &&
	       offset % (PAGE_SIZE << order) == 0;
}

static bool release_many(struct lab_share_cpu *cpu, unsigned int order,
			 unsigned int blocks, struct page **pages)
{
	uint32_t numbers[LAB_BULK_MAX];

	for (unsigned int i = 0; i < blocks; i++)
		if (!find(pages[i], order, &numbers[i]))
			return false;
	return share_release_bulk(&table, cpu, order, blocks, numbers) == 0;
}

bool fast_release(unsigned int order, unsigned int blocks, struct page **pages)
{
	struct lab_share_cpu *cpu;
	uint32_t number;

	if (!table.extents || order > MAX_ORDER || !blocks ||
	    blocks > LAB_BULK_MAX)
		return false;
	cpu = &table.cpus[smp_processor_id()];
	if (blocks > 1) {
		if (!release_many(cpu, order, blocks, pages))
			return false;
	} else if (!find(pages[0], order, &number) ||
		   share_release(&table, cpu, number, order) < 0) {
		return false;
	}
	count(&cpu->releases, blocks);
	kick_if_more();
	return true;
}
