/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/demand.h"

#include <errno.h>
#include <stddef.h>

#include "hcall/balance.h"

/* From what is held, leaving what these flags must leave. */
static int take_held(struct hcall_guest *guest, uint64_t gfp,
		     unsigned int order, uint64_t count, uint32_t *pages)
{
	uint32_t floor = reserve_floor(&guest->marks, gfp);

	int r = window_grant(guest->window, order, (unsigned int)count, floor,
			     pages);
	if (r < 0)
		return r;
	/* What was announced has been fetched. */
	if (guest->later[order].announced)
		want_leave(&guest->wants, &guest->later[order]);
	balance_granted(guest);
	return 0;
}

/* Sleep until the supplier has something to say to this want. */
static void sleep_on(struct hcall_guest *guest, struct want *want)
{
	balance_wake(guest);
	spin_unlock(&guest->lock);
	while (sem_wait(want->looks) < 0 && errno == EINTR)
		;
	spin_lock(&guest->lock);
	want->told = false;
}

/* It got nothing: because others were faster, or because the table lies? */
static void note_miss(const struct hcall_guest *guest, struct want *want)
{
	bool enough =
		balance_fits(guest, want->order, want->count, guest->marks.min);

	want->misses = enough ? want->misses + 1 : 0;
}

static uint64_t deadline(const struct hcall_guest *guest, uint64_t gfp)
{
	uint64_t now = want_now();

	return gfp & LAB_GFP_NORETRY ? now : now + guest->kernel_timeout;
}

static int wait_for(struct hcall_guest *guest, uint64_t gfp, unsigned int order,
		    uint64_t count, uint32_t *pages)
{
	sem_t looks;
	struct want want = {.order = order,
			    .count = count,
			    .deadline = deadline(guest, gfp),
			    .looks = &looks};
	int r = -ENOMEM;

	sem_init(&looks, 0, 0);
	want_join(&guest->wants, &want);
	while (r < 0 && want.id != 0 && !atomic_load(&guest->over)) {
		sleep_on(guest, &want);
		/* Another vCPU may have used what came, or released some. */
		r = take_held(guest, gfp, order, count, pages);
		if (r < 0)
			note_miss(guest, &want);
	}
	want_leave(&guest->wants, &want);
	sem_destroy(&looks);
	return r < 0 && want.error != 0 ? want.error : r;
}

/* One want for each order: the largest count is what all can begin with. */
static int want_later(struct hcall_guest *guest, uint64_t gfp,
		      unsigned int order, uint64_t count)
{
	struct want *want = &guest->later[order];

	if (balance_at_limit(guest) || guest->gone)
		return balance_dry(guest);
	if (want->id == 0)
		*want = (struct want){.order = order};
	if (want->count < count)
		want->count = count;
	want->announced = false;
	want->deadline = deadline(guest, gfp);
	if (want->id == 0)
		want_join(&guest->wants, want);
	balance_wake(guest);
	return -EAGAIN;
}

int demand_take(struct hcall_guest *guest, uint64_t gfp, unsigned int order,
		uint64_t count, uint32_t *pages)
{
	bool may_wait = gfp & LAB_GFP_KERNEL && !(gfp & LAB_GFP_ASYNC);
	bool skip =
		fail_any(&guest->fail, LAB_FAIL_LOCAL, order, count, may_wait);

	int r = skip ? -ENOMEM : take_held(guest, gfp, order, count, pages);
	if (r == 0)
		return 0;
	if (gfp & LAB_GFP_ASYNC)
		return want_later(guest, gfp, order, count);
	/* At its limit, releasing is what helps, not waiting. */
	if (!may_wait || (!skip && balance_at_limit(guest)))
		return balance_dry(guest);
	return wait_for(guest, gfp, order, count, pages);
}

void demand_settle(struct hcall_guest *guest)
{
	sem_t looks;
	struct want want = {.looks = &looks};

	sem_init(&looks, 0, 0);
	do {
		want_join(&guest->wants, &want);
		while (want.id != 0 && !atomic_load(&guest->over))
			sleep_on(guest, &want);
		want_leave(&guest->wants, &want);
	} while (guest->busy && !atomic_load(&guest->over));
	sem_destroy(&looks);
}

void demand_end(struct hcall_guest *guest)
{
	for (struct want *w = guest->wants.first; w != NULL; w = w->next)
		want_tell(w);
}
