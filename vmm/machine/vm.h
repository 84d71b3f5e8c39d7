/* SPDX-License-Identifier: MIT */
/*
 * One virtual machine of KVM: the descriptors, what this kernel offers, and
 * the memory slots. Three slots exist, each registered once: guest RAM, the
 * window, and the table of its pages that guest and VMM share; a lease comes
 * and goes under a slot by mmap, never by a slot change.
 */
#ifndef LABYRINTH_MACHINE_VM_H
#define LABYRINTH_MACHINE_VM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum vm_slot { VM_SLOT_MEMORY = 0, VM_SLOT_WINDOW = 1, VM_SLOT_SHARE = 2 };

struct vm {
	int kvm;	      /* /dev/kvm */
	int fd;		      /* the VM */
	bool has_vmcall;      /* unknown hypercalls come to user space */
	bool has_guest_memfd; /* memory of its own in files that map */
	bool has_stats;	      /* KVM tells what it counts (stats.h) */
	/* KVM_PRE_FAULT_MEMORY works; until it turns out not to. */
	atomic_bool has_pre_fault;
	/* A vCPU that never runs, for that call: -1 without. */
	int pre_faulter;
	/* Held by who needs the window's slot to be there, and by who takes
	 * it away for a moment. */
	pthread_mutex_t window_there;
};

/* A vm that holds nothing, for vm_close(). */
#define VM_NONE                         \
	((struct vm){.kvm = -1,         \
		     .fd = -1,          \
		     .pre_faulter = -1, \
		     .window_there = PTHREAD_MUTEX_INITIALIZER})

/*
 * Open /dev/kvm, check the API and the capabilities that nothing works
 * without (synchronised registers, immediate exit), create the VM.
 */
int vm_open(struct vm *self, struct err *err);

/*
 * Have VMCALL/VMMCALL handed to user space. -ENOTSUP with a sentence where
 * the kernel does not offer it.
 */
int vm_intercept_vmcall(struct vm *self, struct err *err);

/*
 * Put host memory at `host` (page-aligned, `bytes` long) at guest-physical
 * `gpa`; bytes 0 takes the slot away. The memory need not be mapped yet.
 */
int vm_set_slot(struct vm *self, enum vm_slot slot, uint64_t gpa, void *host,
		uint64_t bytes, struct err *err);

/*
 * Have a byte that the guest writes to a port add one to an eventfd, in KVM
 * itself: nothing of the VMM runs for it.
 */
int vm_listen(struct vm *self, uint16_t port, int eventfd, struct err *err);

/*
 * Fill the second-stage tables for [gpa, gpa + bytes), from any thread. Where
 * the kernel can not, nothing happens: the first touch will.
 */
void vm_pre_fault(struct vm *self, uint64_t gpa, uint64_t bytes);

/*
 * Make a file of 2 MiB that is this VM's memory by the kernel's word: 0 and its
 * descriptor (close-on-exec, the caller's) in *fd. Needs has_guest_memfd.
 */
int vm_make_memory(struct vm *self, int *fd, struct err *err);

/* Raise a vector at a processor's local APIC, by its id; from any thread. */
int vm_interrupt(struct vm *self, unsigned int apic, unsigned int vector,
		 struct err *err);

/* Close everything; the guest is gone then. */
void vm_close(struct vm *self);

#endif
