/* SPDX-License-Identifier: MIT */
/* The boot information and what is left of boot RAM. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "boot.h"

extern char lab_image_end[]; /* guest.lds */

static struct lab_boot_info boot;
static spinlock_t lock = SPINLOCK_INIT;
static uint64_t used_up_to; /* boot RAM below is taken; lock held */

void boot_init(const struct lab_boot_info *info)
{
	if (info->magic != LAB_BOOT_MAGIC)
		panic("no boot information at %p", (const void *)info);
	if (info->version != LAB_ABI_VERSION || info->size < LAB_BOOT_INFO_MIN)
		panic("boot information of version %u, %u bytes", info->version,
		      info->size);
	if (info->cpus < 1 || info->cpus > LAB_CPUS_MAX)
		panic("boot information of %u processors", info->cpus);
	/* A VMM older than this header says less; the rest stays 0. */
	memcpy(&boot, info,
	       info->size < sizeof(boot) ? info->size : sizeof(boot));
	used_up_to = (uint64_t)lab_image_end;
	if (boot.memory < used_up_to)
		panic("%llu bytes of RAM do not hold the image",
		      (unsigned long long)boot.memory);
}

const struct lab_boot_info *lab_boot_info(void)
{
	return &boot;
}

void *boot_alloc(size_t bytes)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	void *block = (void *)used_up_to;

	bytes = (bytes + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
	if (bytes > boot.memory - used_up_to)
		panic("boot RAM of %llu bytes is too small",
		      (unsigned long long)boot.memory);
	used_up_to += bytes;
	spin_unlock_irqrestore(&lock, flags);
	return memset(block, 0, bytes);
}

char **boot_arguments(void)
{
	char **argv = boot_alloc((boot.argc + 1) * sizeof(*argv));
	char *next = (char *)boot.args;
	char *end = next + boot.args_size;

	for (uint32_t i = 0; i < boot.argc; i++) {
		argv[i] = next;
		while (next < end && *next)
			next++;
		if (next == end)
			panic("argument %u has no end", i);
		next++;
	}
	return argv;
}
