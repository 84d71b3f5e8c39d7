/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/heard.h"

#include "base/log.h"
#include "base/probe.h"
#include "hcall/balance.h"
#include "hcall/notice.h"

static void on_reclaim(void *context, uint64_t leases,
		       enum lab_lease_level level)
{
	struct hcall_guest *guest = context;

	PROBE(heard_reclaim, leases, level);
	spin_lock(&guest->lock);
	/* The broker says anew what it wants; it does not add it up. */
	guest->reclaim = leases;
	guest->reclaim_level = level;
	spin_unlock(&guest->lock);
}

static void on_pressure(void *context, enum lab_lease_level level,
			uint64_t available)
{
	struct hcall_guest *guest = context;

	(void)available;
	PROBE(heard_pressure, level);
	spin_lock(&guest->lock);
	guest->pool_level = level;
	guest->held_off = false;
	if (level == LAB_LEASE_LEVEL_NONE)
		guest->reclaim = 0;
	balance_changed(guest);
	spin_unlock(&guest->lock);
}

static void on_revoking(void *context, uint64_t lease, uint32_t ms)
{
	struct hcall_guest *guest = context;
	uint32_t extent;

	PROBE(heard_revoking, lease, ms);
	/* It may have gone back before the broker said so. */
	if (memory_find(guest->memory, lease, &extent) < 0 ||
	    memory_reason(guest->memory, extent) != 0)
		return;
	spin_lock(&guest->lock);
	if (ms > 0)
		notice_add(guest, lease, extent, ms);
	else
		notice_call_off(guest, lease);
	balance_changed(guest);
	spin_unlock(&guest->lock);
}

static void on_revoked(void *context, uint64_t lease, uint32_t reason)
{
	struct hcall_guest *guest = context;
	struct losses *losses = &guest->losses;

	PROBE(heard_revoked, lease, reason);
	spin_lock(&guest->lock);
	/* The broker waits for answers to so many. */
	if (losses->count < LAB_REVOKED_MAX) {
		losses->lease[losses->count] = lease;
		losses->reason[losses->count++] =
			reason > UINT8_MAX ? UINT8_MAX : (uint8_t)reason;
	}
	spin_unlock(&guest->lock);
}

static void on_limit(void *context, uint64_t leases)
{
	struct hcall_guest *guest = context;
	struct memory *memory = guest->memory;
	uint64_t most = memory->ram + memory->window;

	spin_lock(&guest->lock);
	/* There is room for so many in its window, whatever is said. */
	guest->limit = leases < most ? leases : most;
	guest->held_off = false;
	balance_changed(guest);
	spin_unlock(&guest->lock);
}

struct client_events heard_events(struct hcall_guest *guest)
{
	return (struct client_events){.reclaim = on_reclaim,
				      .pressure = on_pressure,
				      .revoking = on_revoking,
				      .revoked = on_revoked,
				      .limit = on_limit,
				      .context = guest};
}

/*
 * A lease is gone. What lay idle in it is missed by nobody; of what was granted
 * a touch stops the guest, with the reason.
 */
static void lose(struct hcall_guest *guest, const struct lease_source *source,
		 uint64_t lease, uint8_t reason)
{
	struct memory *memory = guest->memory;
	uint32_t extent;

	/* It may have gone back before the broker took it. */
	if (memory_find(memory, lease, &extent) < 0)
		return;
	spin_lock(&guest->lock);
	bool in_window = extent >= memory->ram;
	uint32_t n = extent - memory->ram;
	bool idle = in_window && window_remove(guest->window, n) == 0;
	if (in_window && !idle)
		window_lose(guest->window, n);
	notice_end(guest, lease);
	spin_unlock(&guest->lock);
	if (idle)
		memory_unmap(memory, extent);
	else
		memory_taken(memory, extent, reason);
	source->put(source->context, lease);
	log_warning("guest `%s`: the broker took a lease%s", guest->name,
		    idle ? ", which lay idle" : " with grants in it");
	spin_lock(&guest->lock);
	balance_changed(guest);
	spin_unlock(&guest->lock);
}

void heard_losses(struct hcall_guest *guest, const struct lease_source *source)
{
	spin_lock(&guest->lock);
	struct losses losses = guest->losses;
	guest->losses.count = 0;
	spin_unlock(&guest->lock);
	for (unsigned int i = 0; i < losses.count; i++)
		lose(guest, source, losses.lease[i], losses.reason[i]);
}

void heard_hangup(struct hcall_guest *guest, const struct lease_source *source)
{
	struct memory *memory = guest->memory;

	for (uint32_t i = 0; i < memory->ram + memory->window; i++)
		if (memory_present(memory, i) &&
		    memory_reason(memory, i) == 0 &&
		    !memory_readable(memory, i))
			lose(guest, source, memory_lease(memory, i),
			     MEMORY_DROPPED);
}
