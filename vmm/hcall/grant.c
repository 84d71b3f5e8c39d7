/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/grant.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
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
	return 0;
}

bool grant_injected(struct hcall_guest *guest, uint64_t gfp, uint64_t order,
		    uint64_t count)
{
	for (uint64_t i = 0; i < count && guest->fail.armed; i++) {
		if (!fail_should(&guest->fail, LAB_FAIL_GRANT, (unsigned)order,
				 gfp & LAB_GFP_KERNEL))
			continue;
		guest->counts.grants_failed++;
		return true;
	}
	return false;
}

int grant_may_wait(const struct vcpu_call *call, uint64_t gfp)
{
	if (!(gfp & LAB_GFP_KERNEL))
		return 0;
	return call->may_sleep ? 1 : -EDEADLK;
}

/* Does this path of the guest fail now, as it was told to? */
static bool lease_injected(struct hcall_guest *guest, unsigned int path)
{
	spin_lock(&guest->lock);
	bool fails = fail_should(&guest->fail, path, LAB_MAX_ORDER, true);
	spin_unlock(&guest->lock);
	return fails;
}

/* Get one lease and map it into the window; `leasing` held, `lock` not. */
static int map_lease(struct hcall_guest *guest, uint32_t absent)
{
	struct lease lease;
	struct err err;

	if (lease_injected(guest, LAB_FAIL_LEASE))
		return -ENOMEM;
	int r = guest->source.get(guest->source.context, &lease);
	if (r < 0)
		return r == -EDQUOT ? -EDQUOT : -ENOMEM;
	if (lease_injected(guest, LAB_FAIL_MAP)) {
		close(lease.fd);
	} else {
		uint32_t extent = memory_window_extent(guest->memory, absent);
		r = memory_map(guest->memory, extent, &lease, &err);
		if (r == 0)
			return 0;
		log_warning("a lease is given back: %s", err.text);
	}
	guest->source.put(guest->source.context, lease.id);
	return -ENOMEM;
}

/* Unmap what is free above the guarantee; both locks held. */
static void give_back(struct hcall_guest *guest)
{
	uint32_t spare;

	while (guest->memory->held > guest->guarantee &&
	       frames_spares(guest->frames) > (guest->reclaim > 0 ? 0 : 1) &&
	       frames_spare(guest->frames, &spare) == 0) {
		/* No longer granted nor free: nobody touches it any more. */
		frames_remove(guest->frames, spare);
		spin_unlock(&guest->lock);
		uint64_t id = memory_unmap(
			guest->memory,
			memory_window_extent(guest->memory, spare));
		guest->source.put(guest->source.context, id);
		if (guest->reclaim > 0)
			guest->reclaim--;
		spin_lock(&guest->lock);
	}
}

/*
 * Bring one lease into the window; `leasing` held, `lock` not. Pre-faulted on
 * this vCPU, if there is one: that can be done from its own thread only.
 */
static int add_lease(struct hcall_guest *guest, struct vcpu *vcpu)
{
	uint32_t absent;

	spin_lock(&guest->lock);
	int r = 0;
	if (guest->memory->held >= guest->limit ||
	    frames_absent(guest->frames, &absent) < 0)
		r = -EDQUOT;
	spin_unlock(&guest->lock);
	if (r == 0)
		r = map_lease(guest, absent);
	if (r == 0 && vcpu != NULL)
		vcpu_pre_fault(vcpu, gpa_of_page(absent * LAB_EXTENT_PAGES),
			       LAB_EXTENT_SIZE);
	spin_lock(&guest->lock);
	if (r == 0)
		frames_add(guest->frames, absent);
	spin_unlock(&guest->lock);
	return r;
}

int grant_lease(struct hcall_guest *guest, struct vcpu *vcpu)
{
	spin_unlock(&guest->lock);
	pthread_mutex_lock(&guest->leasing);
	int r = add_lease(guest, vcpu);
	spin_lock(&guest->lock);
	if (r < 0)
		give_back(guest); /* what others released meanwhile */
	pthread_mutex_unlock(&guest->leasing);
	return r;
}

void grant_late(struct hcall_guest *guest)
{
	/* Refused, too late as well, or not wanted: there is nobody to tell. */
	(void)add_lease(guest, NULL);
}

void grant_answer_reclaim(struct hcall_guest *guest)
{
	give_back(guest);
}

int grant_dry(const struct hcall_guest *guest)
{
	return guest->memory->held >= guest->limit ? -EDQUOT : -ENOMEM;
}

void grant_prepare(struct hcall_guest *guest, uint64_t gfp, uint32_t page,
		   unsigned int order)
{
	if (gfp & LAB_GFP_ZERO)
		memset(gpa_page_host(guest->memory, page), 0,
		       LAB_PAGE_SIZE << order);
}

void grant_give_back(struct hcall_guest *guest)
{
	if (pthread_mutex_trylock(&guest->leasing) != 0)
		return;
	give_back(guest);
	pthread_mutex_unlock(&guest->leasing);
}

/* One block, with as many leases as it takes if the call may wait. */
static int take_one(struct hcall_guest *guest, struct vcpu *vcpu,
		    unsigned int order, bool may_wait, uint32_t *page)
{
	for (;;) {
		int r = frames_grant(guest->frames, order, page);
		if (r != -ENOMEM)
			return r;
		if (!may_wait)
			return grant_dry(guest);
		/* Another vCPU may use the new lease up before us. */
		r = grant_lease(guest, vcpu);
		if (r < 0)
			return r;
	}
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
	int may_wait = grant_may_wait(call, gfp);
	if (may_wait < 0)
		return may_wait;
	if (grant_injected(guest, gfp, order, 1))
		return -ENOMEM;

	r = take_one(guest, call->vcpu, (unsigned int)order, may_wait != 0,
		     &page);
	if (r < 0) {
		guest->counts.grants_failed++;
		return r;
	}
	grant_prepare(guest, gfp, page, (unsigned int)order);
	guest->counts.grants++;
	/* What others released while this one spoke with the broker. */
	if (may_wait)
		grant_give_back(guest);
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
	int r = frames_check_release(guest->frames, (uint32_t)page,
				     (unsigned int)order);
	if (r < 0)
		return r;
	frames_release(guest->frames, (uint32_t)page, (unsigned int)order);
	guest->counts.releases++;
	grant_give_back(guest);
	return 0;
}
