/* SPDX-License-Identifier: MIT */
/* Page tables: 4 KiB pages where the image is, 2 MiB pages elsewhere. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "boot.h"
#include "cpu.h"
#include "mmu.h"

#define ENTRIES	   512
#define LARGE_SIZE (UINT64_C(1) << 21)

/* Where mmu_peek() maps: beyond every identity-mapped address. */
#define PEEK (UINT64_C(1) << 46)

extern char lab_text_start[], lab_text_end[]; /* guest.lds */
extern char lab_rodata_start[], lab_rodata_end[];
extern char lab_image_end[];
extern char lab_stack_guard[]; /* start.S */

static uint64_t *root;		 /* PML4 */
static uint64_t nx = CPU_PTE_NX; /* 0 on a processor without it */

/* A large page becomes a table of small ones with the same rights. */
static void split(uint64_t *entry)
{
	uint64_t *table = boot_alloc(PAGE_SIZE);

	for (unsigned int i = 0; i < ENTRIES; i++)
		table[i] = (*entry & ~CPU_PTE_LARGE) + i * PAGE_SIZE;
	*entry = (uint64_t)table | CPU_PTE_PRESENT | CPU_PTE_WRITE |
		 CPU_PTE_USER;
}

/* The entry for an address at a level (3: PML4 ... 0: page), made if need be.
 */
static uint64_t *entry_at(uint64_t address, unsigned int level)
{
	uint64_t *table = root;

	for (unsigned int at = 3;; at--) {
		uint64_t *entry =
			&table[address >> (12 + 9 * at) & (ENTRIES - 1)];

		if (at == level)
			return entry;
		if (!(*entry & CPU_PTE_PRESENT))
			*entry = (uint64_t)boot_alloc(PAGE_SIZE) |
				 CPU_PTE_PRESENT | CPU_PTE_WRITE | CPU_PTE_USER;
		else if (*entry & CPU_PTE_LARGE)
			split(entry);
		table = (uint64_t *)(*entry & CPU_PTE_ADDRESS);
	}
}

static bool within(uint64_t address, const char *start, const char *end)
{
	return address >= (uint64_t)start && address < (uint64_t)end;
}

/* What may be done with a page of boot RAM. Processors start at LAB_LOW_GPA. */
static uint64_t rights(uint64_t address)
{
	if (address == 0 || address == (uint64_t)lab_stack_guard)
		return 0;
	if (address == LAB_LOW_GPA)
		return CPU_PTE_PRESENT;
	if (within(address, lab_text_start, lab_text_end))
		return CPU_PTE_PRESENT;
	if (within(address, lab_rodata_start, lab_rodata_end))
		return CPU_PTE_PRESENT | nx;
	return CPU_PTE_PRESENT | CPU_PTE_WRITE | nx;
}

static void map_small(uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at < end; at += PAGE_SIZE) {
		uint64_t allowed = rights(at);

		if (allowed)
			*entry_at(at, 0) = at | allowed;
	}
}

static void map_ram(uint64_t size)
{
	uint64_t image_end = (uint64_t)lab_image_end;

	for (uint64_t at = 0; at < size; at += LARGE_SIZE) {
		if (at < image_end || size - at < LARGE_SIZE)
			map_small(at, size - at < LARGE_SIZE ? size
							     : at + LARGE_SIZE);
		else
			*entry_at(at, 1) = at | CPU_PTE_PRESENT |
					   CPU_PTE_WRITE | CPU_PTE_LARGE | nx;
	}
}

/* By large pages: the window, leased or not, for its holes are the VMM's to
 * guard; and what is shared with the VMM. */
static void map_large(uint64_t base, uint64_t size)
{
	for (uint64_t at = base; at < base + size; at += LARGE_SIZE)
		*entry_at(at, 1) = at | CPU_PTE_PRESENT | CPU_PTE_WRITE |
				   CPU_PTE_LARGE | nx;
}

uint64_t *mmu_root(void)
{
	return root;
}

uint64_t mmu_nx(void)
{
	return nx;
}

volatile uint8_t *mmu_peek(uint64_t physical)
{
	*entry_at(PEEK, 0) = (physical & CPU_PTE_ADDRESS) | CPU_PTE_PRESENT |
			     CPU_PTE_WRITE | nx;
	cpu_invlpg(PEEK);
	return (volatile uint8_t *)PEEK;
}

void mmu_unmap_page(uint64_t address)
{
	*entry_at(address, 0) = 0;
	cpu_invlpg(address);
}

void mmu_open_image(bool open)
{
	uint64_t start = (uint64_t)lab_text_start;

	for (uint64_t at = start; at < (uint64_t)lab_image_end;
	     at += PAGE_SIZE) {
		uint64_t *entry = entry_at(at, 0);

		if (*entry & CPU_PTE_PRESENT)
			*entry = open ? *entry | CPU_PTE_USER
				      : *entry & ~CPU_PTE_USER;
		cpu_invlpg(at);
	}
}

static bool has_nx(void)
{
	return cpu_cpuid(UINT32_C(0x80000000)).eax >= UINT32_C(0x80000001) &&
	       cpu_cpuid(UINT32_C(0x80000001)).edx >> 20 & 1;
}

/* Both the processor and the VMM must know machine checks. */
static bool has_machine_check(void)
{
	return cpu_cpuid(1).edx >> 7 & 1 &&
	       cpu_cpuid(LAB_CPUID_ABI).ebx & LAB_FEATURE_MACHINE_CHECK;
}

void mmu_init(void)
{
	const struct lab_boot_info *boot = lab_boot_info();

	if (has_nx())
		cpu_wrmsr(CPU_MSR_EFER, cpu_rdmsr(CPU_MSR_EFER) | CPU_EFER_NXE);
	else
		nx = 0;
	root = boot_alloc(PAGE_SIZE);
	map_ram(boot->memory);
	map_large(boot->window_base, boot->window_size);
	map_large(boot->share, boot->share_size);
	cpu_write_cr3((uint64_t)root);
	cpu_write_cr0(cpu_read_cr0() | CPU_CR0_WP);
	cpu_write_cr4(CPU_CR4_PAE | (has_machine_check() ? CPU_CR4_MCE : 0));
}
