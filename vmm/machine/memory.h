/* SPDX-License-Identifier: MIT */
/*
 * A guest's memory as the VMM maps it: one reservation of address space, an
 * extent of 2 MiB for each lease that the guest may ever hold. The first
 * extents are boot RAM (guest-physical 0), the rest are the window. Nothing is
 * readable until a lease is mapped into its extent. The only owner of
 * mappings of guest memory. Leases are mapped and unmapped by one thread at a
 * time (its callers see to that); everything may be asked by any.
 */
#ifndef LABYRINTH_MACHINE_MEMORY_H
#define LABYRINTH_MACHINE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "mem/source.h"

struct memory {
	uint8_t *base; /* 2 MiB-aligned start of boot RAM, then window */
	/* Lease ids + 1 by extent; 0 where none is mapped. Written by one
	 * thread at a time, read by any. */
	_Atomic uint64_t *ids;
	int *files;	       /* of guest_memfd, by extent; NULL: none is */
	uint32_t ram;	       /* extents of boot RAM */
	uint32_t window;       /* extents of the window */
	_Atomic uint32_t held; /* extents that hold a lease of ours */
	/* Why an extent's lease was taken (enum lab_revoke_reason), by extent;
	 * NULL while none was. Written by the thread that maps. */
	_Atomic(uint8_t *) reasons;
	void *reservation; /* what munmap() needs: base may lie inside */
	uint64_t reserved; /* bytes of it */
};

/* The process's exit status when a lease cannot be unmapped: there is no memory
 * for it in the kernel, and to go on would be to keep what is another's. */
#define MEMORY_EXIT_STUCK 126

/*
 * Reserve address space for `ram` + `window` extents. Nothing is mapped and
 * no memory is used but a table of 8 bytes for each extent.
 */
int memory_reserve(struct memory *self, uint32_t ram, uint32_t window,
		   struct err *err);

/*
 * Map a lease into an extent (0 = first of boot RAM) that has none: shared,
 * resident, locked where it could be swapped, not inherited, not dumped. The
 * lease's descriptor is taken over, and closed: the mapping is the key. (But
 * for a guest_memfd: its mapping cannot be opened, by which the next broker
 * knows a lease, so it is kept as long as that.) On failure the extent is as it
 * was and the lease should be given back.
 */
int memory_map(struct memory *self, uint32_t extent, struct lease *lease,
	       struct err *err);

/* Unmap an extent that holds a lease; returns the lease's id. */
uint64_t memory_unmap(struct memory *self, uint32_t extent);

/* Does this extent hold a lease? Out of range is false. */
bool memory_present(const struct memory *self, uint32_t extent);

/*
 * Does this extent hold a lease whose pages are there? A lease that the broker
 * took back is present and not readable. Makes a system call.
 */
bool memory_readable(const struct memory *self, uint32_t extent);

/* The lease id of an extent that holds one. */
uint64_t memory_lease(const struct memory *self, uint32_t extent);

/* The extent that holds this lease: 0, or -ENOENT. Looks at all of them. */
int memory_find(const struct memory *self, uint64_t lease, uint32_t *extent);

/*
 * The broker took the lease of this extent, for a reason (> 0). Its id stays,
 * so that a touch is told from one of a hole; its mapping does not: KVM takes a
 * mapping without a page behind it for one that is yet to be read from a disk,
 * and has a vCPU whose interrupts are on wait for it, for ever.
 */
void memory_taken(struct memory *self, uint32_t extent, uint8_t reason);

/* The reason of a lease that went because the broker hung up. */
#define MEMORY_DROPPED 0xff

/* Why it was taken; 0: it was not, or nobody said so. */
uint8_t memory_reason(const struct memory *self, uint32_t extent);

/* First byte of an extent, mapped or not. */
uint8_t *memory_extent(const struct memory *self, uint32_t extent);

/* The n-th extent of the window. */
static inline uint32_t memory_window_extent(const struct memory *self,
					    uint32_t n)
{
	return self->ram + n;
}

void memory_free(struct memory *self);

#endif
