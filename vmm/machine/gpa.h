/* SPDX-License-Identifier: MIT */
/*
 * The one door between an address that a guest named and host memory.
 */
#ifndef LABYRINTH_MACHINE_GPA_H
#define LABYRINTH_MACHINE_GPA_H

#include <stdint.h>

#include "machine/memory.h"
#include "mem/window.h"

/*
 * Host address of the `bytes` bytes (>= 1) at guest-physical `gpa`, or NULL
 * unless every one of them lies in boot RAM, or every one in the guest's own
 * grants. Valid until the guest's next call.
 */
void *gpa_to_host(const struct memory *memory, const struct window *window,
		  uint64_t gpa, uint64_t bytes);

/* Host address of `bytes` bytes (>= 1) that lie all in boot RAM, or NULL: it
 * is there as long as the guest is. */
void *gpa_ram_to_host(const struct memory *memory, uint64_t gpa,
		      uint64_t bytes);

/*
 * The window page (0 = first) that holds `gpa`, or -ENXIO outside the
 * window.
 */
int64_t gpa_to_page(const struct memory *memory, uint64_t gpa);

/* Guest-physical address of a window page. */
uint64_t gpa_of_page(uint32_t page);

/* Host address of a window page. */
void *gpa_page_host(const struct memory *memory, uint32_t page);

#endif
