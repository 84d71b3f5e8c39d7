/* SPDX-License-Identifier: MIT */
/*
 * The guest's own page tables: an identity map of boot RAM and of the whole
 * window, and of what is shared with the VMM, in which nothing is both writable
 * and executable, and page 0, the stacks' guard pages and all other addresses
 * are not there. All processors share them.
 */
#ifndef GUEST_MMU_H
#define GUEST_MMU_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Build the tables from boot RAM and switch to them; let machine checks in if
 * the VMM sends them. After boot_init().
 */
void mmu_init(void);

/* The kernel's own tables: 512 entries of the highest level. */
uint64_t *mmu_root(void);

/* CPU_PTE_NX, or 0 on a processor without it. */
uint64_t mmu_nx(void);

/*
 * Map the page at a physical address that the identity map leaves out, to
 * see what is there; the next call maps another in its place. Not for a
 * handler of interrupts: address spaces do not have this page.
 */
volatile uint8_t *mmu_peek(uint64_t physical);

/*
 * Take a page of boot RAM out of the map for good. Only while no other
 * processor can have used it.
 */
void mmu_unmap_page(uint64_t address);

/* Let ring 3 use the image (its rights stay), or not any more. */
void mmu_open_image(bool open);

#endif
