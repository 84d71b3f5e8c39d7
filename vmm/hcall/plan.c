/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/plan.h"

#include <errno.h>
#include <stddef.h>

#include "hcall/balance.h"
#include "hcall/notice.h"

static void finish(struct hcall_guest *guest, struct want *want, int error)
{
	want->error = error;
	want_leave(&guest->wants, want);
	if (want->looks != NULL)
		want_tell(want);
	else if (!want->announced)
		event_raise(&guest->events, LAB_EVENT_REFUSED);
	want->count = 0;
}

/* It is there; and stays for as long as it would have been waited for. */
static void announce(struct hcall_guest *guest, struct want *want, uint64_t now)
{
	want->announced = true;
	want->deadline = now + guest->kernel_timeout;
	event_raise(&guest->events, LAB_EVENT_READY);
}

void plan_refused(struct plan *self, int error)
{
	struct hcall_guest *guest = self->guest;
	struct want *want = guest->wants.first;

	guest->busy = false;
	guest->dry = true;
	if (self->asked_for == 0)
		guest->held_off = true;
	while (want != NULL && want->id != self->asked_for)
		want = want->next;
	/* It may have been served meanwhile by what others released. */
	if (want != NULL)
		finish(guest, want, error == -EDQUOT ? -EDQUOT : -ENOMEM);
	balance_changed(guest);
}

/*
 * When a want need not be thought of any more. Whose time is over does not
 * wait along with one who has more of it, and whose question is under way.
 */
static uint64_t end_of(const struct plan *self, const struct want *want)
{
	const struct hcall_guest *guest = self->guest;
	uint64_t prompt = self->asked_at + PLAN_PROMPT;
	bool behind =
		guest->busy && self->patient && want->id != self->asked_for;

	/* What was announced waits for no answer. */
	if (want->announced)
		return want->deadline;
	if (behind)
		return want->deadline > prompt ? want->deadline : prompt;
	return want->deadline + (guest->away ? 0 : PLAN_GRACE);
}

static bool fits(const struct hcall_guest *guest, const struct want *want)
{
	return want->misses < PLAN_MISSES &&
	       balance_fits(guest, want->order, want->count, guest->marks.min);
}

/* Tell each want that can be served, or whose time is over. */
static void serve(struct plan *self, uint64_t now)
{
	struct hcall_guest *guest = self->guest;
	struct want *next;

	for (struct want *w = guest->wants.first; w != NULL; w = next) {
		next = w->next;
		if (w->count == 0) {
			if (!guest->busy)
				finish(guest, w, 0);
		} else if ((guest->gone && !fits(guest, w)) ||
			   now > end_of(self, w)) {
			finish(guest, w, -ENOMEM);
		} else if (fits(guest, w)) {
			want_tell(w);
			if (w->looks == NULL && !w->announced)
				announce(guest, w, now);
		}
	}
}

/* The first want that what is held does not serve. */
static struct want *first_unmet(const struct hcall_guest *guest)
{
	struct want *w = guest->wants.first;

	while (w != NULL && (w->announced || w->count == 0 || fits(guest, w)))
		w = w->next;
	return w;
}

/* Ask on behalf of this want, if it does not come to its end instead. */
static void ask_for(struct plan *self, struct want *want, uint64_t now,
		    struct task *task)
{
	struct hcall_guest *guest = self->guest;
	int error = 0;

	if (balance_at_limit(guest))
		error = -EDQUOT;
	else if (fail_should(&guest->fail, LAB_FAIL_LEASE, LAB_MAX_ORDER, true))
		error = -ENOMEM;
	if (error != 0) {
		finish(guest, want, error);
		return;
	}
	uint64_t left = want->deadline > now ? want->deadline - now : 0;
	*task = (struct task){.what = ASK, .wait_ms = (uint32_t)left};
	self->asked_for = want->id;
	self->asked_at = now;
	self->patient = left > 0;
}

struct task plan_ahead(struct plan *self)
{
	struct hcall_guest *guest = self->guest;

	self->asked_for = 0;
	self->patient = false;
	if (fail_should(&guest->fail, LAB_FAIL_REFILL, LAB_MAX_ORDER, false) ||
	    fail_should(&guest->fail, LAB_FAIL_LEASE, LAB_MAX_ORDER, false)) {
		plan_refused(self, -ENOMEM);
		return (struct task){.what = NOTHING};
	}
	return (struct task){.what = ASK};
}

/* What is about to be taken goes first, and waits for nothing. */
static bool answer_notice(struct hcall_guest *guest, struct task *task)
{
	/* What is free may have been granted while we looked. */
	if (notice_answer(guest, &task->extent) < 0 ||
	    window_remove(guest->window, task->extent) < 0)
		return false;
	notice_given(guest, task->extent);
	task->what = GIVE;
	task->beside = guest->busy;
	guest->busy = true;
	return true;
}

struct task plan_next(struct plan *self, uint64_t now)
{
	struct hcall_guest *guest = self->guest;
	struct task task = {.what = NOTHING};
	struct want *unmet;

	balance_look(guest);
	serve(self, now);
	if (answer_notice(guest, &task) || guest->busy)
		return task;
	if (balance_has_surplus(guest) &&
	    window_spare(guest->window, &task.extent) == 0 &&
	    /* No longer granted nor free: nobody touches it any more. */
	    window_remove(guest->window, task.extent) == 0)
		task.what = GIVE;
	while (task.what == NOTHING && !guest->gone && !guest->away &&
	       (unmet = first_unmet(guest)) != NULL)
		ask_for(self, unmet, now, &task);
	if (task.what == NOTHING && balance_wants_refill(guest))
		task = plan_ahead(self);
	guest->busy = task.what != NOTHING;
	return task;
}

void plan_arrived(struct plan *self, uint32_t extent)
{
	struct hcall_guest *guest = self->guest;

	window_add(guest->window, extent);
	for (struct want *w = guest->wants.first; w != NULL; w = w->next)
		w->misses = 0;
	guest->tally->refills += self->asked_for == 0;
	guest->tally_cpus[guest->mover].refilled += self->asked_for == 0;
	guest->busy = false;
	guest->dry = false;
	balance_changed(guest);
}

void plan_given(struct plan *self, const struct task *task)
{
	struct hcall_guest *guest = self->guest;

	guest->busy = task->beside;
	guest->tally_cpus[guest->mover].reclaimed++;
	if (guest->reclaim > 0)
		guest->reclaim--;
	balance_changed(guest);
}

uint64_t plan_end(const struct plan *self)
{
	const struct hcall_guest *guest = self->guest;
	uint64_t end = UINT64_MAX;

	for (const struct want *w = guest->wants.first; w != NULL; w = w->next)
		if (w->count > 0 && end_of(self, w) < end)
			end = end_of(self, w);
	return end;
}
