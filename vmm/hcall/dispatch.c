/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/dispatch.h"

#include <errno.h>
#include <stddef.h>

#include "hcall/demand.h"
#include "hcall/handlers.h"

/* The ABI carries Linux's numbers; the handlers return the host's. */
_Static_assert(LAB_EPERM == EPERM && LAB_ENOENT == ENOENT &&
		       LAB_ENXIO == ENXIO && LAB_E2BIG == E2BIG &&
		       LAB_ENOMEM == ENOMEM && LAB_EACCES == EACCES &&
		       LAB_EFAULT == EFAULT && LAB_EINVAL == EINVAL &&
		       LAB_EDOM == EDOM && LAB_ERANGE == ERANGE &&
		       LAB_EDEADLK == EDEADLK && LAB_ENOSYS == ENOSYS &&
		       LAB_EMSGSIZE == EMSGSIZE && LAB_EIO == EIO &&
		       LAB_EBADF == EBADF && LAB_ESTALE == ESTALE &&
		       LAB_EAGAIN == EAGAIN && LAB_EDQUOT == EDQUOT &&
		       LAB_ENODATA == ENODATA,
	       "errno numbers");

#define CALL(name) [LAB_HC_##name - LAB_HC_BASE]

static hcall_handler *const handlers[] = {
	CALL(VERSION) = hcall_version,
	CALL(FEATURES) = hcall_features,
	CALL(GRANT) = hcall_grant,
	CALL(RELEASE) = hcall_release,
	CALL(GRANT_BULK) = hcall_grant_bulk,
	CALL(RELEASE_BULK) = hcall_release_bulk,
	CALL(QUERY) = hcall_query,
	CALL(INSPECT) = hcall_inspect,
	CALL(CONSOLE) = hcall_console,
	CALL(EXIT) = hcall_exit,
	CALL(FAIL) = hcall_fail,
	CALL(OUTPUT) = hcall_output,
	CALL(EVENTS) = hcall_events,
	CALL(STATS) = hcall_stats,
};

/* What the host lacks is no mistake of the guest; INSPECT only asks. */
static bool is_mistake(uint64_t number, int64_t result)
{
	if (result >= 0 || result == -ENOMEM || result == -EDQUOT ||
	    result == -EIO || result == -EAGAIN || result == -ENODATA)
		return false;
	return number != LAB_HC_INSPECT;
}

/* For its processor: what it was granted by a call, and what it was not. */
static void count(struct hcall_guest *guest, const struct vcpu_call *call,
		  int64_t result)
{
	struct lab_tally_cpu *cpu = &guest->tally_cpus[call->vcpu->id];
	bool bulk = call->number == LAB_HC_GRANT_BULK;

	if (!bulk && call->number != LAB_HC_GRANT)
		return;
	if (result >= 0)
		cpu->slow += bulk ? call->args[2] : 1;
	else if (result == -ENOMEM || result == -EDQUOT)
		cpu->failed++;
}

bool hcall_dispatch(void *context, const struct vcpu_call *call,
		    int64_t *result)
{
	struct hcall_guest *guest = context;
	uint64_t index = call->number - LAB_HC_BASE;

	spin_lock(&guest->lock);
	guest->tally->calls++;
	guest->mover = call->vcpu->id;
	if (call->ring != 0)
		*result = -EPERM;
	else if (index >= sizeof(handlers) / sizeof(handlers[0]) ||
		 handlers[index] == NULL)
		*result = -ENOSYS;
	else
		*result = handlers[index](guest, call);
	count(guest, call, *result);
	if (is_mistake(call->number, *result))
		guest->tally->mistakes++;
	bool goes_on = !guest->ended;
	spin_unlock(&guest->lock);
	return goes_on;
}

void hcall_mistake(void *context)
{
	struct hcall_guest *guest = context;

	spin_lock(&guest->lock);
	guest->tally->mistakes++;
	spin_unlock(&guest->lock);
}

void hcall_ended(void *context)
{
	struct hcall_guest *guest = context;

	atomic_store(&guest->over, true);
	spin_lock(&guest->lock);
	demand_end(guest);
	spin_unlock(&guest->lock);
}
