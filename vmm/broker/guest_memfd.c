/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/guest_memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "base/cleanup.h"

/* Newer than Debian 12's headers: linux/magic.h, linux/kvm.h, asm/unistd.h. */
#define GUEST_MEMFD_MAGIC    0x474d454d
#define MMAP_AND_INIT_SHARED 3
#ifndef KVM_CAP_GUEST_MEMFD_FLAGS
#define KVM_CAP_GUEST_MEMFD_FLAGS 244
#endif
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

int guest_memfd_supported(struct err *err)
{
	cleanup_close int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		return err_set(err, errno, "open /dev/kvm");
	int flags = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_MEMFD_FLAGS);
	if (flags > 0 && (flags & MMAP_AND_INIT_SHARED) == MMAP_AND_INIT_SHARED)
		return 0;
	return err_say(err, ENOTSUP,
		       "this kernel's KVM has no guest_memfd that can be "
		       "mapped; Linux 6.18 and newer have it");
}

int guest_memfd_pages(int fd)
{
	const struct {
		uint64_t offset;
		uint64_t bytes;
	} range = {0, 0}; /* the whole */
	struct {
		uint64_t cached, dirty, writeback, evicted, recently_evicted;
	} counts = {0};

	if (syscall(SYS_cachestat, fd, &range, &counts, 0) < 0)
		return -errno;
	return (int)counts.cached;
}

int guest_memfd_check(int fd)
{
	struct statfs fs;
	struct stat stat;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &stat) < 0)
		return -errno;
	if (fs.f_type != GUEST_MEMFD_MAGIC || !S_ISREG(stat.st_mode) ||
	    stat.st_size != LAB_EXTENT_SIZE)
		return -EINVAL;
	int pages = guest_memfd_pages(fd);
	return pages > 0 ? -EEXIST : pages;
}

static int change(int fd, int mode)
{
	int r;

	do {
		r = fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, 0,
			      LAB_EXTENT_SIZE);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int guest_memfd_fund(int fd)
{
	return change(fd, 0);
}

int guest_memfd_cut(int fd)
{
	return change(fd, FALLOC_FL_PUNCH_HOLE);
}
