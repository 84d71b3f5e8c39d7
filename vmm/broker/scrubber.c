/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/scrubber.h"

#include <time.h>

/* Who waits for a lease of it can only be served by a step. */
static bool is_awaited(struct pool *pool)
{
	return pool_busy(pool) && pool_shortage(pool)->queue.first != NULL &&
	       ledger_count(pool_ledger(pool), EXTENT_BLANK) == 0;
}

uint64_t scrubber_due(const struct scrubber *self,
		      const struct registry *registry, uint64_t now)
{
	bool busy = false;

	for (size_t i = 0; i < registry->npools; i++) {
		if (is_awaited(registry->pools[i]))
			return now;
		busy = busy || pool_busy(registry->pools[i]);
	}
	if (!busy)
		return UINT64_MAX;
	return budget_allows(&self->budget, now) ? now : self->budget.next;
}

/* The next pool that has something to do, which then is the last one. */
static struct pool *next_busy(struct scrubber *self,
			      const struct registry *registry)
{
	for (size_t i = 0; i < registry->npools; i++) {
		struct pool *pool =
			registry->pools[(self->turn + i) % registry->npools];
		if (!pool_busy(pool))
			continue;
		self->turn = (self->turn + i + 1) % registry->npools;
		return pool;
	}
	return NULL;
}

void scrubber_run(struct scrubber *self, const struct registry *registry,
		  uint64_t now, uint64_t (*cpu)(void))
{
	for (size_t i = 0; i < registry->npools; i++) {
		if (is_awaited(registry->pools[i]))
			pool_scrub(registry->pools[i]);
	}
	if (!budget_allows(&self->budget, now))
		return;
	struct pool *pool = next_busy(self, registry);
	if (pool == NULL)
		return;
	uint64_t began = cpu();
	pool_scrub(pool);
	budget_spent(&self->budget, now, cpu() - began);
}

uint64_t scrubber_cpu(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
