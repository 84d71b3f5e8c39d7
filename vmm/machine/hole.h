/* SPDX-License-Identifier: MIT */
/*
 * A guest touched memory of its slots where no lease is mapped. KVM says
 * EFAULT and not where; this finds the page and answers the guest with a
 * machine check, as hardware does for memory that is not there.
 */
#ifndef LABYRINTH_MACHINE_HOLE_H
#define LABYRINTH_MACHINE_HOLE_H

#include "base/err.h"
#include "machine/vcpu_state.h"

/*
 * Call when KVM_RUN failed with EFAULT. 1 if the guest was told and can go
 * on; else a negated errno and the reason why it must stop.
 */
int hole_touched(struct vcpu *self, struct err *err);

#endif
