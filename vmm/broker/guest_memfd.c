/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/guest_memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "base/cleanup.h"
#include "base/kvm_compat.h"
#include "base/stranger.h"

#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

/* Of all such files on this host, whosever VM: 0 until it is known. */
static uint64_t device;

int guest_memfd_prepare(struct err *err)
{
	struct kvm_create_guest_memfd create = {.size = LAB_EXTENT_SIZE,
						.flags = KVM_MAPPABLE_FILE};
	struct stranger_file file;

	cleanup_close int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return err_set(err, errno, "open /dev/kvm");
	cleanup_close int vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		return err_set(err, errno, "create a VM (KVM_CREATE_VM)");
	cleanup_close int fd = ioctl(vm, KVM_CREATE_GUEST_MEMFD, &create);
	if (fd < 0 && errno != EINVAL && errno != ENOTTY)
		return err_set(err, errno, "make a guest_memfd");
	if (fd < 0)
		return err_say(err, ENOTSUP,
			       "this kernel's KVM has no guest_memfd that can "
			       "be mapped; Linux 6.18 and newer have it");
	int r = stranger_look(fd, "", &file);
	if (r < 0)
		return err_set(err, -r, "look at a guest_memfd");
	device = file.device;
	return 0;
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

int guest_memfd_identity(int folder, const char *name, uint64_t *dev,
			 uint64_t *inode)
{
	struct stranger_file file;

	int r = stranger_look(folder, name, &file);
	if (r < 0)
		return r;
	if (device == 0 || file.device != device || !S_ISREG(file.mode) ||
	    file.bytes != LAB_EXTENT_SIZE)
		return -EINVAL;
	*dev = device;
	*inode = file.inode;
	return 0;
}

int guest_memfd_check(int fd)
{
	uint64_t dev, inode;

	int r = guest_memfd_identity(fd, "", &dev, &inode);
	if (r < 0)
		return r;
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
