/* SPDX-License-Identifier: MIT */
/*
 * Whether a guest has too few leases or too many, by its watermarks, by what
 * its vCPUs wait for, and by what the broker says. Decides; does nothing but
 * to wake the supplier. guest->lock is held by every caller.
 */
#ifndef LABYRINTH_HCALL_BALANCE_H
#define LABYRINTH_HCALL_BALANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "hcall/guest.h"

/* Could count blocks be granted now, leaving `floor` free pages? */
bool balance_fits(const struct hcall_guest *guest, unsigned int order,
		  uint64_t count, uint32_t floor);

/* Should a lease be got ahead of demand? */
bool balance_wants_refill(const struct hcall_guest *guest);

/* Should a lease that is wholly free go back to the broker? */
bool balance_has_surplus(const struct hcall_guest *guest);

/*
 * Leases that the guest holds: its boot RAM, and those of the window that can
 * be granted from. One on its way here or back is not among them, though the
 * VMM maps it already or still; one of boot RAM that was taken is, for nothing
 * comes in its place.
 */
uint64_t balance_held(const struct hcall_guest *guest);

/* May the guest not hold one more? */
bool balance_at_limit(const struct hcall_guest *guest);

/* Why a grant that finds nothing fails: -EDQUOT at the limit, or -ENOMEM. */
int balance_dry(const struct hcall_guest *guest);

/*
 * Free pages became fewer (by a grant), or more; or the broker said something.
 * Notes the levels, and wakes the supplier if there is something to do for it:
 * for who waits, after a change only. Makes at most one system call, which does
 * not wait.
 */
void balance_granted(struct hcall_guest *guest);
void balance_changed(struct hcall_guest *guest);

/*
 * The supplier looks: notes what the guest has done by itself, and has it kick
 * where the VMM would want to know of it. Who asks something of the guest's
 * books that a grant or a release without a call may have changed looks first.
 */
void balance_look(struct hcall_guest *guest);

/* Have the supplier look. */
void balance_wake(struct hcall_guest *guest);

#endif
