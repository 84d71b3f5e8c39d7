/* SPDX-License-Identifier: MIT */
/* What the VMM handed over, and the RAM behind the image, cut off by pages. */
#ifndef GUEST_BOOT_H
#define GUEST_BOOT_H

#include <labyrinth/guest.h>

/*
 * Keep a copy of the boot information. Panics if it is not what this guest
 * was built against.
 */
void boot_init(const struct lab_boot_info *info);

/* The arguments as main() wants them. After boot_init(); once. */
char **boot_arguments(void);

/*
 * Zeroed boot RAM behind the image, page-aligned, for good: there is no
 * giving back. Panics when RAM ends.
 */
void *boot_alloc(size_t bytes);

#endif
