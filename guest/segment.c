/* SPDX-License-Identifier: MIT */
/* GDT and TSS: flat segments, and stacks for what a bad stack would kill. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "cpu.h"
#include "percpu.h"
#include "segment.h"

extern char lab_stack_guard[]; /* start.S */

struct percpu percpu_boot;

/* Flat: base 0, limit 4 GiB; long mode heeds neither. */
static const uint64_t flat[7] = {
	[SEGMENT_KERNEL_CODE / 8] = UINT64_C(0x00af9b000000ffff),
	[SEGMENT_KERNEL_DATA / 8] = UINT64_C(0x00cf93000000ffff),
	[SEGMENT_USER_DATA / 8] = UINT64_C(0x00cff3000000ffff),
	[SEGMENT_USER_CODE / 8] = UINT64_C(0x00affb000000ffff),
};

static void describe_tss(uint64_t *descriptor, const struct segment_tss *tss)
{
	uint64_t base = (uint64_t)tss;

	descriptor[0] = (sizeof(*tss) - 1) | (base & 0xffffff) << 16 |
			UINT64_C(0x89) << 40 | (base >> 24 & 0xff) << 56;
	descriptor[1] = base >> 32;
}

void segment_set_ring0_stack(uint64_t end)
{
	this_cpu()->segments.tss.rsp[0] = end;
}

/* A far return is the way to load CS in long mode. */
static void load(uint64_t *gdt, uint16_t limit)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) gdtr = {limit, (uint64_t)gdt};

	__asm__ volatile(
		"lgdt %[gdtr]\n\t"
		"pushq %[code]\n\t"
		"leaq 1f(%%rip), %%rax\n\t"
		"pushq %%rax\n\t"
		"lretq\n"
		"1:\tmovl %[data], %%eax\n\t"
		"movl %%eax, %%ss\n\t"
		"movl %%eax, %%ds\n\t"
		"movl %%eax, %%es\n\t"
		/* Null: a way to ring 3 and back leaves the base alone. */
		"xorl %%eax, %%eax\n\t"
		"movl %%eax, %%fs\n\t"
		"movl %%eax, %%gs\n\t"
		"movl %[task], %%eax\n\t"
		"ltr %%ax"
		:
		: [gdtr] "m"(gdtr), [code] "i"(SEGMENT_KERNEL_CODE),
		  [data] "i"(SEGMENT_KERNEL_DATA), [task] "i"(SEGMENT_TASK)
		: "rax", "memory");
}

void segment_load(struct percpu *cpu, char *spare_stacks)
{
	struct segment_set *set = &cpu->segments;

	for (unsigned int i = 0; i < SEGMENT_SPARE_STACKS; i++)
		set->tss.ist[i] =
			(uint64_t)spare_stacks + (i + 1) * SEGMENT_SPARE_STACK;
	set->tss.io_map = sizeof(set->tss);
	memcpy(set->gdt, flat, sizeof(flat));
	describe_tss(&set->gdt[SEGMENT_TASK / 8], &set->tss);
	load(set->gdt, sizeof(set->gdt) - 1);
	cpu->self = cpu;
	cpu_wrmsr(CPU_MSR_GS_BASE, (uint64_t)cpu);
}

void segment_init(void)
{
	static char spare_stacks[SEGMENT_SPARE_STACKS * SEGMENT_SPARE_STACK]
		__attribute__((aligned(16)));

	percpu_boot.stack_guard = (uint64_t)lab_stack_guard;
	percpu_boot.online = 1;
	segment_load(&percpu_boot, spare_stacks);
}
