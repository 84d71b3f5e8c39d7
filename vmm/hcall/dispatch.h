/* SPDX-License-Identifier: MIT */
/* From a call's number to its handler. */
#ifndef LABYRINTH_HCALL_DISPATCH_H
#define LABYRINTH_HCALL_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * vcpu_ops.hypercall and .mistake; context is a struct hcall_guest.
 */
bool hcall_dispatch(void *context, uint64_t number, const uint64_t args[4],
		    unsigned int ring, int64_t *result);
void hcall_mistake(void *context);

#endif
