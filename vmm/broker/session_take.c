/* SPDX-License-Identifier: MIT */
/* How leases leave a guest: asked for, given back, taken. */
#include <config.h>

#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "broker/session_private.h"

bool session_reclaim(struct session *self, uint32_t leases,
		     enum lab_lease_level level)
{
	struct lab_lease_msg message = {
		.reclaim = {.leases = leases, .level = level},
	};

	return channel_notify(&self->channel, &message, LAB_LEASE_RECLAIM);
}

/* Tell its VMM of what was taken, as far as there is room. All? */
static bool tell_taken(struct session *self)
{
	struct taken_lease *next;

	while (self->listens && (next = taken_untold(&self->taken)) != NULL) {
		struct lab_lease_msg message = {
			.revoked = {.lease = next->id, .reason = next->reason},
		};
		next->told = channel_notify(&self->channel, &message,
					    LAB_LEASE_REVOKED);
		if (!next->told)
			return false;
	}
	return true;
}

bool session_tell(struct session *self, enum lab_lease_level level)
{
	const struct ledger *ledger = pool_ledger(self->guest->pool);
	struct lab_lease_msg message = {
		.pressure = {.level = level,
			     .blank = ledger_count(ledger, EXTENT_BLANK),
			     .total = ledger_total(ledger),
			     .available = ledger_spare(ledger)},
	};

	bool all = tell_taken(self);
	if (!self->listens || self->told == level)
		return all;
	if (!channel_notify(&self->channel, &message, LAB_LEASE_PRESSURE))
		return false;
	self->told = level;
	return all;
}

/* Its own next turn is its last. */
static void cut_off(struct session *self)
{
	self->over = true;
	channel_cut(&self->channel);
	session_drop(self, "it does not answer that leases were taken");
}

/* Its newest lease that it is not to return already; or none. */
static uint32_t newest(const struct session *self)
{
	const struct account *account = &self->guest->account;
	const struct ledger *ledger = pool_ledger(self->guest->pool);
	uint32_t found = LEDGER_NO_EXTENT;

	if (self->guest->due == 0)
		return account->leases.last;
	for (uint32_t i = account->leases.first; i != LEDGER_NO_EXTENT;
	     i = ledger_next(ledger, i))
		if (!taken_has(&self->taken, ledger_lease_id(ledger, i)))
			found = i;
	return found;
}

void session_take(struct session *self, enum lab_revoke_reason reason)
{
	struct guest *guest = self->guest;
	struct pool *pool = guest->pool;
	uint32_t extent = newest(self);

	if (extent == LEDGER_NO_EXTENT)
		return;
	uint64_t id = ledger_lease_id(pool_ledger(pool), extent);
	bool noted = taken_add(&self->taken, id, reason);
	/* Told first, so that its VMM knows why, when a touch finds nothing;
	 * where there is no room for it now, it follows with its answers. */
	if (!tell_taken(self))
		pool_shortage(pool)->untold = true;
	/* What a touch would bring back is cut when its VMM has let go of it.
	 */
	if (pool_takes_files(pool))
		guest->due++;
	else
		pool_revoke(pool, extent, &guest->account);
	log_info("guest %s: lease %u was taken: %s", guest->name, extent,
		 reason == LAB_REVOKE_ADMIN
			 ? "an administrator said so"
			 : "it gave nothing back that others wait for");
	if (self->listens && !noted)
		cut_off(self);
}

uint64_t session_overdue(struct session *self, uint64_t now)
{
	if (self->over || self->guest->due == 0)
		return UINT64_MAX;
	uint64_t end = taken_since(&self->taken, now) + SESSION_RETURN_DEADLINE;
	if (now < end)
		return end;
	cut_off(self);
	return UINT64_MAX;
}

bool session_return(struct session *self, const struct lab_lease_msg *message)
{
	struct guest *guest = self->guest;
	uint64_t lease = message->returned.lease;
	uint32_t extent;

	/* It may have given it back before it heard that it was taken. */
	if (taken_remove(&self->taken, lease)) {
		tell_taken(self);
		if (guest->due == 0)
			return true;
		guest->due--;
	}
	int r = ledger_find(pool_ledger(guest->pool), lease, &guest->account,
			    &extent);
	if (r < 0)
		return session_drop(
			self,
			"it returns lease %lu.%lu, which it does not "
			"hold: %s",
			(unsigned long)(lease & UINT32_MAX),
			(unsigned long)(lease >> 32), strerror(-r));
	pool_revoke(guest->pool, extent, &guest->account);
	if (guest->urged > 0)
		guest->urged--;
	guest->owes_since = 0;
	return true;
}
