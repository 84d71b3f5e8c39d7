/* SPDX-License-Identifier: MIT */
/* The guest's own segments. Included by assembly, too. */
#ifndef GUEST_SEGMENT_H
#define GUEST_SEGMENT_H

/* Selectors; those of ring 3 carry their ring. */
#define SEGMENT_KERNEL_CODE 0x08
#define SEGMENT_KERNEL_DATA 0x10
#define SEGMENT_USER_DATA   0x1b
#define SEGMENT_USER_CODE   0x23
#define SEGMENT_TASK	    0x28

/* Spare stacks of the TSS, by their number in an IDT entry. */
#define SEGMENT_STACK_FAULT	    1 /* double fault: the stack is bad */
#define SEGMENT_STACK_MACHINE_CHECK 2
#define SEGMENT_STACK_NMI	    3

#ifndef __ASSEMBLER__
#include <stdint.h>

struct percpu;

#define SEGMENT_SPARE_STACKS 3
#define SEGMENT_SPARE_STACK  4096 /* bytes of each */

/*
 * Load a GDT and a TSS of the processor's own, and make this_cpu() find it.
 * spare_stacks: SEGMENT_SPARE_STACKS of them, one after another.
 */
void segment_load(struct percpu *cpu, char *spare_stacks);

/* The same for the boot processor, in place of what the VMM laid out. */
void segment_init(void);

/* Where ring 3's interrupts put their frame on this processor: a stack's end.
 */
void segment_set_ring0_stack(uint64_t end);
#endif

#endif
