/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "hcall/balance.h"
#include "hcall/handlers.h"
#include "machine/gpa.h"

int64_t hcall_version(struct hcall_guest *guest, const struct vcpu_call *call)
{
	(void)guest;
	(void)call;
	return LAB_ABI_VERSION;
}

int64_t hcall_features(struct hcall_guest *guest, const struct vcpu_call *call)
{
	(void)call;
	return guest->features;
}

int64_t hcall_query(struct hcall_guest *guest, const struct vcpu_call *call)
{
	const struct lab_tally *tally = guest->tally;
	struct window_own own = window_own(guest->window);
	struct lab_counts counts = {0};
	uint64_t size = call->args[1];

	if (size == 0)
		return -E2BIG;
	/* A newer guest may ask for more than there is. */
	if (size > sizeof(counts))
		size = sizeof(counts);
	void *to =
		gpa_to_host(guest->memory, guest->window, call->args[0], size);
	if (to == NULL)
		return -EFAULT;
	counts.leases = balance_held(guest);
	counts.leases_guarantee = guest->guarantee;
	counts.leases_limit = guest->limit;
	counts.pages_granted = window_granted(guest->window);
	counts.pages_free = window_unused(guest->window);
	counts.grants = tally_grants(tally) + own.grants;
	counts.grants_failed = tally_failures(tally);
	counts.releases = tally->releases + own.releases;
	counts.mistakes = tally->mistakes;
	counts.calls = tally->calls;
	counts.refills = tally->refills;
	counts.pages_min = guest->marks.min;
	counts.pages_low = guest->marks.low;
	counts.pages_high = guest->marks.high;
	counts.events = guest->events.now.events;
	memcpy(to, &counts, size);
	return (int64_t)size;
}

int64_t hcall_inspect(struct hcall_guest *guest, const struct vcpu_call *call)
{
	int64_t page = gpa_to_page(guest->memory, call->args[0]);

	if (page < 0)
		return page;
	return window_inspect(guest->window, (uint32_t)page);
}
