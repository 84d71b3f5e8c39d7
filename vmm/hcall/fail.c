/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "hcall/demand.h"
#include "hcall/handlers.h"
#include "machine/gpa.h"

/* The attributes and what a newer guest may have appended to them. */
union request {
	struct lab_fail attr;
	uint8_t bytes[LAB_PAGE_SIZE];
};

/* Is all that this VMM does not know left at its default? */
static bool tail_is_zero(const union request *request, uint64_t size)
{
	for (uint64_t i = sizeof(request->attr); i < size; i++)
		if (request->bytes[i] != 0)
			return false;
	return true;
}

void fail_calls(struct hcall_guest *guest)
{
	bool any = fail_is_armed(&guest->fail, LAB_FAIL_HYPERCALL) ||
		   fail_is_armed(&guest->fail, LAB_FAIL_LOCAL);

	__atomic_store_n(&guest->window->share.head->flags,
			 any ? LAB_SHARE_CALL : 0, __ATOMIC_SEQ_CST);
}

int64_t hcall_fail(struct hcall_guest *guest, const struct vcpu_call *call)
{
	union request request;
	uint64_t size = call->args[2];

	/* Is it a size that any version has? */
	if (size < sizeof(request.attr) || size > sizeof(request))
		return -E2BIG;
	const void *from =
		gpa_to_host(guest->memory, guest->window, call->args[1], size);
	if (from == NULL)
		return -EFAULT;
	memcpy(&request, from, size);
	if (!tail_is_zero(&request, size))
		return -E2BIG;
	/* What is under way counts for what was set before. */
	demand_settle(guest);
	guest->held_off = false;
	/* Is there such a path, and may it have these? */
	int r = fail_set(&guest->fail, call->args[0], &request.attr);
	fail_calls(guest);
	return r;
}
