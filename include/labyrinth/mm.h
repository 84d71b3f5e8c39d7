/* SPDX-License-Identifier: MIT */
/*
 * Address spaces of a guest: page tables of their own for code in ring 3, and
 * blocks of GFP_EXCL, which can be in one of them only. <labyrinth/guest.h>
 * includes this. Prose: docs/memory-layout.md.
 *
 * The kernel is mapped in all of them at the same addresses, for ring 0 alone.
 * It sees every page, exclusive or not: the promise is one address space to
 * another. Ring 3 has no port, no privileged instruction, no x87 or vector
 * register, and one call: INT LAB_RING3_CALL ends it, and RAX is its result.
 */
#ifndef LABYRINTH_MM_H
#define LABYRINTH_MM_H

#include <stdint.h>

/* The user addresses, and the vector of ring 3's only call. */
#define LAB_USER_START UINT64_C(0x600000000000)
#define LAB_USER_END   UINT64_C(0x7ffffffff000)
#define LAB_RING3_CALL 0x21

/* What mm_map() allows; one of them is VM_READ, and never WRITE with EXEC. */
#define VM_READ	     (1u << 0)
#define VM_WRITE     (1u << 1)
#define VM_EXEC	     (1u << 2)
#define VM_EXCLUSIVE (1u << 3) /* of a GFP_EXCL block, and only of one */

/* Errors that no hypercall answers; Linux's numbers, too. */
#define LAB_EBUSY  16
#define LAB_EEXIST 17

#define MM_NAME_MAX 32 /* bytes of a name, with its NUL */

struct page;
struct mm;

/*
 * An empty address space, or NULL without memory. A longer name is cut. All of
 * these must be called where one may wait, and on any processor.
 */
struct mm *mm_create(const char *name);

/*
 * Unmap everything and free the page tables; the blocks stay granted, and
 * exclusive ones may be mapped elsewhere. 0, or -LAB_EBUSY while it runs. The
 * caller sees to it that nobody else uses it.
 */
int mm_destroy(struct mm *mm);

/* Its name, as long as it lives. */
const char *mm_name(const struct mm *mm);

/*
 * Map a granted block at a user address, whole or not at all. 0, or in the
 * order of the checks:
 * -LAB_EINVAL: flags that are unknown, lack VM_READ, or have WRITE and EXEC;
 * -LAB_ERANGE: the order is above MAX_ORDER;
 * -LAB_EDOM: address not page-aligned, or block not aligned to its order;
 * -LAB_ENXIO: not all between LAB_USER_START and LAB_USER_END, or a block that
 *  is not all in the window;
 * -LAB_ENOMEM: no page for the tables;
 * -LAB_EEXIST: something is mapped at one of the addresses;
 * -LAB_EINVAL: VM_EXCLUSIVE, and the block is not of GFP_EXCL; or the reverse;
 * -LAB_EMSGSIZE: VM_EXCLUSIVE for a part of a GFP_EXCL block, or for more;
 * -LAB_EBUSY: VM_EXCLUSIVE, and the block is mapped, here or elsewhere.
 * Page tables that were made stay until mm_destroy(). __free_pages() of an
 * exclusive block that is mapped panics; of any other, nobody can tell.
 */
int mm_map(struct mm *mm, uint64_t address, struct page *page,
	   unsigned int order, unsigned int flags);

/*
 * Unmap 2^order pages, whole or not at all; when it is done no processor
 * reaches them by this address. 0, or -LAB_ERANGE, -LAB_EDOM, -LAB_ENXIO as
 * above, -LAB_ENOENT if one of them is not mapped, -LAB_EMSGSIZE if they are
 * but a part of an exclusive block, or have one among others.
 */
int mm_unmap(struct mm *mm, uint64_t address, unsigned int order);

/* How a run ended. */
struct mm_exit {
	uint64_t value; /* of its call; 0 otherwise */
	/* The exception that ended it, and for a page fault its address. */
	unsigned int vector;
	uint64_t error, rip, address;
	/*
	 * If that address belongs to an exclusive block of another address
	 * space: the guest-physical page, its owner, and where the owner has
	 * it. Else page is 0.
	 */
	uint64_t page, owner_address;
	char owner[MM_NAME_MAX];
};

/*
 * Run ring-3 code on this processor until it ends: from entry, with argument
 * in RDI and stack in RSP, all other registers 0, interrupts on. 0: it ended by
 * its call; -LAB_EFAULT: by an exception, which is printed; -LAB_ENXIO: entry
 * is no user address. exit: how; untouched at -LAB_ENXIO. One address space may
 * run on several processors. Interrupts are handled meanwhile; what waits for
 * this processor's idle loop, as on_each_cpu(), waits.
 */
int mm_run(struct mm *mm, uint64_t entry, uint64_t argument, uint64_t stack,
	   struct mm_exit *exit);

#endif
