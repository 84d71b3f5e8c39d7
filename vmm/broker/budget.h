/* SPDX-License-Identifier: MIT */
/*
 * What the broker may spend of its processor on work that nobody waits for: a
 * share of one core. Plain arithmetic; who asks has the clocks.
 */
#ifndef LABYRINTH_BROKER_BUDGET_H
#define LABYRINTH_BROKER_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct budget {
	unsigned int percent; /* of one core, 1 to 100 */
	uint64_t next;	      /* us: not before then */
};

/* May a piece of work begin now (us)? */
bool budget_allows(const struct budget *self, uint64_t now);

/*
 * A piece of work that began at `began` (us) has taken so much time of the
 * processor (ns): the next may begin when both together are within the share.
 * So in any time the work is at most that share of it, and one piece. What
 * nobody used is not saved up.
 */
void budget_spent(struct budget *self, uint64_t began, uint64_t cpu_ns);

#endif
