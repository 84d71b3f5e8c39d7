/* SPDX-License-Identifier: MIT */
/*
 * The vCPUs of one guest, each on a thread of its own: started together, ended
 * together, and stopped for a moment when memory slots must change.
 */
#ifndef LABYRINTH_MACHINE_CPUS_H
#define LABYRINTH_MACHINE_CPUS_H

#include <stdatomic.h>

#include "base/err.h"
#include "machine/gate.h"
#include "machine/vcpu_state.h"

struct cpus {
	struct vcpu cpu[LAB_CPUS_MAX];
	unsigned int count; /* vCPUs opened */
	struct gate gate;
	atomic_bool ended; /* the guest is over: no vCPU runs it again */
};

/* Have vCPU n come out of the guest soon, from whichever thread. */
void cpus_kick(struct cpus *self, unsigned int n);

/* The guest is over: every vCPU comes out and none goes in. */
void cpus_end(struct cpus *self);

/* Keep every vCPU out of the guest; the caller is one that is out. */
void cpus_pause(struct cpus *self);
void cpus_resume(struct cpus *self);

#endif
