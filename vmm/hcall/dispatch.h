/* SPDX-License-Identifier: MIT */
/* From a call's number to its handler. */
#ifndef LABYRINTH_HCALL_DISPATCH_H
#define LABYRINTH_HCALL_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "machine/vcpu.h"

/*
 * vcpu_ops.hypercall and .mistake; context is a struct hcall_guest.
 */
bool hcall_dispatch(void *context, const struct vcpu_call *call,
		    int64_t *result);
void hcall_mistake(void *context);

/* The guest is over: nothing that a call waits for is waited for any more. */
void hcall_ended(void *context);

#endif
