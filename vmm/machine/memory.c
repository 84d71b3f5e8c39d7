/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/pages.h"
#include "base/probe.h"

#ifdef SANITIZED /* whose mlock() does nothing */
#define mlock(start, bytes) mlock2(start, bytes, 0)
#endif

/* So often a mapping is taken away that the kernel has no memory for. */
#define UNMAP_TRIES 8

int memory_reserve(struct memory *self, uint32_t ram, uint32_t window,
		   struct err *err)
{
	uint64_t extents = (uint64_t)ram + window;

	memset(self, 0, sizeof(*self));
	self->ids = calloc(extents, sizeof(*self->ids));
	if (self->ids == NULL)
		return err_set(err, ENOMEM, "cannot note %llu leases",
			       (unsigned long long)extents);
	/* One extent more, to align the rest. */
	self->reserved = (extents + 1) * LAB_EXTENT_SIZE;
	void *at = mmap(NULL, self->reserved, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED) {
		int code = errno;
		free((void *)self->ids);
		self->ids = NULL;
		return err_set(err, code,
			       "cannot reserve %llu MiB of address space",
			       (unsigned long long)self->reserved >> 20);
	}
	self->reservation = at;
	uintptr_t base = ((uintptr_t)at + LAB_EXTENT_SIZE - 1) &
			 ~(uintptr_t)(LAB_EXTENT_SIZE - 1);
	self->base = (uint8_t *)base;
	self->ram = ram;
	self->window = window;
	return 0;
}

uint8_t *memory_extent(const struct memory *self, uint32_t extent)
{
	assert(extent < self->ram + self->window);
	return self->base + (uint64_t)extent * LAB_EXTENT_SIZE;
}

/*
 * Take whatever lies there away: reserved, unreadable address space again. A
 * lease that cannot be let go of must not live on, nor may anything else come
 * to lie there: without memory for it, even after some tries, this is the end.
 */
static void reserve_again(uint8_t *at)
{
	for (int tries = 0; tries < UNMAP_TRIES; tries++) {
		if (mmap(at, LAB_EXTENT_SIZE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				 MAP_FIXED,
			 -1, 0) == at)
			return;
	}
	log_error("the guest was stopped: a lease cannot be unmapped: %s",
		  strerror(errno));
	_exit(MEMORY_EXIT_STUCK);
}

/* Mapped, but not yet private to this process as the contract wants. */
static int make_private(uint8_t *at, const struct lease *lease, struct err *err)
{
	if (madvise(at, LAB_EXTENT_SIZE, MADV_DONTFORK) < 0)
		return err_set(err, errno, "cannot keep a lease from forks");
	if (madvise(at, LAB_EXTENT_SIZE, MADV_DONTDUMP) < 0)
		return err_set(err, errno,
			       "cannot keep a lease out of core dumps");
	if (pages_lockable(lease->backing) && mlock(at, LAB_EXTENT_SIZE) < 0)
		return err_set(err, errno,
			       "cannot lock a lease in memory (raise the "
			       "limit `ulimit -l`, or give the pool huge "
			       "pages)");
	return 0;
}

static int keep_file(struct memory *self, uint32_t extent, int *fd,
		     struct err *err)
{
	uint32_t extents = self->ram + self->window;

	if (self->files == NULL) {
		self->files = malloc(extents * sizeof(*self->files));
		if (self->files == NULL)
			return err_set(err, ENOMEM, "keep the files of leases");
		for (uint32_t i = 0; i < extents; i++)
			self->files[i] = -1;
	}
	self->files[extent] = steal_fd(fd);
	return 0;
}

/* Unmapped before, so that there is no mapping without its descriptor. */
static void close_file(struct memory *self, uint32_t extent)
{
	if (self->files == NULL || self->files[extent] < 0)
		return;
	close(self->files[extent]);
	self->files[extent] = -1;
}

int memory_map(struct memory *self, uint32_t extent, struct lease *lease,
	       struct err *err)
{
	uint8_t *at = memory_extent(self, extent);
	cleanup_close int fd = steal_fd(&lease->fd);

	assert(self->ids[extent] == 0);
	void *mapped = mmap(at, LAB_EXTENT_SIZE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);
	int r = mapped == MAP_FAILED ? err_set(err, errno, "cannot map a lease")
				     : make_private(at, lease, err);
	if (r == 0 && lease->backing == LAB_BACKING_GUEST_MEMFD)
		r = keep_file(self, extent, &fd, err);
	if (r < 0) {
		reserve_again(at);
		return r;
	}
	self->ids[extent] = lease->id + 1;
	self->held++;
	PROBE(memory_mapped, extent, lease->id);
	return 0;
}

uint64_t memory_unmap(struct memory *self, uint32_t extent)
{
	uint64_t id = memory_lease(self, extent);

	reserve_again(memory_extent(self, extent));
	close_file(self, extent);
	self->ids[extent] = 0;
	self->held--;
	PROBE(memory_unmapped, extent, id);
	return id;
}

bool memory_present(const struct memory *self, uint32_t extent)
{
	return extent < self->ram + self->window && self->ids[extent] != 0;
}

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

bool memory_readable(const struct memory *self, uint32_t extent)
{
	/* Fails with EFAULT where a touch would be a SIGBUS. */
	return memory_present(self, extent) &&
	       madvise(memory_extent(self, extent), LAB_PAGE_SIZE,
		       MADV_POPULATE_READ) == 0;
}

uint64_t memory_lease(const struct memory *self, uint32_t extent)
{
	assert(memory_present(self, extent));
	return self->ids[extent] - 1;
}

int memory_find(const struct memory *self, uint64_t lease, uint32_t *extent)
{
	for (uint32_t i = 0; i < self->ram + self->window; i++) {
		if (self->ids[i] != lease + 1)
			continue;
		*extent = i;
		return 0;
	}
	return -ENOENT;
}

void memory_taken(struct memory *self, uint32_t extent, uint8_t reason)
{
	assert(memory_present(self, extent));
	/* Without memory for it, the reason is not told. */
	if (self->reasons == NULL)
		self->reasons = calloc((uint64_t)self->ram + self->window, 1);
	if (self->reasons != NULL)
		self->reasons[extent] = reason;
	reserve_again(memory_extent(self, extent));
	close_file(self, extent);
	self->held--;
	PROBE(memory_taken, extent, reason);
}

uint8_t memory_reason(const struct memory *self, uint32_t extent)
{
	const uint8_t *reasons = self->reasons;

	return reasons != NULL ? reasons[extent] : 0;
}

void memory_free(struct memory *self)
{
	free(self->reasons);
	if (self->reservation != NULL)
		munmap(self->reservation, self->reserved);
	for (uint32_t i = 0;
	     self->files != NULL && i < self->ram + self->window; i++)
		close_file(self, i);
	free(self->files);
	free((void *)self->ids);
	memset(self, 0, sizeof(*self));
}
