/* SPDX-License-Identifier: MIT */
/*
 * A machine of one page, whose code runs in real mode: the least that KVM can
 * be asked for. What fails ends the program with a sentence.
 */
#ifndef LABYRINTH_TESTS_TINY_GUEST_H
#define LABYRINTH_TESTS_TINY_GUEST_H

#include <err.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define CODE_AT 0x1000

static inline int ask(int fd, unsigned long request, const char *name,
		      long argument)
{
	int answer = ioctl(fd, request, argument);

	if (answer < 0)
		err(1, "%s failed", name);
	return answer;
}

#define ASK(fd, request, argument) ask(fd, request, #request, (long)(argument))

static inline void load_guest(int vm, const void *code, size_t bytes)
{
	void *memory = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = CODE_AT,
		.memory_size = 0x1000,
		.userspace_addr = (uintptr_t)memory,
	};

	if (memory == MAP_FAILED)
		err(1, "no memory for the guest");
	memcpy(memory, code, bytes);
	ASK(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static inline void start_at_code(int vcpu)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = {.rip = CODE_AT, .rflags = 2};

	ASK(vcpu, KVM_GET_SREGS, &sregs);
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	ASK(vcpu, KVM_SET_SREGS, &sregs);
	ASK(vcpu, KVM_SET_REGS, &regs);
}

#endif
