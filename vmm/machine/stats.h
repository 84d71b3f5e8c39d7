/* SPDX-License-Identifier: MIT */
/*
 * What KVM has counted of one vCPU, by its binary statistics: where each count
 * stands is asked of the kernel, by name. Costs nothing until the first
 * question. Knows no guest; for the thread that runs the vCPU, while it is out
 * of the guest.
 */
#ifndef LABYRINTH_MACHINE_STATS_H
#define LABYRINTH_MACHINE_STATS_H

#include <stdint.h>

/* The counts of interest. All only ever grow. */
enum stats_count {
	STATS_EXITS,  /* from the guest to KVM, for whatever reason */
	STATS_FAULTS, /* second-stage faults taken, in Linux 5.19 and newer */
	STATS_INTERRUPTS, /* exits because of an interrupt for the host */

	STATS_COUNTS
};

struct stats {
	int fd;			   /* -1 before the first question */
	uint64_t at[STATS_COUNTS]; /* where in it each count stands */
};

#define STATS_NONE ((struct stats){.fd = -1})

/*
 * Ask: each count into counts[]. `vcpu` is the vCPU's descriptor, used for the
 * first question. 0, or -ENODATA where this kernel does not count all of them
 * or no further descriptor can be had.
 */
int stats_read(struct stats *self, int vcpu, uint64_t counts[STATS_COUNTS]);

/*
 * Take a descriptor of statistics, which becomes self's in any case, and find
 * the counts in it. 0 or -ENODATA, self->fd being -1 then.
 */
int stats_adopt(struct stats *self, int fd);

void stats_close(struct stats *self);

#endif
