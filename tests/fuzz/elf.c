/* SPDX-License-Identifier: MIT */
/* libFuzzer over a kernel's file: its headers, its note, its segments. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <labyrinth/bootinfo.h>
#include <labyrinth/hypercall.h>

#include "input.h"
#include "machine/elf.h"

#define RAM_BYTES (2 * LAB_EXTENT_SIZE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *ram; /* on the heap: the sanitizer knows its ends */
	static int file = -1;
	char path[64];
	struct err err = {.text = ""};
	uint64_t entry = 0;

	if (file < 0) {
		ram = malloc(RAM_BYTES);
		file = memfd_create("kernel", MFD_CLOEXEC);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	if (ram == NULL || ftruncate(file, 0) < 0 ||
	    pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	int r = elf_load(path, ram, RAM_BYTES, &entry, &err);
	if (r < 0 && err.text[0] == '\0')
		abort(); /* a refusal is a sentence */
	if (r == 0 && (entry < LAB_LOAD_MIN || entry >= RAM_BYTES))
		abort();
	return 0;
}
