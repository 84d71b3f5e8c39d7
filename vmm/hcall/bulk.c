/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "hcall/balance.h"
#include "hcall/grant.h"
#include "hcall/handlers.h"
#include "machine/gpa.h"

/* Where the call's array lies, or NULL. */
static void *array_of(const struct hcall_guest *guest, uint64_t gpa,
		      uint64_t count)
{
	return gpa_to_host(guest->memory, guest->window, gpa,
			   count * sizeof(uint64_t));
}

static void release_all(struct hcall_guest *guest, unsigned int order,
			uint64_t count, const uint32_t *pages)
{
	for (uint64_t i = 0; i < count; i++)
		window_release(guest->window, order, 1, &pages[i]);
}

/*
 * Zero them, letting others have the lock between two blocks: a gigabyte is
 * no short section. A guest that releases a block before it was told of it
 * gets what it asked for.
 */
static void prepare_all(struct hcall_guest *guest, uint64_t gfp,
			unsigned int order, uint64_t count,
			const uint32_t *pages)
{
	if (!(gfp & LAB_GFP_ZERO))
		return;
	for (uint64_t i = 0; i < count; i++) {
		if (window_inspect(guest->window, pages[i]) == (int)order)
			grant_prepare(guest, gfp, pages[i], order);
		spin_unlock(&guest->lock);
		spin_lock(&guest->lock);
	}
}

int64_t hcall_grant_bulk(struct hcall_guest *guest,
			 const struct vcpu_call *call)
{
	uint64_t gfp = call->args[0];
	uint64_t order = call->args[1];
	uint64_t count = call->args[2];
	uint64_t addresses[LAB_BULK_MAX];
	uint32_t pages[LAB_BULK_MAX];

	int r = grant_check_flags(gfp);
	if (r < 0)
		return r;
	if (order > LAB_MAX_ORDER)
		return -ERANGE;
	if (count == 0 || count > LAB_BULK_MAX)
		return -E2BIG;
	if (array_of(guest, call->args[3], count) == NULL)
		return -EFAULT;
	r = grant_check_context(guest, call, gfp);
	if (r < 0)
		return r;
	if (grant_injected(guest, gfp, order, count))
		return -ENOMEM;

	r = grant_take(guest, gfp, order, count, pages);
	if (r < 0)
		return r;
	/* Another vCPU may have released the buffer while this one waited. */
	uint8_t *array = array_of(guest, call->args[3], count);
	if (array == NULL) {
		release_all(guest, (unsigned int)order, count, pages);
		balance_changed(guest);
		return -EFAULT;
	}
	for (uint64_t i = 0; i < count; i++)
		addresses[i] = gpa_of_page(pages[i]);
	memcpy(array, addresses, count * sizeof(uint64_t));
	tally_granted(guest->tally, gfp, count);
	prepare_all(guest, gfp, (unsigned int)order, count, pages);
	return 0;
}

int64_t hcall_release_bulk(struct hcall_guest *guest,
			   const struct vcpu_call *call)
{
	uint64_t order = call->args[0];
	uint64_t count = call->args[1];
	uint64_t addresses[LAB_BULK_MAX];
	uint32_t pages[LAB_BULK_MAX];

	if (order > LAB_MAX_ORDER)
		return -ERANGE;
	if (count == 0 || count > LAB_BULK_MAX)
		return -E2BIG;
	const uint8_t *array = array_of(guest, call->args[2], count);
	if (array == NULL)
		return -EFAULT;
	memcpy(addresses, array, count * sizeof(uint64_t));
	for (uint64_t i = 0; i < count; i++) {
		int64_t page = grant_page_of(guest, addresses[i], order);
		if (page < 0)
			return page;
		pages[i] = (uint32_t)page;
	}
	int r = window_release(guest->window, (unsigned int)order,
			       (unsigned int)count, pages);
	if (r < 0)
		return r;

	guest->tally->releases += count;
	balance_changed(guest);
	return 0;
}
