/* SPDX-License-Identifier: MIT */
/*
 * share-stress [OPERATIONS [THREADS]]: that many threads grant and release on
 * one table, beside one that takes, closes and opens extents as the VMM does
 * and interrupts the others, who then grant and release in between; and a
 * checker looks at all that they did. At the end of each epoch the table is at
 * rest: then its sums must be right, what fits must be granted, and of threads
 * that release the same grants each is released by exactly one.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "share-history.h"
#include "share-support.h"
#include "share-worker.h"

#define RACED 64u /* grants that all release at once, of each thread */

static struct history *history;
static pthread_barrier_t barrier;
static uint64_t left; /* operations of each thread */
static struct block raced[MOST * RACED];
static uint32_t raced_count;

/* Where all rest. */

static void check_rest(void)
{
	uint64_t granted = 0;
	struct event *logs[2 * MOST];
	uint32_t counts[2 * MOST];

	for (unsigned i = 0; i < 2 * threads; i++) {
		struct worker *worker =
			i < threads ? &workers[i] : &interrupts[i - threads];

		logs[i] = worker->log;
		counts[i] = worker->events;
		for (uint32_t n = 0; n < worker->count; n++) {
			struct block *block = &worker->blocks[n];

			block->event = HISTORY_NONE;
			if (worker->host)
				continue;
			granted += 1u << block->order;
			require(share_inspect(table, block->page) ==
					(int)block->order,
				"a grant was lost");
		}
		worker->shut_block.event = HISTORY_NONE;
		worker->events = 0;
	}
	const char *fault = history_check(history, 2 * threads, logs, counts);

	if (fault != NULL)
		fail(fault);
	share_validate(table);
	require(share_granted(table) == granted, "the sum of grants is wrong");
}

/* With nobody else at work, what fits is granted, and nothing else. */
static void check_room(void)
{
	for (unsigned order = 0; order <= LAB_MAX_ORDER; order++) {
		bool fits = share_room(table, order) > 0;
		uint32_t page;

		for (unsigned i = 0; i < 2; i++) {
			struct lab_share_cpu *cpu = i ? &table->cpus[40] : NULL;
			int r = share_grant(table, cpu, order, 0, &page);

			require((r == 0) == fits,
				"a grant and the room for it differ");
			if (r == 0)
				require(share_release(table, cpu, page,
						      order) == 0,
					"it is not released");
		}
	}
	share_validate(table);
}

static void choose_raced(void)
{
	raced_count = 0;
	for (unsigned i = 0; i < threads; i++) {
		struct worker *worker = &workers[i];

		worker->released = 0;
		for (unsigned n = 0;
		     n < RACED && worker->count > 0 && !worker->host; n++)
			raced[raced_count++] = worker->blocks[--worker->count];
	}
}

/* All release the same, each in an order of its own. */
static void release_raced(struct worker *self)
{
	for (uint32_t i = 0; i < raced_count; i++) {
		uint32_t at = (i + self->number * 7u) % raced_count;
		const struct block *block = &raced[at];
		int r = share_release(table, self->cpu, block->page,
				      block->order);

		require(r == 0 || r == -LAB_ESTALE,
			"a grant that all release answers something else");
		self->released += r == 0;
	}
}

static void check_raced(void)
{
	uint32_t released = 0;

	for (unsigned i = 0; i < threads; i++)
		released += workers[i].released;
	require(released == raced_count,
		"of a grant that all release there is not one winner");
	for (uint32_t i = 0; i < raced_count; i++)
		history_forget(history, raced[i].page, 1u << raced[i].order);
	share_validate(table);
}

static void *work(void *argument)
{
	struct worker *self = argument;

	own_interrupt = &interrupts[self->number];
	pthread_barrier_wait(&barrier); /* all have started */
	for (uint64_t done = 0; done < left; done += EPOCH) {
		uint32_t operations =
			left - done < EPOCH ? (uint32_t)(left - done) : EPOCH;

		self->interruptible = true;
		if (self->host)
			vmm(self, operations);
		else
			processor(self, operations);
		self->interruptible = false;
		pthread_barrier_wait(&barrier);
		if (self->number == 0) {
			check_rest();
			check_room();
			choose_raced();
		}
		pthread_barrier_wait(&barrier);
		release_raced(self);
		pthread_barrier_wait(&barrier);
		if (self->number == 0) {
			check_raced();
			now = 0;
		}
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void prepare(struct worker *self, unsigned number, uint64_t seed)
{
	self->number = number;
	self->random = seed;
	self->host = number == threads - 1;
	self->cpu = number % 3 == 2 ? NULL : &table->cpus[number];
	self->log = calloc(EVENTS, sizeof(*self->log));
	self->blocks = calloc(BLOCKS, sizeof(*self->blocks));
	self->shut = HISTORY_NONE;
	require(self->log != NULL && self->blocks != NULL, "no memory");
}

static void finish(struct worker *self)
{
	free(self->log);
	free(self->blocks);
}

static uint64_t argument(int argc, char **argv, int n, uint64_t otherwise)
{
	return n < argc ? strtoull(argv[n], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	uint64_t operations = argument(argc, argv, 1, 400000);

	threads = (unsigned)argument(argc, argv, 2, 4);
	if (threads < 3 || threads > MOST)
		return 2;
	left = operations / (threads - 1);
	signal(SIGUSR1, interrupt);
	table = table_new(EXTENTS);
	for (uint32_t i = 0; i < EXTENTS; i += STEP)
		share_add(table, i);
	history = history_new(EXTENTS, LEASES, threads * EVENTS * 4);
	pthread_barrier_init(&barrier, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		prepare(&workers[i], i, i + 1);
		prepare(&interrupts[i], i, i + 100);
	}
	for (unsigned i = 0; i < threads; i++)
		require(pthread_create(&workers[i].thread, NULL, work,
				       &workers[i]) == 0,
			"no thread");
	for (unsigned i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	printf("# %u threads: %llu grants checked, %llu refusals of order 0\n",
	       threads, (unsigned long long)history->checked,
	       (unsigned long long)history->refusals);
	printf("ok 1 - every history of %llu operations is one that may be\n"
	       "1..1\n",
	       (unsigned long long)operations);
	for (unsigned i = 0; i < threads; i++) {
		finish(&workers[i]);
		finish(&interrupts[i]);
	}
	history_free(history);
	table_free(table);
	return 0;
}
