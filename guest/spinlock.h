/* SPDX-License-Identifier: MIT */
/* Below the locks and contexts of <labyrinth/guest.h>: who asks to wait. */
#ifndef GUEST_SPINLOCK_H
#define GUEST_SPINLOCK_H

#include <stdbool.h>

/* might_sleep() on behalf of whoever called from this address. */
void might_sleep_at(const void *caller);

/*
 * In place of the panic, for a test that wants to see it happen: hook() is
 * told of the context, and the caller goes on. NULL brings the panic back.
 * For all processors.
 */
void might_sleep_hook(void (*hook)(unsigned int depth, bool off));

#endif
