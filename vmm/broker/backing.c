/* SPDX-License-Identifier: MIT */
/* Sealed memory files of 2 MiB. */
#include <config.h>

#include "broker/backing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "base/cleanup.h"

#define NODES	   "/sys/devices/system/node"
#define HUGE_PAGES "hugepages-2048kB"

/* Newer than Debian 12's C library; older kernels answer EINVAL. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB (21U << 26)
#endif

/* Linux 6.1, by its manual; asked again, it may do what it could not at once.
 */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#define COLLAPSE_TRIES 3

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

/* Huge pages that are free and that nobody else has reserved. */
static uint64_t huge_pages_free(int node)
{
	uint64_t free_pages = 0, reserved = 0;
	char path[128];

	if (node != NUMA_ANY) {
		snprintf(path, sizeof(path),
			 NODES "/node%d/hugepages/" HUGE_PAGES
			       "/free_hugepages",
			 node);
		(void)read_number(path, "", &free_pages);
		return free_pages;
	}
	(void)read_number("/sys/kernel/mm/hugepages/" HUGE_PAGES
			  "/free_hugepages",
			  "", &free_pages);
	(void)read_number("/sys/kernel/mm/hugepages/" HUGE_PAGES
			  "/resv_hugepages",
			  "", &reserved);
	return free_pages > reserved ? free_pages - reserved : 0;
}

/* Whether the kernel gives them, it does not say; so have one. */
static int try_transparent(int node)
{
	int fd = backing_create_on(node, LAB_BACKING_THP, "labyrinth");

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

enum lab_backing backing_choose(uint64_t leases, int node)
{
	if (huge_pages_free(node) >= leases)
		return LAB_BACKING_HUGETLB;
	return try_transparent(node) == 0 ? LAB_BACKING_THP : LAB_BACKING_SHMEM;
}

/* " on NUMA node 1", or nothing. */
struct where {
	char text[32];
};

static struct where where(int node)
{
	struct where where = {.text = ""};

	if (node != NUMA_ANY)
		snprintf(where.text, sizeof(where.text), " on NUMA node %d",
			 node);
	return where;
}

static int check_huge_pages(uint64_t leases, int node, struct err *err)
{
	uint64_t huge_pages = huge_pages_free(node);

	if (huge_pages >= leases)
		return 0;
	return err_say(err, ENOMEM,
		       "%" PRIu64 " huge pages of 2 MiB are needed%s, %" PRIu64
		       " are free: raise vm.nr_hugepages or make the pool "
		       "smaller",
		       leases, where(node).text, huge_pages);
}

/* KiB that could be had; of a node, the least that it could give. */
static int memory_available(int node, uint64_t *kib, struct err *err)
{
	char path[64], key[48];
	uint64_t cached = 0;

	if (node == NUMA_ANY)
		return read_number("/proc/meminfo", "MemAvailable:", kib) == 0
			       ? 0
			       : err_say(err, ENOENT,
					 "/proc/meminfo does not say "
					 "MemAvailable: is /proc mounted?");
	snprintf(path, sizeof(path), NODES "/node%d/meminfo", node);
	snprintf(key, sizeof(key), "Node %d MemFree:", node);
	if (read_number(path, key, kib) < 0)
		return err_say(err, ENOENT, "%s does not say MemFree", path);
	snprintf(key, sizeof(key), "Node %d Inactive(file):", node);
	(void)read_number(path, key, &cached);
	*kib += cached;
	return 0;
}

static int check_memory(uint64_t leases, int node, struct err *err)
{
	uint64_t available;

	int r = memory_available(node, &available, err);
	if (r < 0)
		return r;
	/* One part in 64 more: what the kernel needs to keep track of it. */
	uint64_t needed = leases * (LAB_EXTENT_SIZE / MIB);
	needed += needed / 64;
	if (needed <= available / 1024)
		return 0;
	return err_say(err, ENOMEM,
		       "%" PRIu64
		       " MiB of memory are needed%s, the host has %" PRIu64
		       " MiB available: make the pool smaller",
		       needed, where(node).text, available / 1024);
}

int backing_check(enum lab_backing backing, uint64_t leases, int node,
		  struct err *err)
{
	if (leases == 0)
		return 0;
	if (backing == LAB_BACKING_HUGETLB)
		return check_huge_pages(leases, node, err);
	int r = check_memory(leases, node, err);
	if (r == 0 && backing == LAB_BACKING_THP)
		r = try_transparent(node);
	else
		return r;
	return r != -EINVAL
		       ? r
		       : err_say(err, EOPNOTSUPP,
				 "this kernel gives memory files no "
				 "transparent huge pages (see /sys/kernel/mm/"
				 "transparent_hugepage/shmem_enabled): choose "
				 "another backing");
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
static int make_small_pages(int fd, void *pages)
{
	if (fallocate(fd, 0, 0, LAB_EXTENT_SIZE) < 0 ||
	    madvise(pages, LAB_EXTENT_SIZE, MADV_POPULATE_WRITE) < 0)
		return -errno;
	return 0;
}

/* Did the one page that was touched bring all the others along? */
static bool is_one_page(void *pages)
{
	unsigned char there[LAB_EXTENT_PAGES];
	int count = 0;

	if (mincore(pages, LAB_EXTENT_SIZE, there) < 0)
		return false;
	while (count < LAB_EXTENT_PAGES && (there[count] & 1) != 0)
		count++;
	return count == LAB_EXTENT_PAGES;
}

/*
 * Touch one page, which the kernel makes a huge one where shmem_enabled lets
 * it (`advise' does). Where it did not, have the file collapsed into one, which
 * asks nobody but `deny'. So a page of 2 MiB is seen, not assumed.
 */
static int make_one_page(void *pages)
{
	int tries = 0, r;

	if (madvise(pages, LAB_EXTENT_SIZE, MADV_HUGEPAGE) < 0 ||
	    madvise(pages, LAB_PAGE_SIZE, MADV_POPULATE_WRITE) < 0)
		return -errno;
	if (is_one_page(pages))
		return 0;
	do {
		r = madvise(pages, LAB_EXTENT_SIZE, MADV_COLLAPSE);
	} while (r < 0 && errno == EAGAIN && ++tries < COLLAPSE_TRIES);
	if (r < 0)
		return -errno;
	return is_one_page(pages) ? 0 : -ENOMEM;
}

/* Where a huge page can be mapped: aligned, amid address space of ours. */
struct view_of {
	void *reserved;
	void *pages;
};

static int map_aligned(int fd, struct view_of *view)
{
	const uintptr_t size = LAB_EXTENT_SIZE;

	view->reserved =
		mmap(NULL, 2 * size, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (view->reserved == MAP_FAILED)
		return -errno;
	uintptr_t at = ((uintptr_t)view->reserved + size - 1) & ~(size - 1);
	view->pages = mmap((void *)at, size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED, fd, 0);
	if (view->pages != MAP_FAILED)
		return 0;
	int r = -errno;
	munmap(view->reserved, 2 * size);
	return r;
}

/* Resident; and where is it, if that matters? */
static int make_resident(int fd, enum lab_backing backing, int node)
{
	struct view_of view;

	/* Of a guest_memfd pool it only keeps the room; see backing.h. */
	bool whole = backing == LAB_BACKING_HUGETLB ||
		     backing == LAB_BACKING_GUEST_MEMFD;

	if (whole && fallocate(fd, 0, 0, LAB_EXTENT_SIZE) < 0)
		return -errno;
	if (whole && node == NUMA_ANY)
		return 0;
	int r = map_aligned(fd, &view);
	if (r < 0)
		return r;
	if (backing == LAB_BACKING_SHMEM)
		r = make_small_pages(fd, view.pages);
	else if (backing == LAB_BACKING_THP)
		r = make_one_page(view.pages);
	if (r == 0 && node != NUMA_ANY && numa_node_of(view.pages) != node)
		r = -ENOMEM; /* the kernel found it elsewhere */
	munmap(view.reserved, 2 * LAB_EXTENT_SIZE);
	return r;
}

static int create(enum lab_backing backing, const char *name, int node)
{
	cleanup_close int fd = make_memfd(backing, name);

	if (fd < 0)
		return fd;
	if (ftruncate(fd, LAB_EXTENT_SIZE) < 0)
		return -errno;
	int r = make_resident(fd, backing, node);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	return steal_fd(&fd);
}

int backing_create(enum lab_backing backing, const char *name)
{
	return create(backing, name, NUMA_ANY);
}

int backing_create_on(int node, enum lab_backing backing, const char *name)
{
	if (node == NUMA_ANY)
		return create(backing, name, node);
	int r = numa_bind(node);
	if (r < 0)
		return r;
	int fd = create(backing, name, node);
	/* Other memory of ours may lie anywhere: this cannot fail. */
	(void)numa_bind(NUMA_ANY);
	return fd;
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
