/* SPDX-License-Identifier: MIT */
/*
 * What the calls of one guest work on. Made by the program, which owns every
 * part of it; the handlers borrow.
 *
 * `lock` is held for short sections that never sleep; what the window says
 * has a lease stays mapped while it is held. Leases come and go by one thread
 * alone, the supplier (hcall/supply.h); a vCPU that wants one waits for it.
 */
#ifndef LABYRINTH_HCALL_GUEST_H
#define LABYRINTH_HCALL_GUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/hypercall.h>

#include "base/spin.h"
#include "hcall/event.h"
#include "hcall/failure.h"
#include "hcall/kicks.h"
#include "hcall/tally.h"
#include "hcall/want.h"
#include "machine/memory.h"
#include "machine/vm.h"
#include "mem/fail.h"
#include "mem/reserve.h"
#include "mem/window.h"

/* Leases that the broker took, and of which nothing was done yet. */
struct losses {
	uint64_t lease[LAB_REVOKED_MAX]; /* ids */
	uint8_t reason[LAB_REVOKED_MAX]; /* enum lab_revoke_reason */
	unsigned int count;
};

/* Leases that the broker is about to take: hcall/notice.h. */
struct notices {
	struct notice {
		bool stands;
		uint64_t lease;	 /* id */
		uint32_t extent; /* of the window; UINT32_MAX: none of it */
	} notice[LAB_NOTICES];	 /* in the slot of the guest's structure */
	unsigned int count;
	unsigned int given; /* others in place of so many of them */
};

struct hcall_guest {
	struct memory *memory;
	struct vm *vm;
	const char *name;
	uint64_t guarantee;	 /* leases */
	uint64_t limit;		 /* leases */
	uint32_t kernel_timeout; /* ms that LAB_GFP_KERNEL may wait */
	uint32_t features;	 /* LAB_FEATURE_* */
	unsigned int cpus;
	int console;	    /* descriptor that console text goes to */
	int output;	    /* descriptor of the output file; -1 without */
	int wake;	    /* eventfd of the supplier */
	struct kicks kicks; /* by which the guest wakes it */
	struct reserve marks;

	struct spin lock; /* for what follows */
	struct window *window;
	struct fail fail;	 /* what fails though nothing is wrong */
	struct want_queue wants; /* who waits for leases */
	struct want later[LAB_MAX_ORDER + 1]; /* of LAB_GFP_ASYNC, by order */
	struct events events;
	struct failure failure;
	bool woken;	    /* the supplier was, and has not looked yet */
	bool busy;	    /* a lease is on its way here, or back */
	bool refilling;	    /* from low on, until high is reached */
	bool dry;	    /* the latest lease was refused, none came since */
	bool held_off;	    /* no refill before the next grant below low */
	bool low_armed;	    /* it is to kick below low */
	bool release_armed; /* it is to kick after a release */
	/* The processor that moved the books last: by a call, or a kick. */
	unsigned int mover;
	bool gone;	  /* the broker is, for good */
	bool away;	  /* the broker is, and another may come */
	uint64_t reclaim; /* leases that the broker asks back */
	struct losses losses;
	struct notices notices;
	enum lab_lease_level reclaim_level;
	enum lab_lease_level pool_level; /* as the broker said last */
	enum lab_level own_level;
	/* What this guest has done. Our own mapping, so only we write it. */
	struct lab_tally *tally;
	struct lab_tally_cpu *tally_cpus; /* LAB_CPUS_MAX */
	/* Set by LAB_HC_EXIT; `lock` held, or all vCPUs are joined. */
	bool ended;
	int status;

	atomic_bool over; /* every vCPU has ended or soon will */
};

#endif
