/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/taking.h"

#include <stddef.h>

#include "broker/session.h"

/* The waiting guest that holds least above its guarantee; NULL without any. */
static const struct guest *poorest_waiter(const struct pool *pool,
					  struct registry *registry)
{
	const struct guest *found = NULL;

	for (struct guest *g = registry_of_pool(registry->first, pool);
	     g != NULL; g = registry_of_pool(g->next, pool))
		if (g->session != NULL && session_unmet(g->session) &&
		    (found == NULL ||
		     registry_excess(g) < registry_excess(found)))
			found = g;
	return found;
}

static bool over_limit(const struct guest *guest)
{
	return registry_kept(guest) > guest->account.limit;
}

static bool comes_before(const struct guest *one, const struct guest *other)
{
	if (over_limit(one) != over_limit(other))
		return over_limit(one);
	return registry_excess(one) > registry_excess(other);
}

/* Since when each owes; and of those that could give, the richest. */
static struct guest *richest_debtor(const struct pool *pool,
				    struct registry *registry,
				    const struct guest *waiter, uint64_t now)
{
	struct guest *found = NULL;

	for (struct guest *g = registry_of_pool(registry->first, pool);
	     g != NULL; g = registry_of_pool(g->next, pool)) {
		/* What is given back must not be missed by who gave it; but
		 * what is above its limit is not its own to miss. */
		bool owes =
			g->session != NULL &&
			(over_limit(g) ||
			 (waiter != NULL && g != waiter &&
			  registry_excess(g) > registry_excess(waiter) + 1));
		if (!owes)
			g->owes_since = 0;
		else if (g->owes_since == 0)
			g->owes_since = now;
		if (owes && (found == NULL || comes_before(g, found)))
			found = g;
	}
	return found;
}

/* Nobody waits any more for what they were told would be taken. */
static void spare_others(const struct pool *pool, struct registry *registry)
{
	for (struct guest *g = registry_of_pool(registry->first, pool);
	     g != NULL; g = registry_of_pool(g->next, pool))
		if (g->session != NULL && g->owes_since == 0)
			session_spare(g->session, LAB_REVOKE_RECLAIM);
}

/* Has all that was taken come back, scrubbed? */
static bool is_settled(struct registry *registry, const struct pool *pool)
{
	for (struct guest *g = registry_of_pool(registry->first, pool);
	     g != NULL; g = registry_of_pool(g->next, pool))
		if (g->due > 0)
			return false;
	return ledger_count(pool_ledger(pool), EXTENT_DIRTY) == 0;
}

uint64_t taking_overdue(struct registry *registry, const struct pool *pool,
			uint64_t now)
{
	uint64_t wake = UINT64_MAX;

	for (struct guest *g = registry_of_pool(registry->first, pool);
	     g != NULL; g = registry_of_pool(g->next, pool)) {
		uint64_t due = g->session != NULL
				       ? session_overdue(g->session, now)
				       : UINT64_MAX;
		wake = due < wake ? due : wake;
	}
	return wake;
}

uint64_t taking_settle(struct registry *registry, struct pool *pool,
		       uint64_t now)
{
	if (registry->take_after == 0)
		return UINT64_MAX;
	const struct guest *waiter = poorest_waiter(pool, registry);
	struct guest *debtor = richest_debtor(pool, registry, waiter, now);

	spare_others(pool, registry);
	if (debtor == NULL)
		return UINT64_MAX;
	uint64_t due = debtor->owes_since + registry->take_after;
	uint64_t ahead = registry->take_after / 2;
	if (ahead > TAKING_NOTICE)
		ahead = TAKING_NOTICE;
	if (now + ahead < due)
		return due - ahead;
	due = session_warn(debtor->session, LAB_REVOKE_RECLAIM, due,
			   now + ahead);
	if (now < due)
		return due;
	/* One at a time: once it is scrubbed, all is settled anew. */
	if (is_settled(registry, pool))
		session_take(debtor->session, over_limit(debtor)
						      ? LAB_REVOKE_ADMIN
						      : LAB_REVOKE_RECLAIM);
	return UINT64_MAX;
}
