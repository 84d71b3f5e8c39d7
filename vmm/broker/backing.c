/* SPDX-License-Identifier: MIT */
/* Sealed memory files of 2 MiB. */
#include <config.h>

#include "broker/backing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "base/cleanup.h"

#define HUGE_PAGES_FREE \
	"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"

/* Newer than Debian 12's C library; older kernels answer EINVAL. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB (21U << 26)
#endif

#define MIB (UINT64_C(1) << 20)

/*
 * The number on the line of `path` that starts with `key` (with an empty
 * key, on the first line). Returns 0, or -ENOENT.
 */
static int read_number(const char *path, const char *key, uint64_t *number)
{
	char line[128];
	int r = -ENOENT;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return -ENOENT;
	while (r < 0 && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, key, strlen(key)) == 0 &&
		    sscanf(line + strlen(key), " %" SCNu64, number) == 1)
			r = 0;
	}
	fclose(file);
	return r;
}

enum lab_backing backing_choose(uint64_t leases)
{
	uint64_t huge_pages = 0;

	if (read_number(HUGE_PAGES_FREE, "", &huge_pages) == 0 &&
	    huge_pages >= leases)
		return LAB_BACKING_HUGETLB;
	return LAB_BACKING_SHMEM;
}

static int check_huge_pages(uint64_t leases, struct err *err)
{
	uint64_t huge_pages = 0;

	if (read_number(HUGE_PAGES_FREE, "", &huge_pages) == 0 &&
	    huge_pages >= leases)
		return 0;
	return err_say(err, ENOMEM,
		       "%" PRIu64 " huge pages of 2 MiB are needed, %" PRIu64
		       " are free: raise vm.nr_hugepages or make the pool "
		       "smaller",
		       leases, huge_pages);
}

int backing_check(enum lab_backing backing, uint64_t leases, struct err *err)
{
	uint64_t available; /* KiB */

	if (backing == LAB_BACKING_HUGETLB)
		return check_huge_pages(leases, err);
	if (read_number("/proc/meminfo", "MemAvailable:", &available) < 0)
		return err_say(err, ENOENT,
			       "/proc/meminfo does not say MemAvailable: is "
			       "/proc mounted?");
	/* One part in 64 more: what the kernel needs to keep track of it. */
	uint64_t needed = leases * (LAB_EXTENT_SIZE / MIB);
	needed += needed / 64;
	if (needed <= available / 1024)
		return 0;
	return err_say(err, ENOMEM,
		       "%" PRIu64
		       " MiB of memory are needed, the host has %" PRIu64
		       " MiB available: make the pool smaller",
		       needed, available / 1024);
}

static int make_memfd(enum lab_backing backing, const char *name)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;

	if (backing == LAB_BACKING_HUGETLB)
		flags |= MFD_HUGETLB | MFD_HUGE_2MB;
	int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd < 0 ? -errno : fd;
}

/*
 * fallocate() makes shared memory resident but leaves the zeroing to the first
 * touch, which would then be the guest's; so touch it here. A huge page is
 * zeroed by fallocate() itself.
 */
static int make_resident(int fd, enum lab_backing backing)
{
	if (fallocate(fd, 0, 0, LAB_EXTENT_SIZE) < 0)
		return -errno;
	/* Of a guest_memfd pool it only keeps the room; see backing.h. */
	if (backing != LAB_BACKING_SHMEM)
		return 0;
	void *pages = mmap(NULL, LAB_EXTENT_SIZE, PROT_READ | PROT_WRITE,
			   MAP_SHARED, fd, 0);
	if (pages == MAP_FAILED)
		return -errno;
	int r = madvise(pages, LAB_EXTENT_SIZE, MADV_POPULATE_WRITE) < 0
			? -errno
			: 0;
	munmap(pages, LAB_EXTENT_SIZE);
	return r;
}

int backing_create(enum lab_backing backing, const char *name)
{
	cleanup_close int fd = make_memfd(backing, name);

	if (fd < 0)
		return fd;
	if (ftruncate(fd, LAB_EXTENT_SIZE) < 0)
		return -errno;
	int r = make_resident(fd, backing);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	return steal_fd(&fd);
}

int backing_cut(int fd)
{
	int r;

	do {
		r = ftruncate(fd, 0);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int backing_reserve_descriptors(uint64_t descriptors, struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_set(err, errno, "ask for the limit of open files");
	rlim_t hard = limit.rlim_max;
	limit.rlim_cur = hard;
	if (hard < descriptors) {
		limit.rlim_cur = descriptors;
		limit.rlim_max = descriptors;
	}
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return 0;
	return err_say(err, EMFILE,
		       "%" PRIu64 " files must be open at once, one for each "
		       "lease, but the limit is %" PRIu64 ": raise it (ulimit "
		       "-Hn, LimitNOFILE=) or make the pool smaller",
		       descriptors, (uint64_t)hard);
}
