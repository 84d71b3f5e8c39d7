/* SPDX-License-Identifier: MIT */
/*
 * Leases on their way between the broker and the window: mapped as they come,
 * unmapped as they go. On the supplier's thread; guest->lock is not held.
 */
#ifndef LABYRINTH_HCALL_TRANSFER_H
#define LABYRINTH_HCALL_TRANSFER_H

#include <stdint.h>

#include "hcall/plan.h"
#include "mem/source.h"

/* A lease came: into the window, or where that fails back to the source. Its
 * descriptor is closed in any case. */
void transfer_in(struct plan *plan, const struct lease_source *source,
		 struct lease *lease);

/* Give a lease back, as the task says. */
void transfer_out(struct plan *plan, const struct lease_source *source,
		  const struct task *task);

/*
 * Up to the marks before the guest begins, so that it begins without pressure.
 * Waits for the source, and no vCPU runs yet.
 */
void transfer_prime(struct plan *plan, const struct lease_source *source);

#endif
