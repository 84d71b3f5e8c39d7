/* SPDX-License-Identifier: MIT */
/* What a vCPU consists of; vcpu.h says what is done with it. */
#ifndef LABYRINTH_MACHINE_VCPU_STATE_H
#define LABYRINTH_MACHINE_VCPU_STATE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/memory.h"
#include "machine/stats.h"
#include "machine/vm.h"

struct kvm_run;
struct cpus;

struct vcpu {
	int fd;
	unsigned int id;     /* APIC id, from 0 */
	struct kvm_run *run; /* the page shared with KVM */
	size_t run_bytes;
	pthread_t thread; /* that runs it */
	struct vm *vm;
	struct memory *memory;
	struct cpus *cpus; /* that it is one of */
	/* For its own thread: how often KVM_RUN has come back to the VMM, and
	 * what KVM has counted. */
	uint64_t user_exits;
	struct stats stats;
};

#define VCPU_NONE ((struct vcpu){.fd = -1, .stats = {.fd = -1}})

#endif
