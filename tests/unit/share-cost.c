/* SPDX-License-Identifier: MIT */
/*
 * share-cost EXTENTS: do each operation on the table of a window of so many
 * extents some thousand times, for share-cost.sh to count the instructions.
 * Half of the window has leases.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "cost-support.h"
#include "share-support.h"

#define ROUNDS 1000 /* share-cost.sh divides by it */
#define BULK   64

struct bench {
	struct share *table;
	struct lab_share_cpu *cpu;
	uint32_t pages[BULK];
};

static inline void must(int r)
{
	if (r < 0)
		exit(3);
}

static inline void pair(struct bench *self, struct lab_share_cpu *cpu,
			unsigned order)
{
	uint32_t page;

	must(share_grant(self->table, cpu, order, 16, &page));
	must(share_release(self->table, cpu, page, order));
}

/* Both calls of a pair, and nothing else. */
COUNTED void count_pair(struct bench *self)
{
	pair(self, self->cpu, 0);
}

COUNTED void count_pair_order_3(struct bench *self)
{
	pair(self, self->cpu, 3);
}

COUNTED void count_pair_order_6(struct bench *self)
{
	pair(self, self->cpu, 6);
}

COUNTED void count_pair_order_9(struct bench *self)
{
	pair(self, self->cpu, 9);
}

/* As a hypercall does it, without an extent that a processor holds. */
COUNTED void count_pair_far(struct bench *self)
{
	pair(self, NULL, 0);
}

COUNTED void count_bulk(struct bench *self)
{
	must(share_grant_bulk(self->table, self->cpu, 0, BULK, 16,
			      self->pages));
	must(share_release_bulk(self->table, self->cpu, 0, BULK, self->pages));
}

/* Of pages there are enough, but what is asked for must stay unused. */
COUNTED void count_refused(struct bench *self)
{
	uint32_t page;

	if (share_grant(self->table, self->cpu, 0, share_unused(self->table),
			&page) == 0)
		exit(4);
}

/* A lease leaves without the guest, and another one arrives. */
COUNTED void count_lease(struct bench *self)
{
	uint32_t extent;

	must(share_spare(self->table, &extent));
	must(share_take(self->table, extent));
	must(share_remove(self->table, extent));
	share_add(self->table, extent);
}

/* The one that does grow, to show that growth would be seen. */
COUNTED void count_room(struct bench *self)
{
	if (share_room(self->table, 0) == 0)
		exit(5);
}

int main(int argc, char **argv)
{
	uint32_t extents = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	struct bench self = {0};

	if (extents < 8 || extents > SHARE_MAX_EXTENTS)
		return 2;
	self.table = table_new(extents);
	self.cpu = &self.table->cpus[0];
	for (uint32_t i = 0; i < extents; i += 2)
		share_add(self.table, i);
	/* It works in an extent that is not empty. */
	must(share_grant(self.table, self.cpu, 0, 16, self.pages));
	for (int round = 0; round < ROUNDS; round++) {
		count_pair(&self);
		count_pair_order_3(&self);
		count_pair_order_6(&self);
		count_pair_order_9(&self);
		count_pair_far(&self);
		count_bulk(&self);
		count_refused(&self);
		count_lease(&self);
	}
	count_room(&self);
	share_validate(self.table);
	table_free(self.table);
	return 0;
}
