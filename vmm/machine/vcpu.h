/* SPDX-License-Identifier: MIT */
/*
 * A vCPU and its run loop. The loop decodes exits and hands hypercalls to its
 * owner; it knows no call by number.
 */
#ifndef LABYRINTH_MACHINE_VCPU_H
#define LABYRINTH_MACHINE_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "machine/memory.h"
#include "machine/vcpu_setup.h"
#include "machine/vcpu_state.h"
#include "machine/vm.h"

/* A hypercall as it came from the guest. */
struct vcpu_call {
	struct vcpu *vcpu; /* that made it */
	uint64_t number;
	uint64_t args[4];
	unsigned int ring; /* 0 to 3 */
	bool may_sleep;	   /* its interrupts were on */
};

/* What the loop asks of its owner; by several vCPUs at once. */
struct vcpu_ops {
	/*
	 * Answer a hypercall: sets *result (the guest's RAX). False if the
	 * guest has ended by it.
	 */
	bool (*hypercall)(void *context, const struct vcpu_call *call,
			  int64_t *result);
	/* The guest touched a port or an address where nothing is. */
	void (*mistake)(void *context);
	void *context;
};

/*
 * Create the vCPU self->id of self->cpus: the first in the entry state, any
 * other as a processor after its reset. vm and memory outlive it.
 */
int vcpu_open(struct vcpu *self, struct vm *vm, struct memory *memory,
	      const struct vcpu_identity *identity, uint64_t entry,
	      struct err *err);

/*
 * Run until the guest ends, here by a hypercall or on another vCPU (0), or
 * until it must be stopped: a negated errno and the reason. vcpu_report()
 * tells the registers then.
 */
int vcpu_run(struct vcpu *self, const struct vcpu_ops *ops, struct err *err);

/*
 * Give the VM a vCPU that never runs, where vm_pre_fault() can use one: KVM
 * fills the tables of all from any, but only while that one is not running.
 */
int vcpu_open_pre_faulter(struct vm *vm, const struct vcpu_identity *identity,
			  struct err *err);

/*
 * What KVM has counted of this vCPU, as stats_read() says. Makes system calls.
 * Call on the vCPU's own thread.
 */
int vcpu_stats(struct vcpu *self, uint64_t counts[STATS_COUNTS]);

void vcpu_close(struct vcpu *self);

#endif
