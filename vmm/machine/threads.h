/* SPDX-License-Identifier: MIT */
/* The life of a guest's vCPUs: made together, run each on its own thread. */
#ifndef LABYRINTH_MACHINE_THREADS_H
#define LABYRINTH_MACHINE_THREADS_H

#include <stdint.h>

#include "base/err.h"
#include "machine/cpus.h"
#include "machine/vcpu.h"

/*
 * Make `count` (1 to LAB_CPUS_MAX) vCPUs: the first at `entry`, the others
 * waiting for SIPI. vm and memory outlive them. threads_close() in any case.
 */
int threads_open(struct cpus *self, unsigned int count, struct vm *vm,
		 struct memory *memory, const struct vcpu_identity *identity,
		 uint64_t entry, struct err *err);

/*
 * Run the guest to its end: the first vCPU on the calling thread. `ended` is
 * called once, when the first of them ends, so that what the others wait for
 * outside the guest can be broken off. 0 if the guest ended itself, else a
 * negated errno, the reason, and in *stopped the vCPU whose registers tell.
 */
int threads_run(struct cpus *self, const struct vcpu_ops *ops,
		void (*ended)(void *context), struct vcpu **stopped,
		struct err *err);

void threads_close(struct cpus *self);

#endif
