/* SPDX-License-Identifier: MIT */
/* Address spaces below <labyrinth/mm.h>: what a run needs of them. */
#ifndef GUEST_MM_H
#define GUEST_MM_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/guest.h>

#include "excl.h"

/* Are these pages user addresses? */
bool mm_is_user(uint64_t address, uint64_t pages);

/*
 * On this processor, from here on the kernel runs with its page tables; and
 * with the kernel's own again. Interrupts off around both.
 */
void mm_enter(struct mm *mm);
void mm_leave(struct mm *mm);

/*
 * Is a virtual address that of a page which another address space has for
 * itself: the identity map's, or one where another has an exclusive block and
 * this one has nothing? Then gpa is the page, and place says whose and where.
 */
bool mm_find_other(const struct mm *mm, uint64_t address, uint64_t *gpa,
		   struct excl_place *place);

#endif
