/* SPDX-License-Identifier: MIT */
/* Watermarks, waiters and requests of each pool, settled after each event. */
#include <config.h>

#include "broker/shortage.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "broker/recall.h"
#include "broker/session.h"
#include "broker/taking.h"

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What a guest could be asked for: nothing of one that waits itself. */
static uint32_t askable(const struct guest *guest)
{
	if (guest->session == NULL || !session_listens(guest->session) ||
	    session_waiting(guest->session))
		return 0;
	return registry_excess(guest);
}

static void send_requests(const struct recall *holders, size_t count,
			  enum lab_lease_level level)
{
	for (size_t i = 0; i < count; i++) {
		struct guest *guest = holders[i].holder;
		if (holders[i].ask > 0 &&
		    session_reclaim(guest->session, holders[i].ask, level) &&
		    level == LAB_LEASE_LEVEL_CRITICAL)
			guest->urged += holders[i].ask;
	}
}

/* Ask the pool's guests for `want` leases together. */
static void ask(const struct registry *registry, const struct pool *pool,
		uint32_t want, enum lab_lease_level level)
{
	size_t guests = 0, count = 0;

	for (struct guest *g = registry->first; g != NULL; g = g->next)
		guests++;
	cleanup_free struct recall *holders = calloc(guests, sizeof(*holders));
	if (holders == NULL)
		return; /* without memory nobody is asked this time */
	for (struct guest *g = registry_of_pool(registry->first, pool);
	     g != NULL; g = registry_of_pool(g->next, pool)) {
		uint32_t excess = askable(g);
		excess -= excess < g->urged ? excess : g->urged;
		if (excess > 0)
			holders[count++] = (struct recall){
				.excess = excess,
				.deaf = g->deaf,
				.holder = g,
			};
	}
	recall_share(holders, count, want);
	send_requests(holders, count, level);
}

/* The time for an answer is over: who did not give is asked last now. */
static void lapse(const struct registry *registry, const struct pool *pool)
{
	for (struct guest *g = registry_of_pool(registry->first, pool);
	     g != NULL; g = registry_of_pool(g->next, pool)) {
		g->deaf = g->urged > 0;
		g->urged = 0;
	}
}

static uint32_t urged(const struct registry *registry, const struct pool *pool)
{
	uint32_t sum = 0;

	for (struct guest *g = registry_of_pool(registry->first, pool);
	     g != NULL; g = registry_of_pool(g->next, pool))
		sum += g->urged;
	return sum;
}

/* Ask others for what those need whom nothing in the pool will serve. */
static uint64_t ask_for_waiters(const struct registry *registry,
				struct pool *pool, uint64_t now)
{
	struct pool_shortage *self = pool_shortage(pool);
	bool lapsed = now >= self->next_round;
	uint64_t wake = UINT64_MAX;
	uint32_t need = 0;
	bool news = lapsed;

	for (struct waiter *w = self->queue.first; w != NULL; w = w->next) {
		if (!w->unmet)
			continue;
		wake = sooner(wake, w->deadline);
		need += w->rounds < SHORTAGE_ROUNDS;
		news = news || w->rounds == 0;
	}
	if (need == 0)
		return wake;
	if (!news)
		return sooner(wake, self->next_round);
	if (lapsed)
		lapse(registry, pool);
	uint32_t under_way = urged(registry, pool);
	if (need > under_way)
		ask(registry, pool, need - under_way, LAB_LEASE_LEVEL_CRITICAL);
	for (struct waiter *w = self->queue.first; w != NULL; w = w->next) {
		if (w->unmet && w->rounds < SHORTAGE_ROUNDS &&
		    (lapsed || w->rounds == 0))
			w->rounds++;
	}
	if (lapsed)
		self->next_round = now + SHORTAGE_PERIOD;
	return sooner(wake, self->next_round);
}

/* Find the level. It rises at once; it falls when it has stood for a while. */
static uint64_t measure(struct pool *pool, uint64_t now)
{
	struct pool_shortage *self = pool_shortage(pool);
	uint32_t spare = ledger_spare(pool_ledger(pool));
	enum lab_lease_level level =
		watermark_level(&self->marks, self->level, spare);
	uint64_t until = self->level_since + SHORTAGE_HOLD;

	if (level == self->level)
		return UINT64_MAX;
	if (level < self->level && now < until)
		return until;
	self->idle_wanted = level > self->level;
	self->untold = true;
	self->level = level;
	self->level_since = now;
	return UINT64_MAX;
}

/* When it got scarcer: ask for what lies idle, to come up to high again. */
static uint64_t ask_for_idle(const struct registry *registry, struct pool *pool,
			     uint64_t now)
{
	struct pool_shortage *self = pool_shortage(pool);
	uint32_t spare = ledger_spare(pool_ledger(pool));

	if (!self->idle_wanted || spare >= self->marks.high)
		return UINT64_MAX;
	if (now < self->next_idle)
		return self->next_idle;
	self->idle_wanted = false;
	self->next_idle = now + SHORTAGE_PERIOD;
	ask(registry, pool, self->marks.high - spare, LAB_LEASE_LEVEL_LOW);
	return UINT64_MAX;
}

static void tell(const struct registry *registry, struct pool *pool)
{
	struct pool_shortage *self = pool_shortage(pool);

	if (!self->untold)
		return;
	self->untold = false;
	for (struct guest *g = registry_of_pool(registry->first, pool);
	     g != NULL; g = registry_of_pool(g->next, pool)) {
		if (g->session != NULL &&
		    !session_tell(g->session, self->level))
			self->untold = true;
	}
}

/* What administrators demand, and what VMMs are told before. */
static uint64_t press(const struct registry *registry, struct pool *pool,
		      uint64_t now)
{
	uint64_t wake = UINT64_MAX;

	for (struct guest *g = registry_of_pool(registry->first, pool);
	     g != NULL; g = registry_of_pool(g->next, pool))
		if (g->session != NULL)
			wake = sooner(wake, session_press(g->session, now));
	return wake;
}

static uint64_t settle_pool(struct registry *registry, struct pool *pool,
			    uint64_t now)
{
	session_serve(pool, now);
	uint64_t wake = measure(pool, now);
	tell(registry, pool);
	wake = sooner(wake, ask_for_waiters(registry, pool, now));
	wake = sooner(wake, taking_settle(registry, pool, now));
	wake = sooner(wake, press(registry, pool, now));
	wake = sooner(wake, taking_overdue(registry, pool, now));
	return sooner(wake, ask_for_idle(registry, pool, now));
}

uint64_t shortage_settle(struct registry *registry, uint64_t now)
{
	uint64_t wake = UINT64_MAX;

	for (size_t i = 0; i < registry->npools; i++)
		wake = sooner(wake,
			      settle_pool(registry, registry->pools[i], now));
	return wake;
}
