/* SPDX-License-Identifier: MIT */
/*
 * Whom to ask for leases, and for how many each: the most from who holds most
 * above its guarantee, from nobody more than that. Plain arithmetic.
 */
#ifndef LABYRINTH_BROKER_RECALL_H
#define LABYRINTH_BROKER_RECALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recall {
	uint32_t excess; /* leases that it holds above its guarantee */
	bool deaf;	 /* let the last request lapse: ask others first */
	uint32_t ask;	 /* out: how many to ask of it, at most its excess */
	void *holder;	 /* the caller's */
};

/*
 * Share `want` leases out over `count` holders, in proportion to what each has
 * in excess; what does not divide goes to the largest. Sorts the array: the
 * largest excess comes first, the deaf last. The sum of `ask` is `want`, or
 * all there is.
 */
void recall_share(struct recall *holders, size_t count, uint32_t want);

#endif
