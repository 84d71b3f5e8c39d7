/* SPDX-License-Identifier: MIT */
/* From the first C instruction to the program's main(): what happens when. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "apic.h"
#include "boot.h"
#include "fast.h"
#include "hcall.h"
#include "mmu.h"
#include "pressure.h"
#include "segment.h"
#include "smp.h"
#include "trap.h"

/* What a VMM asks for before it starts a kernel; see bootinfo.h. */
static const struct {
	uint32_t name_size, descriptor_size, type;
	char name[(sizeof(LAB_NOTE_NAME) + 3) / 4 * 4];
	uint32_t abi;
} abi_note __attribute__((section(LAB_NOTE_SECTION), used, aligned(4))) = {
	.name_size = sizeof(LAB_NOTE_NAME),
	.descriptor_size = sizeof(uint32_t),
	.type = LAB_NOTE_ABI,
	.name = LAB_NOTE_NAME,
	.abi = LAB_ABI_VERSION,
};

/* Called by start.S on the boot stack, BSS zero, RDI = the boot info. */
void init(const struct lab_boot_info *info) __attribute__((noreturn));

void init(const struct lab_boot_info *info)
{
	char **argv;

	hcall_init();	    /* find the VMM and its transport, or halt */
	segment_init();	    /* own GDT, TSS with spare stacks, this_cpu() */
	trap_init();	    /* exceptions get a report from here on */
	boot_init(info);    /* what the VMM handed over, checked */
	smp_prepare();	    /* where the other processors start */
	mmu_init();	    /* own page tables: RAM, image, window */
	fast_init();	    /* what is shared with the VMM, if it is */
	apic_enable();	    /* if there is one; one processor can do without */
	local_irq_enable(); /* handlers are there, or tell of it */
	smp_init();	    /* the other processors, idle */
	pressure_init();    /* hear what the VMM tells by itself */
	argv = boot_arguments(); /* argv[argc] is NULL */
	exit(main((int)lab_boot_info()->argc, argv));
}
