/* SPDX-License-Identifier: MIT */
/*
 * What a guest finds in its RAM at entry (include/labyrinth/bootinfo.h): the
 * kernel, boot information, arguments, first page tables and GDT.
 */
#ifndef LABYRINTH_MACHINE_BOOT_H
#define LABYRINTH_MACHINE_BOOT_H

#include <stdint.h>

#include "base/err.h"
#include "machine/memory.h"

/* Selectors of the GDT that boot_prepare() lays out. */
#define BOOT_CODE_SELECTOR 0x08
#define BOOT_DATA_SELECTOR 0x10
#define BOOT_GDT_BYTES	   24

/*
 * Fill boot RAM, whose leases are all mapped. cpus: how many
 * processors the guest is told of. share: bytes of the table that it shares
 * with the VMM, 0 without. args: argc strings, the first is the kernel's path.
 * *entry becomes the kernel's entry point.
 */
int boot_prepare(const struct memory *memory, unsigned int cpus, uint64_t share,
		 int argc, char **args, uint64_t *entry, struct err *err);

#endif
