/* SPDX-License-Identifier: MIT */
/*
 * <linux/kvm.h>, and the parts of it that headers older than the running
 * kernel lack. Numbers are the kernel's ABI; whether the running kernel has a
 * thing is asked of it, never of the headers.
 */
#ifndef LABYRINTH_MACHINE_KVM_COMPAT_H
#define LABYRINTH_MACHINE_KVM_COMPAT_H

#include <linux/kvm.h>

/* Linux 6.11: fill second-stage tables ahead of the first touch. */
#if !HAVE_DECL_KVM_CAP_PRE_FAULT_MEMORY
#define KVM_CAP_PRE_FAULT_MEMORY 236
#endif
#if !HAVE_DECL_KVM_PRE_FAULT_MEMORY
#define KVM_PRE_FAULT_MEMORY _IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)
struct kvm_pre_fault_memory {
	__u64 gpa;
	__u64 size;
	__u64 flags;
	__u64 padding[5];
};
#endif

#endif
