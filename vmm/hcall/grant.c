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

/* memory_map() into the window; its descriptor is closed in any case. */
static int map_lease(struct hcall_guest *guest, uint32_t absent,
		     struct lease *lease)
{
	uint32_t extent = memory_window_extent(guest->memory, absent);
	struct err err;

	if (fail_should(&guest->fail, LAB_FAIL_MAP, LAB_MAX_ORDER, true)) {
		close(lease->fd);
		return -ENOMEM;
	}
	int r = memory_map(guest->memory, extent, lease, &err);
	if (r < 0)
		log_warning("a lease is given back: %s", err.text);
	return r;
}

int grant_lease(struct hcall_guest *guest)
{
	struct lease lease;
	uint32_t absent;

	if (guest->memory->held >= guest->limit ||
	    frames_absent(guest->frames, &absent) < 0)
		return -EDQUOT;
	if (fail_should(&guest->fail, LAB_FAIL_LEASE, LAB_MAX_ORDER, true))
		return -ENOMEM;
	int r = guest->source.get(guest->source.context, &lease);
	if (r < 0)
		return r == -EDQUOT ? -EDQUOT : -ENOMEM;
	r = map_lease(guest, absent, &lease);
	if (r < 0) {
		guest->source.put(guest->source.context, lease.id);
		return -ENOMEM;
	}
	vcpu_pre_fault(guest->vcpu, gpa_of_page(absent * LAB_EXTENT_PAGES),
		       LAB_EXTENT_SIZE);
	frames_add(guest->frames, absent);
	return 0;
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
	uint32_t spare;

	while (guest->memory->held > guest->guarantee &&
	       frames_spares(guest->frames) > 1 &&
	       frames_spare(guest->frames, &spare) == 0) {
		frames_remove(guest->frames, spare);
		uint64_t id = memory_unmap(
			guest->memory,
			memory_window_extent(guest->memory, spare));
		guest->source.put(guest->source.context, id);
	}
}

int64_t hcall_grant(struct hcall_guest *guest, const uint64_t args[4])
{
	uint64_t gfp = args[0];
	uint64_t order = args[1];
	uint32_t page;

	int r = grant_check_flags(gfp);
	if (r < 0)
		return r;
	if (order > LAB_MAX_ORDER)
		return -ERANGE;
	if (grant_injected(guest, gfp, order, 1))
		return -ENOMEM;

	r = frames_grant(guest->frames, (unsigned int)order, &page);
	if (r == -ENOMEM && (gfp & LAB_GFP_KERNEL)) {
		r = grant_lease(guest);
		if (r == 0)
			r = frames_grant(guest->frames, (unsigned int)order,
					 &page);
	} else if (r == -ENOMEM) {
		r = grant_dry(guest);
	}
	if (r < 0) {
		guest->counts.grants_failed++;
		return r;
	}
	grant_prepare(guest, gfp, page, (unsigned int)order);
	guest->counts.grants++;
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

int64_t hcall_release(struct hcall_guest *guest, const uint64_t args[4])
{
	uint64_t order = args[1];
	int64_t page = grant_page_of(guest, args[0], order);

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
