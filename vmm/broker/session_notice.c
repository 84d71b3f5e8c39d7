/* SPDX-License-Identifier: MIT */
/* What is said before a lease is taken, and who wants it taken. */
#include <config.h>

#include <errno.h>
#include <stddef.h>

#include "base/log.h"
#include "base/probe.h"
#include "broker/session_private.h"

#define US_PER_MS UINT64_C(1000)

static uint64_t lease_id(const struct session *self, uint32_t extent)
{
	return ledger_lease_id(pool_ledger(self->guest->pool), extent);
}

/* Is there nothing more to say of this lease? */
static bool is_spoken_for(const struct session *self, uint64_t lease)
{
	return notices_find(&self->notices, lease) != NULL ||
	       taken_has(&self->taken, lease);
}

/* Say of its newest lease that has no notice that it will be taken. */
static bool add_notice(struct session *self, enum lab_revoke_reason reason,
		       uint64_t due)
{
	const struct ledger *ledger = pool_ledger(self->guest->pool);
	uint32_t extent = self->guest->account.leases.last;

	if (!self->listens || !notices_room(&self->notices))
		return false;
	while (extent != LEDGER_NO_EXTENT &&
	       is_spoken_for(self, lease_id(self, extent)))
		extent = ledger_previous(ledger, extent);
	if (extent == LEDGER_NO_EXTENT)
		return false;
	notices_add(&self->notices, lease_id(self, extent), reason, due);
	return true;
}

/* As far as there is room. All? */
static bool tell(struct session *self, uint64_t now)
{
	struct notice *next;

	while ((next = notices_untold(&self->notices)) != NULL) {
		uint64_t left = next->due > now ? next->due - now : 0;
		uint32_t ms = (uint32_t)(left / US_PER_MS);
		struct lab_lease_msg message = {
			.revoking = {.lease = next->id},
		};
		if (!next->off) {
			message.revoking.reason = next->reason;
			message.revoking.ms = ms > 0 ? ms : 1;
		}
		if (!channel_notify(&self->channel, &message,
				    LAB_LEASE_REVOKING))
			return false;
		if (next->off)
			PROBE(session_spared, self->guest->id, next->id);
		else
			PROBE(session_revoking, self->guest->id, next->id, ms);
		notices_told(&self->notices, next);
	}
	return true;
}

uint64_t session_warn(struct session *self, enum lab_revoke_reason reason,
		      uint64_t due, uint64_t earliest)
{
	const struct notice *notice = notices_first(&self->notices, reason);
	uint64_t then = due > earliest ? due : earliest;

	if (notice != NULL)
		return notice->due;
	return add_notice(self, reason, then) ? then : due;
}

void session_spare(struct session *self, enum lab_revoke_reason reason)
{
	struct notice *notice;

	while ((notice = notices_first(&self->notices, reason)) != NULL)
		notices_call_off(&self->notices, notice);
}

/* Is it of a demand that it speaks? */
static bool is_demanded(const struct notice *notice)
{
	return notice != NULL && !notice->off &&
	       notice->reason == LAB_REVOKE_ADMIN;
}

void session_gave(struct session *self, uint64_t lease)
{
	struct demand *demand = &self->demand;
	bool demanded = is_demanded(notices_find(&self->notices, lease));
	struct notice *last;

	if (notices_end(&self->notices, lease)) {
		demand->given += demanded;
		log_info("guest %s: gave lease %u up in time",
			 self->guest->name, (uint32_t)lease);
	} else if (demand->on && demand->left > 0) {
		demand->left--;
		demand->given++;
	} else if ((last = notices_last(&self->notices)) != NULL) {
		/* It chose itself what it can do without. */
		log_info("guest %s: gave lease %u up in place of %u",
			 self->guest->name, (uint32_t)lease,
			 (uint32_t)last->id);
		demand->given += is_demanded(last);
		notices_call_off(&self->notices, last);
	} else {
		return;
	}
	PROBE(session_gave, self->guest->id, lease);
}

int session_demand(struct session *self, struct session *asker, uint32_t leases,
		   uint64_t due, struct err *err)
{
	if (self->demand.on)
		return err_say(err, EBUSY,
			       "leases are being taken from guest %s already",
			       self->guest->name);
	self->demand = (struct demand){
		.on = true,
		.left = leases,
		.total = leases,
		/* One that hears nothing would wait for nothing. */
		.due = self->listens ? due : 0,
		.asker = asker,
		.seq = asker->seq,
	};
	asker->asks = self;
	return 0;
}

/* Done: so many were given up or taken. */
static void finish(struct session *self, uint32_t leases)
{
	struct session *asker = self->demand.asker;
	struct lab_lease_msg message = {
		.taken = {.leases = leases, .given = self->demand.given},
	};

	if (asker != NULL) {
		session_answer(asker, &message, LAB_LEASE_TAKEN,
			       self->demand.seq, -1);
		/* One question for one connection. */
		asker->asks = NULL;
		asker->over = true;
		channel_cut(&asker->channel);
	}
	self->demand = (struct demand){0};
}

void session_quit(struct session *self)
{
	if (self->asks != NULL)
		self->asks->demand.asker = NULL;
	self->asks = NULL;
	/* All that it holds comes back. */
	if (self->demand.on)
		finish(self, self->demand.total);
}

/* By force: those that have a notice, then the newest. */
static void take_demanded(struct session *self, uint64_t now)
{
	struct demand *demand = &self->demand;
	bool patient = self->listens && now < demand->due + DEMAND_PATIENCE;

	while (!self->over && registry_kept(self->guest) > 0 &&
	       (!patient || taken_room(&self->taken))) {
		if (notices_first(&self->notices, LAB_REVOKE_ADMIN) == NULL) {
			if (demand->left == 0)
				return;
			demand->left--;
		}
		session_take(self, LAB_REVOKE_ADMIN);
	}
}

/* When there is something to do though its VMM says nothing. */
static uint64_t next_turn(const struct demand *demand, uint64_t now)
{
	uint64_t end = demand->due + DEMAND_PATIENCE;

	if (now < demand->due)
		return demand->due;
	return now < end ? end : UINT64_MAX;
}

/* Are all gone, and not only taken and still to be RETURNed? */
static bool is_met(struct session *self)
{
	if (self->guest->due > 0)
		return false;
	return self->guest->account.held == 0 ||
	       (self->demand.left == 0 &&
		notices_first(&self->notices, LAB_REVOKE_ADMIN) == NULL);
}

static uint64_t press_demand(struct session *self, uint64_t now)
{
	struct demand *demand = &self->demand;

	if (!demand->on || self->over)
		return UINT64_MAX;
	while (now < demand->due && demand->left > 0 &&
	       add_notice(self, LAB_REVOKE_ADMIN, demand->due))
		demand->left--;
	if (now >= demand->due)
		take_demanded(self, now);
	if (self->over)
		return UINT64_MAX;
	if (!is_met(self))
		return next_turn(demand, now);
	finish(self, demand->total - demand->left);
	return UINT64_MAX;
}

uint64_t session_press(struct session *self, uint64_t now)
{
	uint64_t wake = press_demand(self, now);

	if (self->over || (session_tell_taken(self) && tell(self, now)))
		return wake;
	/* Of what it was not told it can say nothing, by which to go on. */
	return wake < now + TELL_AGAIN ? wake : now + TELL_AGAIN;
}
