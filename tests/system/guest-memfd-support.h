/* SPDX-License-Identifier: MIT */
/* VMs and their files, for tests of guest_memfd. Include after cmocka.h. */
#ifndef LABYRINTH_TESTS_GUEST_MEMFD_SUPPORT_H
#define LABYRINTH_TESTS_GUEST_MEMFD_SUPPORT_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <labyrinth/hypercall.h>

#include "base/kvm_compat.h"

#define MAPPABLE (GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED)
#define PAGES	 (LAB_EXTENT_SIZE / LAB_PAGE_SIZE)

static int kvm;

/* A group's setup. */
static inline int open_kvm(void **state)
{
	(void)state;
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	return kvm < 0;
}

static inline int new_vm(void)
{
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	assert_true(vm >= 0);
	return vm;
}

/* A descriptor, or -1 and errno. */
static inline int try_file(int vm, uint64_t bytes, uint64_t flags)
{
	struct kvm_create_guest_memfd create = {.size = bytes, .flags = flags};

	return ioctl(vm, KVM_CREATE_GUEST_MEMFD, &create);
}

static inline int new_file(int vm)
{
	int fd = try_file(vm, LAB_EXTENT_SIZE, MAPPABLE);

	assert_true(fd >= 0);
	return fd;
}

static inline uint8_t *map(int fd)
{
	void *at = mmap(NULL, LAB_EXTENT_SIZE, PROT_READ | PROT_WRITE,
			MAP_SHARED, fd, 0);

	assert_true(at != MAP_FAILED);
	return at;
}

#endif
