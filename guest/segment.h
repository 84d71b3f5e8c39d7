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

struct segment_tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map; /* past the limit: no map, no port for ring 3 */
} __attribute__((packed));

_Static_assert(sizeof(struct segment_tss) == 104, "TSS of the manuals");

#define SEGMENT_SPARE_STACKS 3
#define SEGMENT_SPARE_STACK  4096 /* bytes of each */

/* What each processor has of it. */
struct segment_set {
	uint64_t gdt[7];
	struct segment_tss tss;
};

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
