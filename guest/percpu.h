/* SPDX-License-Identifier: MIT */
/*
 * What each processor has of its own, found by the base of GS. Ring 3 may load
 * GS and so loses its base; every way in from there swaps ours back
 * (vectors.S).
 */
#ifndef GUEST_PERCPU_H
#define GUEST_PERCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/guest.h>

/* The TSS of the manuals: stacks. */
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

/* A GDT and a TSS; segment.h has the selectors. */
struct segment_set {
	uint64_t gdt[7];
	struct segment_tss tss;
};

/* The exception's vector, and the address that it gave (CR2, or MCi_ADDR of
 * bank 0). */
struct trap_refusal {
	unsigned int vector;
	uint64_t address;
};

/* A line of output that is not out yet. */
struct console_line {
	char text[512];
	size_t bytes;
};

/* A function that another processor is asked to run. */
struct smp_request {
	void (*function)(void *argument);
	void *argument;
	uint32_t pending; /* 1 from the asking until it has run; atomic */
};

struct percpu {
	struct percpu *self; /* first: what GS:0 reads */
	uint32_t id;	     /* 0: the boot processor; its APIC's id, too */
	uint32_t online;     /* 1 once it runs our code; atomic */

	uint32_t preempt_depth;	  /* spinlocks held, and preempt_disable() */
	uint32_t interrupt_depth; /* 1 in an interrupt's handler */

	uint64_t stack_guard; /* the page below its stack, not mapped */
	struct segment_set segments;

	struct mm_exit *ring3_exit; /* in ring 3: how it ended, once it has */

	struct trap_refusal last_refusal;
	/* Of the program, and of an interrupt's handler in the midst of it. */
	struct console_line lines[2];

	spinlock_t call_lock;	 /* one asks at a time */
	struct smp_request call; /* to run in an interrupt; call_lock held */
	uint64_t calls_served;	 /* how many of these have run; atomic */
	struct smp_request task; /* to run in the idle loop */
} __attribute__((aligned(64)));

/* This processor's. From segment_init() on. */
static inline struct percpu *this_cpu(void)
{
	struct percpu *self;

	/* Volatile, for a function may run on several processors. */
	__asm__ volatile("mov %%gs:0, %0" : "=r"(self));
	return self;
}

/* The boot processor's, and that of any that is online. */
extern struct percpu percpu_boot;
struct percpu *percpu_of(unsigned int cpu);

#endif
