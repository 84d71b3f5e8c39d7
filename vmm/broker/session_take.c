/* SPDX-License-Identifier: MIT */
/* How leases leave a guest: asked for, given back, taken. */
#include <config.h>

#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/probe.h"
#include "broker/session_private.h"

bool session_reclaim(struct session *self, uint32_t leases,
		     enum lab_lease_level level)
{
	struct lab_lease_msg message = {
		.reclaim = {.leases = leases, .level = level},
	};

	PROBE(session_reclaim, self->guest->id, leases, level);
	return channel_notify(&self->channel, &message, LAB_LEASE_RECLAIM);
}

bool session_tell_taken(struct session *self)
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

/* Tell its VMM its limit, if that has moved and there is room. */
static bool tell_limit(struct session *self)
{
	uint32_t limit = self->guest->account.limit;
	struct lab_lease_msg message = {.limit.leases = limit};

	if (!self->listens || self->limit == limit)
		return true;
	if (!channel_notify(&self->channel, &message, LAB_LEASE_LIMIT))
		return false;
	self->limit = limit;
	return true;
}

bool session_tell(struct session *self, enum lab_lease_level level)
{
	const struct ledger *ledger = pool_ledger(self->guest->pool);
	struct lab_lease_msg message = {
		.pressure = {.level = level,
			     .blank = ledger_count(ledger, EXTENT_BLANK),
			     .total = ledger_size(ledger),
			     .available = ledger_spare(ledger)},
	};

	bool all = session_tell_taken(self) && tell_limit(self);
	if (!self->listens || self->told == level)
		return all;
	if (!channel_notify(&self->channel, &message, LAB_LEASE_PRESSURE))
		return false;
	self->told = level;
	PROBE(session_pressure, self->guest->id, level);
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
	const struct ledger *ledger = pool_ledger(self->guest->pool);
	uint32_t extent = self->guest->account.leases.last;

	while (extent != LEDGER_NO_EXTENT &&
	       taken_has(&self->taken, ledger_lease_id(ledger, extent)))
		extent = ledger_previous(ledger, extent);
	return extent;
}

void session_take(struct session *self, enum lab_revoke_reason reason)
{
	struct guest *guest = self->guest;
	struct pool *pool = guest->pool;
	const struct notice *notice = notices_first(&self->notices, reason);
	uint32_t extent = notice != NULL ? (uint32_t)notice->id : newest(self);

	if (extent == LEDGER_NO_EXTENT)
		return;
	uint64_t id = ledger_lease_id(pool_ledger(pool), extent);
	if (notices_end(&self->notices, id))
		PROBE(session_due, guest->id, id);
	bool noted = taken_add(&self->taken, id, reason);
	/* Told first, so that its VMM knows why, when a touch finds nothing;
	 * where there is no room for it now, it follows with its answers. */
	if (!session_tell_taken(self))
		pool_shortage(pool)->untold = true;
	PROBE(session_taking, guest->id, id, reason);
	/* What a touch would bring back is cut when its VMM has let go. */
	if (pool_takes_files(pool))
		guest->due++;
	else
		pool_revoke(pool, extent, &guest->account);
	log_client_info("guest %s: lease %u was taken: %s", guest->name, extent,
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

void session_kill(struct session *self)
{
	session_end(self);
	self->over = true;
	channel_cut(&self->channel);
}

bool session_return(struct session *self, const struct lab_lease_msg *message)
{
	struct guest *guest = self->guest;
	uint64_t lease = message->returned.lease;
	uint32_t extent;

	PROBE(session_return, guest->id, lease);
	/* It may have given it back before it heard that it was taken. */
	bool was_taken = taken_remove(&self->taken, lease);
	if (was_taken)
		session_tell_taken(self);
	if (was_taken && guest->due == 0)
		return true;
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
	if (was_taken) {
		guest->due--;
		return true;
	}
	if (guest->urged > 0)
		guest->urged--;
	guest->owes_since = 0;
	session_gave(self, lease);
	return true;
}
