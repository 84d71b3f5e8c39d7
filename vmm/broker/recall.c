/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/recall.h"

#include <stdlib.h>

static int by_excess(const void *left, const void *right)
{
	const struct recall *a = left, *b = right;

	if (a->deaf != b->deaf)
		return a->deaf ? 1 : -1;
	return (a->excess < b->excess) - (a->excess > b->excess);
}

/* Among those alike deaf or not; returns what is still wanted. */
static uint32_t share_among(struct recall *holders, size_t count, uint32_t want)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += holders[i].excess;
	uint32_t left = want < sum ? want : (uint32_t)sum;
	uint32_t rest = want - left;
	uint64_t portion = left;
	for (size_t i = 0; i < count && left > 0; i++) {
		/* Rounded up, so that the largest bear what does not divide. */
		uint64_t ask = (portion * holders[i].excess + sum - 1) / sum;
		holders[i].ask = ask < left ? (uint32_t)ask : left;
		left -= holders[i].ask;
	}
	return rest;
}

void recall_share(struct recall *holders, size_t count, uint32_t want)
{
	size_t hearing = 0;

	qsort(holders, count, sizeof(*holders), by_excess);
	for (size_t i = 0; i < count; i++) {
		holders[i].ask = 0;
		hearing += !holders[i].deaf;
	}
	want = share_among(holders, hearing, want);
	share_among(holders + hearing, count - hearing, want);
}
