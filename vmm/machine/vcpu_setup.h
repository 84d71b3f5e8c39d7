/* SPDX-License-Identifier: MIT */
/* The state of a vCPU before its first instruction. */
#ifndef LABYRINTH_MACHINE_VCPU_SETUP_H
#define LABYRINTH_MACHINE_VCPU_SETUP_H

#include <stdint.h>

#include "base/err.h"
#include "machine/vm.h"

/* What CPUID tells a guest of its host (include/labyrinth/hypercall.h). */
struct vcpu_identity {
	uint32_t features;  /* LAB_FEATURE_* */
	uint32_t transport; /* LAB_TRANSPORT_* */
};

/*
 * CPUID: what KVM supports, our two leaves in place of KVM's own, and the
 * APIC id of vCPU `id`.
 */
int vcpu_setup_cpuid(const struct vm *vm, int vcpu, unsigned int id,
		     const struct vcpu_identity *identity, struct err *err);

/* One bank of machine checks, where this kernel has them. */
int vcpu_setup_machine_check(const struct vm *vm, int vcpu, struct err *err);

/* Entry state per include/labyrinth/bootinfo.h. */
int vcpu_setup_registers(int vcpu, uint64_t entry, struct err *err);

#endif
