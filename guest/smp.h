/* SPDX-License-Identifier: MIT */
/*
 * The further processors: their start, and work for them. Included by
 * assembly, too.
 */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

/* The page where they start, LAB_LOW_GPA, and behind it struct smp_start. */
#define SMP_TRAMPOLINE_GPA 0x10000
#define SMP_PAGE_SIZE	   4096

/* Offsets in struct smp_start. */
#define SMP_START_CR0	   0
#define SMP_START_CR3	   8
#define SMP_START_CR4	   16
#define SMP_START_EFER	   24
#define SMP_START_STACK	   32
#define SMP_START_ENTRY	   40
#define SMP_START_ARGUMENT 48

#ifndef __ASSEMBLER__

/*
 * Put the code where they start in its place, while it may still be written.
 * After boot_init(), before mmu_init().
 */
void smp_prepare(void);

/*
 * Start them all, one after another, and wait until they are idle. Panics if
 * one does not come. After mmu_init(), interrupts on.
 */
void smp_init(void);

#endif

#endif
