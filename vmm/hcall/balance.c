/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/balance.h"

#include <errno.h>
#include <sys/eventfd.h>

#include "hcall/notice.h"

bool balance_fits(const struct hcall_guest *guest, unsigned int order,
		  uint64_t count, uint32_t floor)
{
	return window_fits(guest->window, order, count, floor);
}

uint64_t balance_held(const struct hcall_guest *guest)
{
	return (uint64_t)guest->memory->ram + guest->window->leases;
}

bool balance_at_limit(const struct hcall_guest *guest)
{
	uint32_t absent;

	return balance_held(guest) >= guest->limit ||
	       window_absent(guest->window, &absent) < 0;
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
	uint32_t spares = window_spares(guest->window);

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
	       window_unused(guest->window) >=
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
					 window_unused(guest->window));
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
	/* Nobody wakes it again if this is lost. (EAGAIN: it is awake.) */
	while (guest->wake >= 0 && eventfd_write(guest->wake, 1) < 0 &&
	       errno != EAGAIN)
		;
}

/* Who was told by an event waits for nothing more. */
static bool somebody_may_be_served(const struct hcall_guest *guest)
{
	const struct want *w = guest->wants.first;

	while (w != NULL && w->announced)
		w = w->next;
	return w != NULL;
}

/* Which side of its marks is the guest on? True if it should hear of it. */
static bool note_marks(struct hcall_guest *guest)
{
	uint64_t unused = window_unused(guest->window);

	if (unused <= guest->marks.low)
		guest->refilling = true;
	if (unused >= guest->marks.high)
		guest->refilling = false;
	return note_levels(guest);
}

/* After which releases there may be something to do. */
static struct release_mark {
	bool armed;
	int64_t unused; /* pages, at least */
	int64_t spares; /* extents, at least */
} release_mark(const struct hcall_guest *guest)
{
	int64_t high = guest->marks.high;
	bool asked = guest->reclaim > 0 &&
		     guest->reclaim_level == LAB_LEASE_LEVEL_CRITICAL;

	if (somebody_may_be_served(guest) || guest->notices.count > 0)
		return (struct release_mark){true, 0, 0};
	if (guest->own_level != LAB_LEVEL_NONE || guest->refilling)
		return (struct release_mark){true, asked ? 0 : high, 0};
	if (balance_held(guest) <= guest->guarantee || guest->away)
		return (struct release_mark){.armed = false};
	if (asked || over_limit(guest))
		return (struct release_mark){true, 0, 1};
	return (struct release_mark){true, high + LAB_EXTENT_PAGES,
				     guest->reclaim > 0 ? 1 : 2};
}

/*
 * What the guest is to kick for when it grants and releases by itself. The
 * marks first: who finds a word armed has the marks that belong to it.
 */
static void arm(struct hcall_guest *guest)
{
	struct lab_share *words = guest->window->share.head;
	struct release_mark mark = release_mark(guest);

	guest->low_armed = window_unused(guest->window) > guest->marks.low ||
			   guest->held_off;
	__atomic_store_n(&words->low_at, guest->marks.low, __ATOMIC_RELAXED);
	__atomic_store_n(&words->release_at, mark.unused, __ATOMIC_RELAXED);
	__atomic_store_n(&words->spares_at, mark.spares, __ATOMIC_RELAXED);
	guest->release_armed = mark.armed;
	__atomic_store_n(&words->arm_low, guest->low_armed, __ATOMIC_SEQ_CST);
	__atomic_store_n(&words->arm_release, mark.armed, __ATOMIC_SEQ_CST);
}

static bool taken(bool armed, const uint32_t *word)
{
	return armed && __atomic_load_n(word, __ATOMIC_RELAXED) == 0;
}

/* Did the guest take a word since it was armed: who, and for what? */
static void note_kick(struct hcall_guest *guest)
{
	const struct lab_share *words = guest->window->share.head;
	bool low = taken(guest->low_armed, &words->arm_low);
	bool release = taken(guest->release_armed, &words->arm_release);
	uint32_t who = __atomic_load_n(&words->kicker, __ATOMIC_RELAXED);

	/* Below low each grant is a reason to ask again. */
	if (low)
		guest->held_off = false;
	if ((low || release) && who < guest->cpus)
		guest->mover = who;
}

/* Note what is so: is there something to do? */
static bool look(struct hcall_guest *guest)
{
	uint32_t ignored;

	note_kick(guest);
	bool changed = note_marks(guest);
	arm(guest);
	/* What happened before a word was armed came with no kick. */
	changed = note_marks(guest) || changed;
	guest->tally->level = guest->own_level;
	return changed || balance_wants_refill(guest) ||
	       balance_has_surplus(guest) || guest->failure.untold ||
	       notice_answer(guest, &ignored) == 0;
}

void balance_look(struct hcall_guest *guest)
{
	(void)look(guest);
}

void balance_changed(struct hcall_guest *guest)
{
	if (look(guest) || somebody_may_be_served(guest))
		balance_wake(guest);
}

void balance_granted(struct hcall_guest *guest)
{
	/* Below low each grant is a reason to ask again. */
	if (window_unused(guest->window) <= guest->marks.low)
		guest->held_off = false;
	/* It serves nobody who waits. */
	if (look(guest))
		balance_wake(guest);
}
