/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: a report and the end, or for an instruction with an entry in
 * the table of fixups, a way out. Interrupts go on to irq.c.
 */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "percpu.h"

/* What vectors.S pushes, lowest address first, and below it the processor. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Make the IDT, with a door for each vector, and load it. */
void trap_init(void);

/* Load the IDT on a further processor. */
void trap_load(void);

/*
 * Let a vector below LAB_IRQ_FIRST (32 to 47) enter at an address; entry is
 * assembly that ends as it sees fit. ring: the outermost that may say `int`.
 */
void trap_set_gate(unsigned int vector, void (*entry)(void), unsigned int ring);

/*
 * Ring 3's ways out, LAB_RING3_CALL and exceptions of its own (with CR2, or
 * what the machine check's bank says, or 0), go to hook(). True: the frame says
 * where to go on. False: it is like any other. One hook for all processors.
 */
typedef bool (*trap_ring3_hook)(struct trap_frame *frame, uint64_t address);
void trap_catch_ring3(trap_ring3_hook hook);

/* "page fault", or NULL for a vector that has no name. */
const char *trap_name(unsigned int vector);

/*
 * How the machine refused the last access of this processor that
 * lab_probe_read() or lab_probe_write() answered with false.
 */
struct trap_refusal trap_last_refusal(void);

/* lab_probe_read() of eight bytes, at any address. vectors.S. */
bool probe_read_word(const volatile void *address, uint64_t *value);

#endif
