/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: the kernel's half shared with its own tables, pages of 4 KiB
 * in the other. Lock order: the one here, then excl.c's.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "cpu.h"
#include "excl.h"
#include "mm.h"
#include "mmu.h"
#include "tree.h"

#define LEVELS	  4
#define TOP_SHIFT (PAGE_SHIFT + TREE_BITS * (LEVELS - 1))
#define USER_TOP  (LAB_USER_START >> TOP_SHIFT) /* the first user entry */
#define ALL_FLAGS (VM_READ | VM_WRITE | VM_EXEC | VM_EXCLUSIVE)
#define EXCLUSIVE CPU_PTE_OURS /* the page is of an exclusive block */

struct mm {
	struct excl_owner owner;
	char name[MM_NAME_MAX];
	struct mm *next;    /* of all */
	struct tree tables; /* by virtual page; changed with lock held */
	uint64_t running;   /* a bit for each processor in it; lock held */
};

_Static_assert(sizeof(struct mm) <= PAGE_SIZE, "one page");
_Static_assert(LAB_CPUS_MAX <= 64, "a bit for each");

static spinlock_t lock = SPINLOCK_INIT;
static struct mm *all; /* lock held */

struct mm *mm_create(const char *name)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	struct page *root = alloc_page(GFP_KERNEL | __GFP_ZERO);
	struct mm *mm = page_address(page);
	unsigned long flags;

	if (!page || !root) {
		__free_page(page);
		__free_page(root);
		return NULL;
	}
	for (size_t i = 0; name[i] && i < MM_NAME_MAX - 1; i++)
		mm->name[i] = name[i];
	mm->owner.name = mm->name;
	mm->tables = (struct tree){page_address(root), LEVELS};
	memcpy(mm->tables.root, mmu_root(), USER_TOP * sizeof(uint64_t));
	flags = spin_lock_irqsave(&lock);
	mm->next = all;
	all = mm;
	spin_unlock_irqrestore(&lock, flags);
	return mm;
}

const char *mm_name(const struct mm *mm)
{
	return mm->name;
}

bool mm_is_user(uint64_t address, uint64_t pages)
{
	return address >= LAB_USER_START && address < LAB_USER_END &&
	       pages <= (LAB_USER_END - address + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static uint64_t *entry_at(const struct mm *mm, uint64_t address)
{
	return tree_find(&mm->tables, address >> PAGE_SHIFT);
}

static int check_range(uint64_t address, unsigned int order)
{
	if (order > MAX_ORDER)
		return -LAB_ERANGE;
	if (address % PAGE_SIZE)
		return -LAB_EDOM;
	return mm_is_user(address, UINT64_C(1) << order) ? 0 : -LAB_ENXIO;
}

static int check_block(const struct page *page, unsigned int order)
{
	uint64_t offset = (uint64_t)page - lab_boot_info()->window_base;
	uint64_t size = PAGE_SIZE << order;

	if ((uint64_t)page % size)
		return -LAB_EDOM;
	return offset < lab_boot_info()->window_size ? 0 : -LAB_ENXIO;
}

static int check_flags(unsigned int flags)
{
	if (flags & ~ALL_FLAGS || !(flags & VM_READ) ||
	    (flags & VM_WRITE && flags & VM_EXEC))
		return -LAB_EINVAL;
	return 0;
}

static uint64_t rights(unsigned int flags)
{
	return CPU_PTE_PRESENT | CPU_PTE_USER |
	       (flags & VM_WRITE ? CPU_PTE_WRITE : 0) |
	       (flags & VM_EXEC ? 0 : mmu_nx()) |
	       (flags & VM_EXCLUSIVE ? EXCLUSIVE : 0);
}

/* Who gets it: checked, and for an exclusive block settled; lock held. */
static int claim(struct mm *mm, uint64_t address, const struct page *page,
		 unsigned int order, unsigned int flags)
{
	if (flags & VM_EXCLUSIVE)
		return excl_bind(page, order, &mm->owner, address);
	return excl_has_any(page, order) ? -LAB_EINVAL : 0;
}

/* Lock held; -LAB_ENOMEM when the pool has too few pages for the tables. */
static int map(struct mm *mm, uint64_t address, const struct page *page,
	       unsigned int order, unsigned int flags, struct tree_pool *pool)
{
	uint64_t size = PAGE_SIZE << order, at;
	int r;

	/* No block is larger than what one table holds: two at most. */
	if (!tree_make(&mm->tables, address >> PAGE_SHIFT, pool) ||
	    !tree_make(&mm->tables, (address + size - 1) >> PAGE_SHIFT, pool))
		return -LAB_ENOMEM;
	for (at = 0; at < size; at += PAGE_SIZE) {
		if (*entry_at(mm, address + at))
			return -LAB_EEXIST;
	}
	r = claim(mm, address, page, order, flags);
	if (r < 0)
		return r;
	for (at = 0; at < size; at += PAGE_SIZE)
		__atomic_store_n(entry_at(mm, address + at),
				 ((uint64_t)page + at) | rights(flags),
				 __ATOMIC_RELAXED);
	return 0;
}

int mm_map(struct mm *mm, uint64_t address, struct page *page,
	   unsigned int order, unsigned int flags)
{
	struct tree_pool pool = {NULL};
	unsigned long saved;
	int r;

	might_sleep();
	r = check_flags(flags);
	if (r == 0)
		r = check_range(address, order);
	if (r == 0)
		r = check_block(page, order);
	if (r < 0)
		return r;
	do {
		saved = spin_lock_irqsave(&lock);
		r = map(mm, address, page, order, flags, &pool);
		spin_unlock_irqrestore(&lock, saved);
	} while (r == -LAB_ENOMEM && tree_pool_fill(&pool, GFP_KERNEL));
	tree_pool_drain(&pool);
	return r;
}

static const struct page *page_of(uint64_t entry)
{
	return (const struct page *)(entry & CPU_PTE_ADDRESS);
}

/* Can exactly these be unmapped? Lock held. */
static int check_unmap(const struct mm *mm, uint64_t address,
		       unsigned int order)
{
	const uint64_t *first = entry_at(mm, address);
	uint64_t size = PAGE_SIZE << order, at;

	for (at = 0; at < size; at += PAGE_SIZE) {
		const uint64_t *entry = entry_at(mm, address + at);

		if (!entry || !*entry)
			return -LAB_ENOENT;
		if ((*entry ^ *first) & EXCLUSIVE)
			return -LAB_EMSGSIZE;
	}
	if (*first & EXCLUSIVE && !excl_is_whole(page_of(*first), order))
		return -LAB_EMSGSIZE;
	return 0;
}

static void flush(void *argument)
{
	(void)argument;
	cpu_write_cr3(cpu_read_cr3());
}

/* Interrupts on, no lock held. */
static void flush_all(uint64_t processors)
{
	for (unsigned int i = 0; i < LAB_CPUS_MAX; i++) {
		if (processors >> i & 1)
			smp_call(i, flush, NULL);
	}
}

int mm_unmap(struct mm *mm, uint64_t address, unsigned int order)
{
	int r = check_range(address, order);
	uint64_t first = 0, processors, at;
	unsigned long flags;

	might_sleep();
	if (r < 0)
		return r;
	flags = spin_lock_irqsave(&lock);
	r = check_unmap(mm, address, order);
	if (r == 0)
		first = *entry_at(mm, address);
	for (at = 0; r == 0 && at < PAGE_SIZE << order; at += PAGE_SIZE)
		__atomic_store_n(entry_at(mm, address + at), 0,
				 __ATOMIC_RELAXED);
	processors = mm->running;
	spin_unlock_irqrestore(&lock, flags);
	if (r < 0)
		return r;
	/* Nobody else may have it before the last processor has lost it. */
	flush_all(processors);
	if (first & EXCLUSIVE)
		excl_unbind(page_of(first));
	return 0;
}

/* The tables below an entry of this level, and what is bound by them. */
static void drop(uint64_t entry, unsigned int level)
{
	uint64_t *node = tree_node(entry);

	if (!entry)
		return;
	if (level == 0) {
		if (entry & EXCLUSIVE)
			excl_unbind(page_of(entry));
		return;
	}
	for (unsigned int i = 0; i < TREE_ENTRIES; i++)
		drop(node[i], level - 1);
	__free_page(virt_to_page(node));
}

int mm_destroy(struct mm *mm)
{
	struct mm **link = &all;
	unsigned long flags;
	bool running;

	might_sleep();
	flags = spin_lock_irqsave(&lock);
	running = mm->running;
	while (!running && *link != mm)
		link = &(*link)->next;
	if (!running)
		*link = mm->next;
	spin_unlock_irqrestore(&lock, flags);
	if (running)
		return -LAB_EBUSY;
	for (uint64_t i = USER_TOP; i < TREE_ENTRIES; i++)
		drop(mm->tables.root[i], LEVELS - 1);
	__free_page(virt_to_page(mm->tables.root));
	__free_page(virt_to_page(mm));
	return 0;
}

void mm_enter(struct mm *mm)
{
	spin_lock(&lock);
	mm->running |= UINT64_C(1) << smp_processor_id();
	spin_unlock(&lock);
	/* What is unmapped from here on is told to this processor. */
	cpu_write_cr3((uint64_t)mm->tables.root);
}

void mm_leave(struct mm *mm)
{
	cpu_write_cr3((uint64_t)mmu_root());
	spin_lock(&lock);
	mm->running &= ~(UINT64_C(1) << smp_processor_id());
	spin_unlock(&lock);
}

/* Another that has an exclusive page at this user address; lock held. */
static bool find_at(const struct mm *self, uint64_t address, uint64_t *gpa,
		    struct excl_place *place)
{
	for (const struct mm *mm = all; mm; mm = mm->next) {
		const uint64_t *entry = entry_at(mm, address);

		if (mm == self || !entry || !(*entry & EXCLUSIVE))
			continue;
		*gpa = *entry & CPU_PTE_ADDRESS;
		memcpy(place->owner, mm->name, sizeof(place->owner));
		place->address = address & ~(PAGE_SIZE - 1);
		return true;
	}
	return false;
}

bool mm_find_other(const struct mm *mm, uint64_t address, uint64_t *gpa,
		   struct excl_place *place)
{
	const uint64_t *own;
	unsigned long flags;
	bool found;

	if (!mm_is_user(address, 1)) {
		*gpa = address & ~(PAGE_SIZE - 1);
		return excl_find_other(*gpa, &mm->owner, place);
	}
	flags = spin_lock_irqsave(&lock);
	own = entry_at(mm, address);
	found = !(own && *own) && find_at(mm, address, gpa, place);
	spin_unlock_irqrestore(&lock, flags);
	return found;
}
