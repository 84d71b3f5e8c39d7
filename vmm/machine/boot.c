/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/boot.h"

#include <errno.h>
#include <string.h>

#include <labyrinth/bootinfo.h>
#include <labyrinth/hypercall.h>

#include "machine/elf.h"

#define PTE_PRESENT  UINT64_C(0x001)
#define PTE_WRITABLE UINT64_C(0x002)
#define PTE_LARGE    UINT64_C(0x080)
#define PD_COUNT     4 /* 4 GiB, more than LAB_MEMORY_MAX */
#define ENTRIES	     512

/* Identity map of guest RAM with 2 MiB pages: PML4, PDPT, four PDs. */
static void lay_page_tables(uint8_t *ram, uint64_t bytes)
{
	const uint64_t table = PTE_PRESENT | PTE_WRITABLE;
	uint64_t pdpt_gpa = LAB_PAGE_TABLE_GPA + LAB_PAGE_SIZE;
	uint64_t pd_gpa = pdpt_gpa + LAB_PAGE_SIZE;
	uint64_t *pml4 = (uint64_t *)(ram + LAB_PAGE_TABLE_GPA);
	uint64_t *pdpt = (uint64_t *)(ram + pdpt_gpa);
	uint64_t *pd = (uint64_t *)(ram + pd_gpa);

	pml4[0] = pdpt_gpa | table;
	for (uint64_t i = 0; i < PD_COUNT; i++)
		pdpt[i] = (pd_gpa + i * LAB_PAGE_SIZE) | table;
	for (uint64_t i = 0; i < bytes >> LAB_EXTENT_SHIFT; i++)
		pd[i] = (i << LAB_EXTENT_SHIFT) | table | PTE_LARGE;
}

static void lay_gdt(uint8_t *ram)
{
	const uint64_t gdt[BOOT_GDT_BYTES / 8] = {
		0, UINT64_C(0x00af9b000000ffff), /* 64-bit code, ring 0 */
		UINT64_C(0x00cf93000000ffff),	 /* data, ring 0 */
	};

	memcpy(ram + LAB_GDT_GPA, gdt, sizeof(gdt));
}

static int lay_args(uint8_t *ram, int argc, char **args, uint32_t *size,
		    struct err *err)
{
	uint64_t used = 0;

	for (int i = 0; i < argc; i++) {
		uint64_t bytes = strlen(args[i]) + 1;
		if (bytes > LAB_ARGS_MAX - used)
			return err_say(err, E2BIG,
				       "the guest's arguments are longer "
				       "than %llu bytes",
				       (unsigned long long)LAB_ARGS_MAX);
		memcpy(ram + LAB_ARGS_GPA + used, args[i], bytes);
		used += bytes;
	}
	*size = (uint32_t)used;
	return 0;
}

int boot_prepare(const struct memory *memory, unsigned int cpus, uint64_t share,
		 int argc, char **args, uint64_t *entry, struct err *err)
{
	uint8_t *ram = memory->base;
	uint64_t bytes = (uint64_t)memory->ram * LAB_EXTENT_SIZE;
	struct lab_boot_info info = {
		.magic = LAB_BOOT_MAGIC,
		.version = LAB_ABI_VERSION,
		.size = sizeof(info),
		.memory = bytes,
		.window_base = LAB_WINDOW_BASE,
		.window_size = (uint64_t)memory->window * LAB_EXTENT_SIZE,
		.args = LAB_ARGS_GPA,
		.argc = (uint32_t)argc,
		.cpus = cpus,
		.share = share > 0 ? LAB_SHARE_GPA : 0,
		.share_size = share,
	};

	int r = elf_load(args[0], ram, bytes, entry, err);
	if (r < 0)
		return r;
	r = lay_args(ram, argc, args, &info.args_size, err);
	if (r < 0)
		return r;
	lay_page_tables(ram, bytes);
	lay_gdt(ram);
	memcpy(ram + LAB_BOOT_INFO_GPA, &info, sizeof(info));
	return 0;
}
