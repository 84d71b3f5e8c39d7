/* SPDX-License-Identifier: MIT */
/*
 * What the calls of one guest work on. Made by the program, which owns every
 * part of it; the handlers borrow.
 */
#ifndef LABYRINTH_HCALL_GUEST_H
#define LABYRINTH_HCALL_GUEST_H

#include <stdint.h>

#include <labyrinth/hypercall.h>

#include "machine/memory.h"
#include "machine/vcpu.h"
#include "mem/fail.h"
#include "mem/frames.h"
#include "mem/source.h"

struct hcall_guest {
	struct memory *memory;
	struct frames *frames; /* of the window */
	struct lease_source source;
	struct vcpu *vcpu;
	uint64_t guarantee; /* leases */
	uint64_t limit;	    /* leases */
	uint32_t features;  /* LAB_FEATURE_* */
	int console;	    /* descriptor that console text goes to */
	struct fail fail;   /* what is to fail though nothing is wrong */
	/* What this guest has done; the rest of the counts are derived. */
	struct lab_counts counts;
	/* Set by LAB_HC_EXIT. */
	bool ended;
	int status;
	/* One page of addresses, copied in from a bulk call's array. */
	uint64_t addresses[LAB_BULK_MAX];
	uint32_t pages[LAB_BULK_MAX];
};

#endif
