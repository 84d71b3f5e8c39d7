/* SPDX-License-Identifier: MIT */
/*
 * The way to the VMM; lab_hypercall() and lab_transport() of
 * <labyrinth/guest.h> are here, too.
 */
#ifndef GUEST_HCALL_H
#define GUEST_HCALL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Ask CPUID for a VMM and its transport. Before any call; halts for good if
 * there is none that speaks our version, for there is nobody to tell.
 */
void hcall_init(void);

/* True if a call's result is a negated errno and not a value. */
static inline bool hcall_failed(int64_t result)
{
	return result < 0 && result >= -4095;
}

#endif
