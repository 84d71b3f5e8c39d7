/* SPDX-License-Identifier: MIT */
/*
 * A VM that a hostile VMM has brought to a halt in the kernel: a vCPU waits for
 * a page that does not come (userfaultfd), and a change of its memory slots for
 * that vCPU, with the lock that the last close of a guest_memfd wants. Include
 * after guest-memfd-support.h.
 */
#ifndef LABYRINTH_TESTS_STUCK_VM_H
#define LABYRINTH_TESTS_STUCK_VM_H

#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RESET_PAGE 0xfffff000 /* where a processor begins */

struct stuck_vm {
	int vm;
	int vcpu;
	int faults; /* the userfaultfd */
	uint8_t *page;
	pthread_t runner;
	pthread_t changer;
	_Atomic pid_t changes; /* the changer's thread */
};

static inline void set_slot(int vm, uint32_t slot, uint64_t gpa, void *page)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = LAB_PAGE_SIZE,
		.userspace_addr = (uintptr_t)page};

	assert_int_equal(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), 0);
}

static inline void *run_vcpu(void *context)
{
	const struct stuck_vm *self = context;

	/* Whatever ends it: there is nothing but zeroes to be run. */
	ioctl(self->vcpu, KVM_RUN, 0);
	return NULL;
}

static inline void *change_slots(void *context)
{
	struct stuck_vm *self = context;

	self->changes = gettid();
	set_slot(self->vm, 1, 0, self->page);
	return NULL;
}

/* Does this thread of ours wait where no signal gets it out? */
static inline bool is_stuck(pid_t thread)
{
	char path[64], text[256] = "";

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	const char *state = strrchr(text, ')');
	return state != NULL && state[2] == 'D';
}

static inline void catch_faults(struct stuck_vm *self)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {
		.range = {(uintptr_t)self->page, LAB_PAGE_SIZE},
		.mode = UFFDIO_REGISTER_MODE_MISSING};

	self->faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	assert_true(self->faults >= 0);
	assert_int_equal(ioctl(self->faults, UFFDIO_API, &api), 0);
	assert_int_equal(ioctl(self->faults, UFFDIO_REGISTER, &range), 0);
}

/* A VM that runs but for what is to come. */
static inline void stuck_prepare(struct stuck_vm *self)
{
	*self = (struct stuck_vm){.vm = new_vm()};
	self->page = mmap(NULL, LAB_PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(self->page != MAP_FAILED);
	catch_faults(self);
	set_slot(self->vm, 0, RESET_PAGE, self->page);
	self->vcpu = ioctl(self->vm, KVM_CREATE_VCPU, 0);
	assert_true(self->vcpu >= 0);
}

static inline void stuck_begin(struct stuck_vm *self)
{
	struct uffd_msg fault;

	assert_int_equal(pthread_create(&self->runner, NULL, run_vcpu, self),
			 0);
	assert_int_equal(read(self->faults, &fault, sizeof(fault)),
			 sizeof(fault));
	assert_int_equal(fault.event, UFFD_EVENT_PAGEFAULT);
	assert_int_equal(
		pthread_create(&self->changer, NULL, change_slots, self), 0);
	while (self->changes == 0 || !is_stuck(self->changes))
		sched_yield();
}

static inline void stuck_end(struct stuck_vm *self)
{
	struct uffdio_zeropage page = {
		.range = {(uintptr_t)self->page, LAB_PAGE_SIZE}};

	assert_int_equal(ioctl(self->faults, UFFDIO_ZEROPAGE, &page), 0);
	pthread_join(self->changer, NULL);
	pthread_join(self->runner, NULL);
	close(self->vcpu);
	close(self->vm);
	close(self->faults);
	munmap(self->page, LAB_PAGE_SIZE);
}

#endif
