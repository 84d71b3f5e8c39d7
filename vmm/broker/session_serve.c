/* SPDX-License-Identifier: MIT */
/* Who asked for a lease, and when it gets one. */
#include <config.h>

#include <errno.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/probe.h"
#include "base/stranger.h"
#include "broker/guest_memfd.h"
#include "broker/session_private.h"

#define US_PER_MS UINT64_C(1000)

static bool hand_over(struct session *self, uint64_t seq)
{
	struct guest *guest = self->guest;
	bool takes = pool_takes_files(guest->pool);
	struct err err;

	int r = takes ? pool_fund(guest->pool, steal_fd(&self->offered)) : 0;
	if (r < 0) {
		err_set(&err, -r, "make a lease of the file that came");
		return session_refuse(self, seq, &err);
	}
	uint32_t extent = pool_lease(guest->pool, &guest->account);
	struct lab_lease_msg message = {
		.leased.lease =
			ledger_lease_id(pool_ledger(guest->pool), extent),
	};

	/* Should it not arrive, the session ends and the lease is revoked. */
	bool sent = session_answer(self, &message, LAB_LEASE_LEASED, seq,
				   takes ? -1 : pool_file(guest->pool, extent));
	PROBE(session_leased, guest->id, message.leased.lease);
	return sent;
}

/*
 * Take the file that came with a LEASE, or did not: each pool has its way. One
 * that has pages was a lease before, of this guest or of another.
 */
static bool take_offer(struct session *self, int *fd)
{
	if (!pool_takes_files(self->guest->pool))
		return true;
	if (*fd < 0)
		return session_drop(self, "it asks for a lease and brings no "
					  "file for it");
	int r = guest_memfd_check(*fd);
	if (r == -EEXIST)
		return session_drop(self, "it brings a file for a lease that "
					  "is in use");
	if (r < 0)
		return session_drop(self, "it brings a file for a lease that "
					  "is no guest_memfd of 2 MiB");
	if (self->offered >= 0)
		stranger_close_file(self->offered);
	self->offered = steal_fd(fd);
	return true;
}

static bool refuse_lease(struct session *self, uint64_t seq,
			 enum ledger_answer why)
{
	const struct guest *guest = self->guest;
	const struct ledger *ledger = pool_ledger(guest->pool);
	struct err err;

	if (why == LEDGER_LIMIT)
		err_say(&err, EDQUOT, "guest %s holds its limit of %u leases",
			guest->name, guest->account.limit);
	else
		err_say(&err, ENOMEM,
			"pool %s has no lease for guest %s, which holds %u and "
			"is guaranteed %u: of its %u, %u are lent and %u "
			"promised to guests",
			pool_name(guest->pool), guest->name,
			guest->account.held, guest->account.guarantee,
			ledger_size(ledger),
			ledger_count(ledger, EXTENT_LEASED),
			ledger_promised(ledger));
	return session_refuse(self, seq, &err);
}

static struct session *session_of(struct waiter *waiter)
{
	return (void *)((char *)waiter - offsetof(struct session, waiter));
}

/* Is a lease due to it by its guarantee? */
static bool entitled(const struct session *self)
{
	return self->guest->account.held < self->guest->account.guarantee;
}

/*
 * Answer a waiting LEASE as the ledger says, or let it wait: for a scrub
 * without a deadline, for other guests until its own.
 */
static void serve(struct session *self, enum ledger_answer may, uint64_t now)
{
	struct waiter *waiter = &self->waiter;
	bool refused = may == LEDGER_LIMIT || waiter->deadline <= now;

	waiter->unmet = may != LEDGER_NOW && may != LEDGER_LATER;
	if (may == LEDGER_LATER || (waiter->unmet && !refused))
		return;
	queue_leave(waiter);
	if (may == LEDGER_NOW)
		hand_over(self, self->asked);
	else
		refuse_lease(self, self->asked, may);
}

/* Serve, in their order, those that are entitled, or those that are not. */
static void serve_those(struct pool *pool, bool kind, uint64_t now)
{
	const struct ledger *ledger = pool_ledger(pool);
	uint32_t spare = ledger_spare(ledger);
	struct waiter *next;

	for (struct waiter *w = pool_shortage(pool)->queue.first; w != NULL;
	     w = next) {
		struct session *self = session_of(w);
		next = w->next;
		if (entitled(self) != kind)
			continue;
		enum ledger_answer may =
			ledger_may_lease(ledger, &self->guest->account);
		/* Each before it has a claim on one of what is to spare. */
		if (!kind && spare == 0)
			may = LEDGER_NONE;
		else if (!kind)
			spare--;
		serve(self, may, now);
	}
}

void session_serve(struct pool *pool, uint64_t now)
{
	serve_those(pool, true, now);
	serve_those(pool, false, now);
}

bool session_lease(struct session *self, const struct lab_lease_msg *message,
		   int *fd, uint64_t now)
{
	struct guest *guest = self->guest;
	struct pool *pool = guest->pool;

	if (session_waiting(self))
		return session_drop(self,
				    "it asks for a lease while one is on its "
				    "way");
	if (!take_offer(self, fd))
		return false;
	if (guest->account.held >= guest->account.limit)
		return refuse_lease(self, message->seq, LEDGER_LIMIT);
	self->asked = message->seq;
	queue_append(&pool_shortage(pool)->queue, &self->waiter,
		     now + message->lease.wait_ms * US_PER_MS);
	PROBE(session_asked, guest->id, message->lease.wait_ms);
	session_serve(pool, now);
	return !self->over;
}
