/* SPDX-License-Identifier: MIT */
/* What a vCPU consists of; vcpu.h says what is done with it. */
#ifndef LABYRINTH_MACHINE_VCPU_STATE_H
#define LABYRINTH_MACHINE_VCPU_STATE_H

#include <stddef.h>

#include "machine/memory.h"
#include "machine/vm.h"

struct kvm_run;

struct vcpu {
	int fd;
	struct kvm_run *run; /* the page shared with KVM */
	size_t run_bytes;
	struct vm *vm;
	struct memory *memory;
};

#define VCPU_NONE ((struct vcpu){.fd = -1})

#endif
