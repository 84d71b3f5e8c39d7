/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/grant.h"

#include <errno.h>
#include <string.h>

#include "base/probe.h"
#include "hcall/balance.h"
#include "hcall/demand.h"
#include "hcall/handlers.h"
#include "machine/gpa.h"

int grant_check_flags(uint64_t gfp)
{
	uint64_t context = gfp & LAB_GFP_CONTEXTS;

	/* Is every bit known? */
	if (gfp & ~(uint64_t)LAB_GFP_ALL)
		return -EINVAL;
	/* Is it exactly one context? */
	if (context == 0 || (context & (context - 1)) != 0)
		return -EINVAL;
	/* Is it something to put off? */
	if (gfp & LAB_GFP_ASYNC && context != LAB_GFP_KERNEL)
		return -EINVAL;
	return 0;
}

bool grant_injected(struct hcall_guest *guest, uint64_t gfp, uint64_t order,
		    uint64_t count)
{
	bool fails = fail_any(&guest->fail, LAB_FAIL_HYPERCALL, (unsigned)order,
			      count, (gfp & LAB_GFP_KERNEL) != 0);

	if (fails) {
		tally_failed(guest->tally, gfp);
		fail_calls(guest);
	}
	return fails;
}

int grant_check_context(const struct hcall_guest *guest,
			const struct vcpu_call *call, uint64_t gfp)
{
	/* Does it want an event, and has it said where to? */
	if (gfp & LAB_GFP_ASYNC)
		return guest->events.status == NULL ? -EINVAL : 0;
	/* Does it wait where it must not? */
	return gfp & LAB_GFP_KERNEL && !call->may_sleep ? -EDEADLK : 0;
}

/* Which must be told of, and of what. */
static void note_failure(struct hcall_guest *guest, uint64_t gfp,
			 uint64_t order, uint64_t count)
{
	tally_failed(guest->tally, gfp);
	if (!failure_counts(gfp))
		return;
	if (guest->failure.untold) {
		guest->failure.more++;
		return;
	}
	guest->failure = (struct failure){
		.untold = true,
		.gfp = gfp,
		.order = order,
		.count = count,
		.free = window_unused(guest->window),
		.min = guest->marks.min,
		.leases = balance_held(guest),
		.limit = guest->limit,
	};
	balance_wake(guest);
}

int grant_take(struct hcall_guest *guest, uint64_t gfp, uint64_t order,
	       uint64_t count, uint32_t *pages)
{
	int r = demand_take(guest, gfp, (unsigned int)order, count, pages);

	/* A later answer is no failure yet. */
	if (r < 0 && r != -EAGAIN)
		note_failure(guest, gfp, order, count);
	return r;
}

void grant_prepare(struct hcall_guest *guest, uint64_t gfp, uint32_t page,
		   unsigned int order)
{
	if (gfp & LAB_GFP_ZERO)
		memset(gpa_page_host(guest->memory, page), 0,
		       LAB_PAGE_SIZE << order);
}

int64_t hcall_grant(struct hcall_guest *guest, const struct vcpu_call *call)
{
	uint64_t gfp = call->args[0];
	uint64_t order = call->args[1];
	uint32_t page;

	int r = grant_check_flags(gfp);
	if (r < 0)
		return r;
	if (order > LAB_MAX_ORDER)
		return -ERANGE;
	r = grant_check_context(guest, call, gfp);
	if (r < 0)
		return r;
	if (grant_injected(guest, gfp, order, 1))
		return -ENOMEM;

	r = grant_take(guest, gfp, order, 1, &page);
	if (r < 0)
		return r;
	grant_prepare(guest, gfp, page, (unsigned int)order);
	tally_granted(guest->tally, gfp, 1);
	PROBE(grant_taken, page, order);
	return (int64_t)gpa_of_page(page);
}

int64_t grant_page_of(const struct hcall_guest *guest, uint64_t gpa,
		      uint64_t order)
{
	/* Is there such an order? */
	if (order > LAB_MAX_ORDER)
		return -ERANGE;
	/* Does the address lie in the window? */
	int64_t page = gpa_to_page(guest->memory, gpa);
	if (page < 0)
		return page;
	/* Could a block of this order begin there? */
	if ((gpa & ((LAB_PAGE_SIZE << order) - 1)) != 0)
		return -EDOM;
	return page;
}

int64_t hcall_release(struct hcall_guest *guest, const struct vcpu_call *call)
{
	uint64_t order = call->args[1];
	int64_t page = grant_page_of(guest, call->args[0], order);

	if (page < 0)
		return page;
	uint32_t first = (uint32_t)page;
	int r = window_release(guest->window, (unsigned int)order, 1, &first);
	if (r < 0)
		return r;
	guest->tally->releases++;
	PROBE(grant_released, page, order);
	balance_changed(guest);
	return 0;
}
