/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

/* By whoever has the file but not our mapping. Linux 5.1. */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

int tally_open(struct tally *self, uint64_t bytes, struct err *err)
{
	uint64_t all = LAB_TALLY_SHARE + bytes;

	*self = TALLY_NONE;
	self->fd = memfd_create("labyrinth-tally",
				MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (self->fd < 0 || ftruncate(self->fd, (off_t)all) < 0)
		return err_set(err, errno, "make a file to count in");
	uint8_t *at = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED,
			   self->fd, 0);
	if (at == MAP_FAILED)
		return err_set(err, errno, "map a file to count in");
	self->page = (struct lab_tally *)at;
	self->cpus = (struct lab_tally_cpu *)(at + LAB_TALLY_CPUS);
	self->table = at + LAB_TALLY_SHARE;
	self->bytes = bytes;
	if (fcntl(self->fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE |
			  F_SEAL_SEAL) < 0)
		return err_set(err, errno, "seal a file to count in");
	return 0;
}

void tally_close(struct tally *self)
{
	if (self->page != NULL)
		munmap(self->page, LAB_TALLY_SHARE + self->bytes);
	if (self->fd >= 0)
		close(self->fd);
	*self = TALLY_NONE;
}

void tally_granted(struct lab_tally *self, uint64_t gfp, uint64_t count)
{
	if (gfp & LAB_GFP_ATOMIC)
		self->grants_atomic += count;
	else if (gfp & LAB_GFP_NOWAIT)
		self->grants_nowait += count;
	else
		self->grants_kernel += count;
}

void tally_failed(struct lab_tally *self, uint64_t gfp)
{
	if (gfp & LAB_GFP_ATOMIC)
		self->failed_atomic++;
	else if (gfp & LAB_GFP_NOWAIT)
		self->failed_nowait++;
	else
		self->failed_kernel++;
}

uint64_t tally_grants(const struct lab_tally *self)
{
	return self->grants_atomic + self->grants_nowait + self->grants_kernel;
}

uint64_t tally_failures(const struct lab_tally *self)
{
	return self->failed_atomic + self->failed_nowait + self->failed_kernel;
}
