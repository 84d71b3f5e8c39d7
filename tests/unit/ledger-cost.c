/* SPDX-License-Identifier: MIT */
/*
 * ledger-cost EXTENTS: do each operation of a ledger of so many extents some
 * thousand times, for ledger-cost.sh to count the instructions. No extent has
 * a file: it is as good a pool of 1 TiB as any, to a ledger.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "broker/ledger.h"
#include "cost-support.h"

#define ROUNDS 1000
#define BATCH  4 /* leases at a time: the smallest pool has so many to spare */
#define GUESTS 4

struct bench {
	struct ledger *ledger;
	struct account accounts[GUESTS];
	struct account newcomer;
	uint32_t extents[BATCH];
	uint64_t ids[BATCH];
	uint32_t next_id;
	uint64_t sum; /* so that no answer is left out */
};

COUNTED void count_admit(struct bench *self)
{
	struct err err;

	if (ledger_admit(self->ledger, &self->newcomer, self->next_id++, 1, 2,
			 &err) < 0)
		exit(3);
}

COUNTED void count_dismiss(struct bench *self)
{
	ledger_dismiss(self->ledger, &self->newcomer);
}

COUNTED void count_may_lease(struct bench *self)
{
	self->sum += ledger_may_lease(self->ledger, &self->accounts[0]);
}

COUNTED void count_lease(struct bench *self, int i)
{
	uint32_t extent = ledger_first(self->ledger, EXTENT_BLANK);

	ledger_move(self->ledger, extent, EXTENT_LEASED, &self->accounts[0]);
	self->ids[i] = ledger_lease_id(self->ledger, extent);
}

COUNTED void count_find(struct bench *self, int i)
{
	if (ledger_find(self->ledger, self->ids[i], &self->accounts[0],
			&self->extents[i]) < 0)
		exit(4);
}

COUNTED void count_return(struct bench *self, int i)
{
	ledger_move(self->ledger, self->extents[i], EXTENT_REVOKING,
		    &self->accounts[0]);
	ledger_move(self->ledger, self->extents[i], EXTENT_DIRTY, NULL);
}

COUNTED void count_scrub(struct bench *self)
{
	ledger_move(self->ledger, ledger_first(self->ledger, EXTENT_DIRTY),
		    EXTENT_BLANK, NULL);
}

COUNTED void count_sums(struct bench *self)
{
	for (enum extent_state s = 0; s < EXTENT_STATES; s++)
		self->sum += ledger_count(self->ledger, s);
	self->sum += ledger_spare(self->ledger);
	self->sum += ledger_promised(self->ledger);
}

/* The one that does grow, to show that growth would be seen. */
COUNTED void count_validate(struct bench *self)
{
	struct err err;

	if (ledger_validate(self->ledger, &err) < 0)
		exit(5);
}

/* Half of it leased, by turns, so that no guest's extents are neighbours. */
static void fill(struct bench *self, uint32_t total)
{
	struct err err;

	for (uint32_t i = 0; i < total; i++) {
		ledger_move(self->ledger, i, EXTENT_DIRTY, NULL);
		ledger_move(self->ledger, i, EXTENT_BLANK, NULL);
	}
	for (uint32_t i = 0; i < GUESTS; i++)
		if (ledger_admit(self->ledger, &self->accounts[i], i + 1, 1,
				 total, &err) < 0)
			exit(2);
	for (uint32_t i = 0; i < total / 2; i++)
		ledger_move(self->ledger,
			    ledger_first(self->ledger, EXTENT_BLANK),
			    EXTENT_LEASED, &self->accounts[i % GUESTS]);
}

int main(int argc, char **argv)
{
	uint32_t total = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	static struct bench self;

	if (total < 8 * BATCH)
		return 2;
	self.ledger = ledger_new(total);
	if (self.ledger == NULL)
		return 2;
	self.next_id = GUESTS + 1;
	fill(&self, total);
	for (int round = 0; round < ROUNDS; round++) {
		count_admit(&self);
		for (int i = 0; i < BATCH; i++) {
			count_may_lease(&self);
			count_lease(&self, i);
		}
		count_sums(&self);
		for (int i = 0; i < BATCH; i++) {
			count_find(&self, i);
			count_return(&self, i);
		}
		for (int i = 0; i < BATCH; i++)
			count_scrub(&self);
		count_dismiss(&self);
	}
	count_validate(&self);
	ledger_free(self.ledger);
	return self.sum == 0;
}
