/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's side of getting leases: takes pages from those that are held, and
 * where these do not do, waits for the supplier, or has an event sent.
 * guest->lock is held by every caller; who waits lets go of it meanwhile.
 */
#ifndef LABYRINTH_HCALL_DEMAND_H
#define LABYRINTH_HCALL_DEMAND_H

#include <stdint.h>

#include "hcall/guest.h"

/*
 * Take count blocks for a call with these flags, which are coherent and may
 * wait if they say so. 0 and pages[]; or nothing changed and
 *   -EDQUOT  not enough is held, and the guest holds its limit;
 *   -ENOMEM  not enough is held, and no more to be had, or not in time;
 *   -EAGAIN  LAB_GFP_ASYNC: an event will say when to ask again.
 */
int demand_take(struct hcall_guest *guest, uint64_t gfp, unsigned int order,
		uint64_t count, uint32_t *pages);

/*
 * Wait until the supplier has nothing left to do: no lease is on its way when
 * it returns, and none will be before something happens.
 */
void demand_settle(struct hcall_guest *guest);

/* The guest is over: whoever waits need not any more. */
void demand_end(struct hcall_guest *guest);

#endif
