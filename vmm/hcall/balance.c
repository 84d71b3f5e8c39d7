/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/balance.h"

#include <errno.h>
#include <sys/eventfd.h>

#include "hcall/notice.h"

bool balance_fits(const struct hcall_guest *guest, unsigned int order,
		  uint64_t count, uint32_t floor)
{
	return frames_room(guest->frames, order) >= count &&
	       frames_unused(guest->frames) >= (count << order) + floor;
}

uint64_t balance_held(const struct hcall_guest *guest)
{
	return (uint64_t)guest->memory->ram + frames_leases(guest->frames);
}

bool balance_at_limit(const struct hcall_guest *guest)
{
	uint32_t absent;

	return balance_held(guest) >= guest->limit ||
	       frames_absent(guest->frames, &absent) < 0;
}

int balance_dry(const struct hcall_guest *guest)
{
	return balance_at_limit(guest) ? -EDQUOT : -ENOMEM;
}

/*
 * Above its guarantee a guest gets nothing ahead of demand while the pool is
 * under pressure: what is left is for those who need it.
 */
static bool pool_has_more(const struct hcall_guest *guest)
{
	return !guest->gone && !guest->away && !balance_at_limit(guest) &&
	       (balance_held(guest) < guest->guarantee ||
		guest->pool_level == LAB_LEASE_LEVEL_NONE);
}

bool balance_wants_refill(const struct hcall_guest *guest)
{
	return guest->refilling && !guest->held_off && pool_has_more(guest);
}

/* Who was told that there is enough may not have looked yet. */
static bool somebody_waits(const struct hcall_guest *guest)
{
	for (const struct want *w = guest->wants.first; w != NULL; w = w->next)
		if (w->count > 0)
			return true;
	return false;
}

/* Its limit was lowered below what it holds. */
static bool over_limit(const struct hcall_guest *guest)
{
	return balance_held(guest) > guest->limit;
}

/*
 * One that is wholly free stays, so that a guest at the border of a lease does
 * not flap; and so much more as the high mark says. But nothing above the
 * guarantee stays when another guest waits for it, and nothing at all above the
 * limit.
 */
bool balance_has_surplus(const struct hcall_guest *guest)
{
	uint32_t spares = frames_spares(guest->frames);

	if (balance_held(guest) <= guest->guarantee || spares == 0 ||
	    guest->away)
		return false;
	if (over_limit(guest))
		return true;
	if (somebody_waits(guest))
		return false;
	if (guest->reclaim > 0 &&
	    guest->reclaim_level == LAB_LEASE_LEVEL_CRITICAL)
		return true;
	return (spares > 1 || guest->reclaim > 0) &&
	       frames_unused(guest->frames) >=
		       (uint64_t)guest->marks.high + LAB_EXTENT_PAGES;
}

/*
 * At its low mark a guest need not mind as long as a refill may come; at min
 * it must, for what comes may come too late. The pool's level is about those
 * who want more than their guarantee.
 */
static bool note_levels(struct hcall_guest *guest)
{
	enum lab_level pool = LAB_LEVEL_NONE;

	guest->own_level = reserve_level(&guest->marks, guest->own_level,
					 frames_unused(guest->frames));
	enum lab_level own = guest->own_level;
	if (own == LAB_LEVEL_LOW && !guest->dry && pool_has_more(guest))
		own = LAB_LEVEL_NONE;
	if (over_limit(guest)) /* what is not given back will be taken */
		own = LAB_LEVEL_CRITICAL;
	if (guest->limit > guest->guarantee &&
	    balance_held(guest) >= guest->guarantee)
		pool = (enum lab_level)guest->pool_level;
	return event_levels(&guest->events, own, pool);
}

_Static_assert((int)LAB_LEVEL_NONE == (int)LAB_LEASE_LEVEL_NONE &&
		       (int)LAB_LEVEL_LOW == (int)LAB_LEASE_LEVEL_LOW &&
		       (int)LAB_LEVEL_CRITICAL == (int)LAB_LEASE_LEVEL_CRITICAL,
	       "levels of the two contracts");

void balance_wake(struct hcall_guest *guest)
{
	if (guest->woken)
		return;
	guest->woken = true;
	eventfd_write(guest->wake, 1);
}

/* Note on which side of its marks the guest is: is there something to do? */
static bool look(struct hcall_guest *guest)
{
	uint64_t unused = frames_unused(guest->frames);
	uint32_t ignored;

	if (unused <= guest->marks.low)
		guest->refilling = true;
	if (unused >= guest->marks.high)
		guest->refilling = false;
	bool changed = note_levels(guest);
	guest->tally->pages_granted = frames_granted(guest->frames);
	guest->tally->pages_free = unused;
	guest->tally->level = guest->own_level;
	return changed || balance_wants_refill(guest) ||
	       balance_has_surplus(guest) || guest->failure.untold ||
	       notice_answer(guest, &ignored) == 0;
}

/* Who was told by an event waits for nothing more. */
static bool somebody_may_be_served(const struct hcall_guest *guest)
{
	const struct want *w = guest->wants.first;

	while (w != NULL && w->announced)
		w = w->next;
	return w != NULL;
}

void balance_changed(struct hcall_guest *guest)
{
	if (look(guest) || somebody_may_be_served(guest))
		balance_wake(guest);
}

void balance_granted(struct hcall_guest *guest)
{
	/* Below low each grant is a reason to ask again. */
	if (frames_unused(guest->frames) <= guest->marks.low)
		guest->held_off = false;
	/* It serves nobody who waits. */
	if (look(guest))
		balance_wake(guest);
}
