/* SPDX-License-Identifier: MIT */
/* Three ways to die. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "cpu.h"
#include "exercise.h"

static void crash_there(void *processor)
{
	volatile uint8_t *nowhere = (uint8_t *)UINT64_C(0x7000deadbeef);

	if (smp_processor_id() == *(unsigned long *)processor)
		*nowhere = 1;
}

int exercise_crash(int argc, char **argv)
{
	unsigned long there = argc > 0 ? strtoul(argv[0], NULL, 0) : 0;

	puts("about to write where nothing is");
	on_each_cpu(crash_there, &there);
	puts("it was not written");
	return 1;
}

int exercise_nap(int argc, char **argv)
{
	spinlock_t lock = SPINLOCK_INIT;

	(void)argc;
	(void)argv;
	puts("about to ask for a page that may take a while, under a lock");
	spin_lock(&lock);
	__free_page(alloc_page(GFP_KERNEL));
	spin_unlock(&lock);
	puts("it was granted");
	return 1;
}

/* Ways of a touch that the VMM cannot answer by a machine check. */
static void touch(uint64_t at, const char *how)
{
	if (strcmp(how, "cr3") == 0) {
		cpu_write_cr3(at); /* page tables that are not there */
		return;
	}
	if (strcmp(how, "msr") == 0)
		cpu_wrmsr(0x400, 0); /* MC0_CTL: bank 0 tells nothing */
	else
		cpu_write_cr4(cpu_read_cr4() & ~CPU_CR4_MCE);
	*(volatile uint8_t *)at = 1;
}

int exercise_touch_hole(int argc, char **argv)
{
	const struct lab_boot_info *boot = lab_boot_info();
	uint64_t at = boot->window_base + boot->window_size;

	while (at > boot->window_base) {
		at -= LAB_EXTENT_SIZE;
		if (lab_hypercall(LAB_HC_INSPECT, at, 0, 0, 0) != -LAB_EACCES)
			continue;
		printf("about to touch %p, which has no lease\n", (void *)at);
		touch(at, argc > 0 ? argv[0] : "cr4");
		puts("it was written");
		return 1;
	}
	puts("the whole window is leased");
	return 1;
}
