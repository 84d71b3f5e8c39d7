/* SPDX-License-Identifier: MIT */
/*
 * What the VMM hands to a guest at its entry. Prose twin:
 * docs/memory-layout.md.
 *
 * State at entry: 64-bit mode, ring 0, interrupts off, RDI = guest-physical
 * address of struct lab_boot_info, paging on with an identity map of guest
 * RAM (2 MiB pages, writable and executable), flat segments, no stack (RSP is
 * 0). The guest's first page (address 0) is never used by the VMM, so that a
 * guest may leave it unmapped.
 *
 * Only the first processor starts. The others wait, as on hardware, for INIT
 * and SIPI from a local APIC; processor n has APIC id n. From LAB_LOW_GPA to
 * LAB_LOW_END guest RAM is the guest's, for the real-mode code that a SIPI
 * starts.
 */
#ifndef LABYRINTH_BOOTINFO_H
#define LABYRINTH_BOOTINFO_H

#include <stddef.h>
#include <stdint.h>

/* The ELF note without which a kernel is refused. */
#define LAB_NOTE_SECTION ".note.labyrinth"
#define LAB_NOTE_NAME	 "Labyrinth"
#define LAB_NOTE_ABI	 1 /* type; the descriptor is one u32, the ABI version */

/* Below LAB_LOAD_MIN lies what the VMM lays out; kernels load above it. */
#define LAB_GDT_GPA	   UINT64_C(0x1000)
#define LAB_BOOT_INFO_GPA  UINT64_C(0x2000)
#define LAB_ARGS_GPA	   UINT64_C(0x3000)
#define LAB_ARGS_MAX	   UINT64_C(0x4000) /* bytes, all strings with NULs */
#define LAB_PAGE_TABLE_GPA UINT64_C(0x8000) /* PML4, PDPT, four PDs */
#define LAB_LOW_GPA	   UINT64_C(0x10000)
#define LAB_LOW_END	   UINT64_C(0xa0000)
#define LAB_LOAD_MIN	   UINT64_C(0x100000)

#define LAB_MEMORY_MIN UINT64_C(0x200000)   /* boot RAM: one lease, ... */
#define LAB_MEMORY_MAX UINT64_C(0xc0000000) /* ... or up to 3 GiB */

#define LAB_CPUS_MAX 64

/*
 * Where the table of the window's pages is that guest and VMM share
 * (labyrinth/share.h), and the port by whose writing, of any byte, the guest
 * has the VMM look at it.
 */
#define LAB_SHARE_GPA UINT64_C(0xc0000000)
#define LAB_KICK_PORT 0xe9

#define LAB_BOOT_MAGIC UINT64_C(0x746e69727962616c) /* "labyrint" in memory */

struct lab_boot_info {
	uint64_t magic;	      /* LAB_BOOT_MAGIC */
	uint32_t version;     /* LAB_ABI_VERSION of the VMM */
	uint32_t size;	      /* bytes of this structure that are valid */
	uint64_t memory;      /* bytes of guest RAM, from address 0 */
	uint64_t window_base; /* guest-physical address of the window */
	uint64_t window_size; /* bytes; a multiple of LAB_EXTENT_SIZE, or 0 */
	uint64_t args;	      /* address of argc strings, one after another */
	uint32_t args_size;   /* bytes, their NULs included */
	uint32_t argc;	      /* how many; the first is the kernel's name */
	uint32_t cpus;	      /* processors, 1 to LAB_CPUS_MAX */
	uint32_t reserved;    /* 0 */
	uint64_t share;	      /* LAB_SHARE_GPA, or 0: there is no such table */
	uint64_t share_size;  /* its bytes; whole pages */
};

#define LAB_BOOT_INFO_MIN 64 /* bytes: of every VMM */

_Static_assert(sizeof(struct lab_boot_info) == 80, "lab_boot_info: size");
_Static_assert(offsetof(struct lab_boot_info, version) == 8, "lab_boot_info");
_Static_assert(offsetof(struct lab_boot_info, size) == 12, "lab_boot_info");
_Static_assert(offsetof(struct lab_boot_info, memory) == 16, "lab_boot_info");
_Static_assert(offsetof(struct lab_boot_info, window_base) == 24,
	       "lab_boot_info");
_Static_assert(offsetof(struct lab_boot_info, window_size) == 32,
	       "lab_boot_info");
_Static_assert(offsetof(struct lab_boot_info, args) == 40, "lab_boot_info");
_Static_assert(offsetof(struct lab_boot_info, args_size) == 48,
	       "lab_boot_info");
_Static_assert(offsetof(struct lab_boot_info, argc) == 52, "lab_boot_info");
_Static_assert(offsetof(struct lab_boot_info, cpus) == 56, "lab_boot_info");
_Static_assert(offsetof(struct lab_boot_info, reserved) == 60, "lab_boot_info");
_Static_assert(offsetof(struct lab_boot_info, share) == LAB_BOOT_INFO_MIN,
	       "lab_boot_info");
_Static_assert(offsetof(struct lab_boot_info, share_size) == 72,
	       "lab_boot_info");

#endif
