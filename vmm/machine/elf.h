/* SPDX-License-Identifier: MIT */
/*
 * A guest kernel's ELF file: its headers are checked whole before a byte of it
 * is used, then it is read into guest RAM. The file is not trusted, and may
 * change meanwhile.
 */
#ifndef LABYRINTH_MACHINE_ELF_H
#define LABYRINTH_MACHINE_ELF_H

#include <stdint.h>

#include "base/err.h"

/*
 * Load the ELF64 kernel at `path` into guest RAM: `ram` of `bytes` bytes,
 * guest-physical address 0, zero where the file says nothing. *entry becomes
 * its entry point. -ENOEXEC with a sentence for anything but a static x86-64
 * ELF64 with the ABI note and loadable segments that do not overlap and lie
 * in RAM from LAB_LOAD_MIN up. After any failure what is in RAM is undefined.
 */
int elf_load(const char *path, uint8_t *ram, uint64_t bytes, uint64_t *entry,
	     struct err *err);

#endif
