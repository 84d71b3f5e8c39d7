/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/transfer.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "base/probe.h"
#include "hcall/balance.h"
#include "machine/gpa.h"

static int map_lease(struct plan *plan, struct lease *lease, bool fails)
{
	struct hcall_guest *guest = plan->guest;
	uint32_t absent;
	struct err err;

	spin_lock(&guest->lock);
	int r = window_absent(guest->window, &absent);
	spin_unlock(&guest->lock);
	if (r < 0 || fails) {
		close(lease->fd);
		return -ENOMEM;
	}
	r = memory_map(guest->memory,
		       memory_window_extent(guest->memory, absent), lease,
		       &err);
	if (r < 0) {
		log_warning("a lease is given back: %s", err.text);
		return -ENOMEM;
	}
	vm_pre_fault(guest->vm, gpa_of_page(absent * LAB_EXTENT_PAGES),
		     LAB_EXTENT_SIZE);
	spin_lock(&guest->lock);
	plan_arrived(plan, absent);
	spin_unlock(&guest->lock);
	PROBE(transfer_added, absent);
	return 0;
}

void transfer_in(struct plan *plan, const struct lease_source *source,
		 struct lease *lease)
{
	struct hcall_guest *guest = plan->guest;

	spin_lock(&guest->lock);
	bool fails = fail_should(&guest->fail, LAB_FAIL_MAP, LAB_MAX_ORDER,
				 plan->asked_for != 0);
	spin_unlock(&guest->lock);
	if (map_lease(plan, lease, fails) == 0)
		return;
	source->put(source->context, lease->id);
	spin_lock(&guest->lock);
	plan_refused(plan, -ENOMEM);
	spin_unlock(&guest->lock);
}

void transfer_out(struct plan *plan, const struct lease_source *source,
		  const struct task *task)
{
	struct hcall_guest *guest = plan->guest;

	PROBE(transfer_removed, task->extent);
	uint64_t id =
		memory_unmap(guest->memory,
			     memory_window_extent(guest->memory, task->extent));

	source->put(source->context, id);
	spin_lock(&guest->lock);
	plan_given(plan, task);
	spin_unlock(&guest->lock);
}

void transfer_prime(struct plan *plan, const struct lease_source *source)
{
	struct hcall_guest *guest = plan->guest;
	struct lease lease;

	balance_changed(guest);
	while (balance_wants_refill(guest)) {
		if (plan_ahead(plan).what == NOTHING)
			continue;
		int r = source->get(source->context, &lease);
		if (r == 0)
			transfer_in(plan, source, &lease);
		else
			plan_refused(plan, r);
	}
}
