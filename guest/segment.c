/* SPDX-License-Identifier: MIT */
/* GDT and TSS: flat segments, and stacks for what a bad stack would kill. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "segment.h"

#define SPARE_STACK 4096

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map; /* past the limit: no map, no port for ring 3 */
} __attribute__((packed));

_Static_assert(sizeof(struct tss) == 104, "TSS of the manuals");

static char spare_stacks[3][SPARE_STACK] __attribute__((aligned(16)));
static struct tss tss;

/* Flat: base 0, limit 4 GiB; long mode heeds neither. */
static uint64_t gdt[7] = {
	[SEGMENT_KERNEL_CODE / 8] = UINT64_C(0x00af9b000000ffff),
	[SEGMENT_KERNEL_DATA / 8] = UINT64_C(0x00cf93000000ffff),
	[SEGMENT_USER_DATA / 8] = UINT64_C(0x00cff3000000ffff),
	[SEGMENT_USER_CODE / 8] = UINT64_C(0x00affb000000ffff),
};

static void describe_tss(uint64_t *descriptor)
{
	uint64_t base = (uint64_t)&tss;

	descriptor[0] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 |
			UINT64_C(0x89) << 40 | (base >> 24 & 0xff) << 56;
	descriptor[1] = base >> 32;
}

void segment_set_ring0_stack(uint64_t end)
{
	tss.rsp[0] = end;
}

void segment_init(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) gdtr = {sizeof(gdt) - 1, (uint64_t)gdt};

	for (unsigned int i = 0; i < 3; i++)
		tss.ist[i] = (uint64_t)spare_stacks[i + 1];
	tss.io_map = sizeof(tss);
	describe_tss(&gdt[SEGMENT_TASK / 8]);

	/* A far return is the way to load CS in long mode. */
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
		"movl %%eax, %%fs\n\t"
		"movl %%eax, %%gs\n\t"
		"movl %[task], %%eax\n\t"
		"ltr %%ax"
		:
		: [gdtr] "m"(gdtr), [code] "i"(SEGMENT_KERNEL_CODE),
		  [data] "i"(SEGMENT_KERNEL_DATA), [task] "i"(SEGMENT_TASK)
		: "rax", "memory");
}
