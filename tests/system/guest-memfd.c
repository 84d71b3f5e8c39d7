/* SPDX-License-Identifier: MIT */
/*
 * What the kernel gives and keeps with guest_memfd: each test is a line of the
 * table in docs/guest-memfd.md. If one of them fails on a newer kernel, what is
 * built on it has to be thought over. For a kernel whose KVM can map such
 * files.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <labyrinth/hypercall.h>

#include "broker/guest_memfd.h"
#include "guest-memfd-support.h"

/* Linux 6.8: a slot that names a file. */
struct slot {
	uint32_t slot, flags;
	uint64_t gpa, bytes, host, offset;
	uint32_t file, pad1;
	uint64_t pad2[14];
};
#define SET_SLOT _IOW(KVMIO, 0x49, struct slot)
#define HAS_FILE (1U << 2)

#define PUNCH	   (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define EXIT_FAULT 39 /* KVM_EXIT_MEMORY_FAULT */

/* In the guest: its code, and what it reads and writes. */
#define CODE UINT64_C(0x1000)
#define DATA UINT64_C(0x200000)

/* Slot 1, at DATA: of a file, or (-1) of whatever is mapped at `host`. */
static int bind_slot(int vm, const void *host, int file)
{
	struct slot slot = {.slot = 1,
			    .flags = file >= 0 ? HAS_FILE : 0,
			    .gpa = DATA,
			    .bytes = LAB_EXTENT_SIZE,
			    .host = (uintptr_t)host,
			    .file = file >= 0 ? (uint32_t)file : 0};

	return ioctl(vm, SET_SLOT, &slot);
}

/* A vCPU in real mode that reads the first byte at DATA. */
struct cpu {
	int fd;
	struct kvm_run *run;
};

static struct cpu new_cpu(int vm)
{
	static const uint8_t program[] = {0xa0, 0, 0,  /* mov al, [0] */
					  0xe6, 0x10}; /* out 0x10, al */
	struct cpu cpu = {.fd = ioctl(vm, KVM_CREATE_VCPU, 0)};
	struct kvm_sregs sregs;
	void *code = mmap(NULL, LAB_PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = CODE,
		.memory_size = LAB_PAGE_SIZE,
		.userspace_addr = (uintptr_t)code};

	assert_true(cpu.fd >= 0 && code != MAP_FAILED);
	memcpy(code, program, sizeof(program));
	assert_int_equal(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), 0);
	cpu.run = mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
		       PROT_READ | PROT_WRITE, MAP_SHARED, cpu.fd, 0);
	assert_true(cpu.run != MAP_FAILED);
	assert_int_equal(ioctl(cpu.fd, KVM_GET_SREGS, &sregs), 0);
	sregs.cs.base = CODE;
	sregs.cs.selector = CODE >> 4;
	sregs.ds.base = DATA;
	assert_int_equal(ioctl(cpu.fd, KVM_SET_SREGS, &sregs), 0);
	return cpu;
}

/* The byte that the guest reads, or a negated errno of KVM_RUN. */
static int guest_reads(struct cpu *cpu)
{
	struct kvm_regs regs = {.rip = 0, .rflags = 2};

	assert_int_equal(ioctl(cpu->fd, KVM_SET_REGS, &regs), 0);
	cpu->run->exit_reason = 0;
	if (ioctl(cpu->fd, KVM_RUN, 0) < 0)
		return -errno;
	assert_int_equal(cpu->run->exit_reason, KVM_EXIT_IO);
	return *((uint8_t *)cpu->run + cpu->run->io.data_offset);
}

/* In a child, which has the memory of none of the VMs: its exit status. */
static int in_child(int (*what)(int fd), int fd)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(what(fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The file itself */

#define FAILS(call, code)                      \
	do {                                   \
		assert_true((call) < 0);       \
		assert_int_equal(errno, code); \
	} while (0)

static void of_one_size_without_seals(void **state)
{
	int fd = new_file(new_vm());
	char byte = 0;
	(void)state;

	FAILS(ftruncate(fd, 0), EINVAL);
	FAILS(ftruncate(fd, 2 * LAB_EXTENT_SIZE), EINVAL);
	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EINVAL);
	FAILS(fcntl(fd, F_GET_SEALS), EINVAL);
	FAILS((int)read(fd, &byte, 1), EINVAL);
	FAILS((int)write(fd, &byte, 1), EINVAL);
	void *at = mmap(NULL, LAB_EXTENT_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(at == MAP_FAILED);
	close(fd);
}

static void has_an_inode_of_its_own(void **state)
{
	struct stat one, other;
	int a = new_file(new_vm()), b = new_file(new_vm());
	(void)state;

	assert_int_equal(fstat(a, &one), 0);
	assert_int_equal(fstat(b, &other), 0);
	assert_int_equal(one.st_dev, other.st_dev);
	assert_int_not_equal(one.st_ino, other.st_ino);
	assert_int_equal(one.st_size, LAB_EXTENT_SIZE);
	/* What it has is not told by st_blocks, but by cachestat(). */
	assert_int_equal(guest_memfd_fund(a), 0);
	assert_int_equal(fstat(a, &one), 0);
	assert_int_equal(one.st_blocks, 0);
	assert_int_equal(guest_memfd_pages(a), PAGES);
	assert_int_equal(guest_memfd_pages(b), 0);
	close(a);
	close(b);
}

static int make_file_of(int vm)
{
	return try_file(vm, LAB_EXTENT_SIZE, MAPPABLE) < 0 ? errno : 0;
}

static void is_made_by_the_vmm_alone(void **state)
{
	(void)state;
	assert_int_equal(in_child(make_file_of, new_vm()), EIO);
}

static void is_not_opened_by_proc(void **state)
{
	int fd = new_file(new_vm());
	uint8_t *at = map(fd);
	char link[80];
	(void)state;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	FAILS(open(link, O_RDWR), ENXIO);
	snprintf(link, sizeof(link), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)(uintptr_t)at,
		 (unsigned long)(uintptr_t)at + LAB_EXTENT_SIZE);
	FAILS(open(link, O_RDWR), ENXIO);
	/* But who may trace its owner gets a copy of the descriptor. */
	int self = pidfd_open(getpid(), 0);
	int copy = pidfd_getfd(self, fd, 0);
	assert_true(copy >= 0);
	assert_int_equal(guest_memfd_fund(copy), 0);
	assert_int_equal(guest_memfd_pages(fd), PAGES);
	close(copy);
	close(self);
	close(fd);
	munmap(at, LAB_EXTENT_SIZE);
}

/* Its pages */

static uint64_t page_flags(const void *at)
{
	uint64_t entry = 0, flags = 0;
	int pages = open("/proc/self/pagemap", O_RDONLY);
	int all = open("/proc/kpageflags", O_RDONLY);

	assert_int_equal(pread(pages, &entry, 8,
			       (off_t)((uintptr_t)at / LAB_PAGE_SIZE * 8)),
			 8);
	entry &= (UINT64_C(1) << 55) - 1;
	assert_int_equal(pread(all, &flags, 8, (off_t)(entry * 8)), 8);
	close(pages);
	close(all);
	return flags;
}

#define FLAG(n) (UINT64_C(1) << (n)) /* linux/kernel-page-flags.h */

static void has_small_pages_that_stay(void **state)
{
	int fd = new_file(new_vm());
	uint8_t *at = map(fd);
	(void)state;

	assert_int_equal(madvise(at, LAB_EXTENT_SIZE, MADV_HUGEPAGE), 0);
	assert_int_equal(madvise(at, LAB_EXTENT_SIZE, MADV_POPULATE_WRITE), 0);
	assert_int_equal(guest_memfd_pages(fd), PAGES);
	uint64_t flags = page_flags(at);
	assert_int_equal(flags & (FLAG(17) | FLAG(22)), 0); /* HUGE, THP */
	assert_int_equal(flags & FLAG(12), 0);		    /* ANON */
	assert_true(flags & FLAG(18));			    /* UNEVICTABLE */
	close(fd);
	munmap(at, LAB_EXTENT_SIZE);
}

static void a_punched_page_comes_back_with_a_touch(void **state)
{
	int vm = new_vm(), fd = new_file(vm);
	uint8_t *at = map(fd);
	struct cpu cpu = new_cpu(vm);
	(void)state;

	assert_int_equal(bind_slot(vm, at, -1), 0);
	*at = 0x5a;
	assert_int_equal(guest_reads(&cpu), 0x5a);
	assert_int_equal(fallocate(fd, PUNCH, 0, LAB_EXTENT_SIZE), 0);
	/* It is gone from the mapping and from the guest, zeroed ... */
	assert_int_equal(guest_memfd_pages(fd), 0);
	assert_int_equal(guest_reads(&cpu), 0);
	/* ... and so is here again: no touch is refused. */
	assert_int_equal(guest_memfd_pages(fd), 1);
	assert_int_equal(at[LAB_PAGE_SIZE], 0);
	assert_int_equal(guest_memfd_pages(fd), 2);
	close(fd);
}

static void its_mapper_can_punch_it_too(void **state)
{
	int fd = new_file(new_vm());
	uint8_t *at = map(fd);
	(void)state;

	*at = 1;
	assert_int_equal(guest_memfd_pages(fd), 1);
	assert_int_equal(madvise(at, LAB_EXTENT_SIZE, MADV_REMOVE), 0);
	assert_int_equal(guest_memfd_pages(fd), 0);
	close(fd);
	munmap(at, LAB_EXTENT_SIZE);
}

/* The kernel's law, and where it ends */

static void another_vm_cannot_bind_it(void **state)
{
	int vm = new_vm(), other = new_vm(), fd = new_file(vm);
	uint8_t *at = map(fd);
	(void)state;

	FAILS(bind_slot(other, at, fd), EINVAL);
	assert_int_equal(bind_slot(vm, at, fd), 0);
	close(fd);
	munmap(at, LAB_EXTENT_SIZE);
}

static void another_vm_can_have_it_by_a_mapping(void **state)
{
	int vm = new_vm(), other = new_vm(), fd = new_file(vm);
	uint8_t *at = map(fd);
	struct cpu cpu = new_cpu(other);
	(void)state;

	*at = 0x42;
	assert_int_equal(bind_slot(other, at, -1), 0);
	assert_int_equal(guest_reads(&cpu), 0x42);
	close(fd);
}

static int maps_and_reads(int fd)
{
	const uint8_t *at = map(fd);

	return *at == 0x42 ? 0 : 1;
}

static void another_process_can_map_it(void **state)
{
	int fd = new_file(new_vm());
	uint8_t *at = map(fd);
	(void)state;

	*at = 0x42;
	assert_int_equal(in_child(maps_and_reads, fd), 0);
	close(fd);
	munmap(at, LAB_EXTENT_SIZE);
}

/* The revocation that would be final, and why it is not to be had */

static void a_bound_file_ends_with_its_last_descriptor(void **state)
{
	int vm = new_vm(), fd = new_file(vm), copy = dup(fd);
	void *at = mmap(NULL, LAB_EXTENT_SIZE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct cpu cpu = new_cpu(vm);
	(void)state;

	/* Nobody maps it: the slot has its pages all the same. */
	assert_int_equal(bind_slot(vm, at, fd), 0);
	assert_int_equal(guest_reads(&cpu), 0);
	close(fd);
	assert_int_equal(guest_reads(&cpu), 0);
	/* The slot is no reference: with the last one all is over. */
	close(copy);
	assert_int_equal(guest_reads(&cpu), -EFAULT);
	assert_int_equal(cpu.run->exit_reason, EXIT_FAULT);
	uint64_t fault[2]; /* flags, gpa */
	memcpy(fault, &cpu.run->hw, sizeof(fault));
	assert_int_equal(fault[1], DATA);
	assert_int_equal(guest_reads(&cpu), -EFAULT);
}

static void a_mapping_is_a_reference_as_well(void **state)
{
	int vm = new_vm(), fd = new_file(vm);
	uint8_t *at = map(fd);
	struct cpu cpu = new_cpu(vm);
	(void)state;

	assert_int_equal(bind_slot(vm, at, fd), 0);
	*at = 0x77;
	close(fd);
	assert_int_equal(guest_reads(&cpu), 0x77);
}

static void without_mmap_a_guest_does_not_get_its_pages(void **state)
{
	int vm = new_vm(),
	    fd = try_file(vm, LAB_EXTENT_SIZE, GUEST_MEMFD_FLAG_INIT_SHARED);
	uint8_t *at = mmap(NULL, LAB_EXTENT_SIZE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct cpu cpu = new_cpu(vm);
	(void)state;

	assert_true(fd >= 0 && at != MAP_FAILED);
	assert_true(mmap(NULL, LAB_EXTENT_SIZE, PROT_READ, MAP_SHARED, fd, 0) ==
		    MAP_FAILED);
	/* The slot shows what lies at its address, the file is not asked. */
	assert_int_equal(bind_slot(vm, at, fd), 0);
	*at = 0x33;
	assert_int_equal(guest_reads(&cpu), 0x33);
	assert_int_equal(guest_memfd_pages(fd), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_one_size_without_seals),
		cmocka_unit_test(has_an_inode_of_its_own),
		cmocka_unit_test(is_made_by_the_vmm_alone),
		cmocka_unit_test(is_not_opened_by_proc),
		cmocka_unit_test(has_small_pages_that_stay),
		cmocka_unit_test(a_punched_page_comes_back_with_a_touch),
		cmocka_unit_test(its_mapper_can_punch_it_too),
		cmocka_unit_test(another_vm_cannot_bind_it),
		cmocka_unit_test(another_vm_can_have_it_by_a_mapping),
		cmocka_unit_test(another_process_can_map_it),
		cmocka_unit_test(a_bound_file_ends_with_its_last_descriptor),
		cmocka_unit_test(a_mapping_is_a_reference_as_well),
		cmocka_unit_test(without_mmap_a_guest_does_not_get_its_pages),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, open_kvm, NULL);
}
