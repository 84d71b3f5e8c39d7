/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/budget.h"

#define NS_PER_US 1000

bool budget_allows(const struct budget *self, uint64_t now)
{
	return now >= self->next;
}

void budget_spent(struct budget *self, uint64_t began, uint64_t cpu_ns)
{
	uint64_t us = cpu_ns / NS_PER_US;

	/* From its begin, or what was owed before would be forgiven. */
	if (self->next < began)
		self->next = began;
	self->next += us / self->percent * 100 +
		      us % self->percent * 100 / self->percent;
}
