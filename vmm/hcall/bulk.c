/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "hcall/grant.h"
#include "hcall/handlers.h"
#include "machine/gpa.h"

/* Where the call's array lies, or NULL. */
static void *array_of(const struct hcall_guest *guest, uint64_t gpa,
		      uint64_t count)
{
	return gpa_to_host(guest->memory, guest->frames, gpa,
			   count * sizeof(uint64_t));
}

/*
 * All blocks from what is held, or with as many more leases as it takes where
 * the context may wait. What was leased in vain goes back by give_back.
 */
static int take_all(struct hcall_guest *guest, uint64_t gfp, unsigned int order,
		    unsigned int count)
{
	for (;;) {
		int r = frames_grant_bulk(guest->frames, order, count,
					  guest->pages);
		if (r != -ENOMEM)
			return r;
		if (!(gfp & LAB_GFP_KERNEL))
			return grant_dry(guest);
		r = grant_lease(guest);
		if (r < 0) {
			grant_give_back(guest);
			return r;
		}
	}
}

int64_t hcall_grant_bulk(struct hcall_guest *guest, const uint64_t args[4])
{
	uint64_t gfp = args[0];
	uint64_t order = args[1];
	uint64_t count = args[2];

	int r = grant_check_flags(gfp);
	if (r < 0)
		return r;
	if (order > LAB_MAX_ORDER)
		return -ERANGE;
	if (count == 0 || count > LAB_BULK_MAX)
		return -E2BIG;
	uint8_t *array = array_of(guest, args[3], count);
	if (array == NULL)
		return -EFAULT;
	if (grant_injected(guest, gfp, order, count))
		return -ENOMEM;

	r = take_all(guest, gfp, (unsigned int)order, (unsigned int)count);
	if (r < 0) {
		guest->counts.grants_failed++;
		return r;
	}
	for (uint64_t i = 0; i < count; i++) {
		grant_prepare(guest, gfp, guest->pages[i], (unsigned int)order);
		guest->addresses[i] = gpa_of_page(guest->pages[i]);
	}
	memcpy(array, guest->addresses, count * sizeof(uint64_t));
	guest->counts.grants += count;
	return 0;
}

int64_t hcall_release_bulk(struct hcall_guest *guest, const uint64_t args[4])
{
	uint64_t order = args[0];
	uint64_t count = args[1];

	if (order > LAB_MAX_ORDER)
		return -ERANGE;
	if (count == 0 || count > LAB_BULK_MAX)
		return -E2BIG;
	const uint8_t *array = array_of(guest, args[2], count);
	if (array == NULL)
		return -EFAULT;
	memcpy(guest->addresses, array, count * sizeof(uint64_t));
	for (uint64_t i = 0; i < count; i++) {
		int64_t page = grant_page_of(guest, guest->addresses[i], order);
		if (page < 0)
			return page;
		guest->pages[i] = (uint32_t)page;
	}
	int r = frames_check_release_bulk(guest->frames, (unsigned int)order,
					  (unsigned int)count, guest->pages);
	if (r < 0)
		return r;

	for (uint64_t i = 0; i < count; i++)
		frames_release(guest->frames, guest->pages[i],
			       (unsigned int)order);
	guest->counts.releases += count;
	grant_give_back(guest);
	return 0;
}
