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

/* The vCPU came out of the guest for another reason: see its run page. */
#define HOLE_OTHER_EXIT 2

/*
 * Call when KVM_RUN failed with EFAULT, out of the guest. 1 if the guest was
 * told and can go on; HOLE_OTHER_EXIT; 0 if the guest has ended meanwhile;
 * else a negated errno and the reason why it must stop.
 */
int hole_touched(struct vcpu *self, struct err *err);

#endif
