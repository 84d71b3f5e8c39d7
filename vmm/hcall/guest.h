/* SPDX-License-Identifier: MIT */
/*
 * What the calls of one guest work on. Made by the program, which owns every
 * part of it; the handlers borrow.
 *
 * Two locks, `leasing` before `lock`. `lock` is held for short sections that
 * never sleep; a page that frames says is granted stays mapped while it is
 * held. `leasing` is held by the one vCPU that speaks with the broker, or maps
 * and unmaps leases, and may sleep.
 */
#ifndef LABYRINTH_HCALL_GUEST_H
#define LABYRINTH_HCALL_GUEST_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/hypercall.h>

#include "base/spin.h"
#include "machine/memory.h"
#include "mem/fail.h"
#include "mem/frames.h"
#include "mem/source.h"

struct hcall_guest {
	struct memory *memory;
	struct spin lock;
	struct frames *frames; /* of the window; `lock` held */
	pthread_mutex_t leasing;
	struct lease_source source; /* `leasing` held */
	uint64_t reclaim; /* leases that the broker asks back; `leasing` held */
	uint64_t guarantee; /* leases */
	uint64_t limit;	    /* leases */
	uint32_t features;  /* LAB_FEATURE_* */
	int console;	    /* descriptor that console text goes to */
	int output;	    /* descriptor of the output file; -1 without */
	struct fail fail; /* what fails though nothing is wrong; `lock` held */
	/* What this guest has done; the rest of the counts are derived.
	 * `lock` held. */
	struct lab_counts counts;
	atomic_bool over; /* every vCPU has ended or soon will */
	/* Set by LAB_HC_EXIT; `lock` held, or all vCPUs are joined. */
	bool ended;
	int status;
};

#endif
