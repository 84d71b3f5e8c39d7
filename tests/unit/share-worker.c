/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "share-worker.h"

#include <stdio.h>
#include <stdlib.h>

#include <labyrinth/hypercall.h>

#define BULK	   8u
#define LEASE_EACH 64u /* the VMM moves a lease for so many operations */

struct share *table;
struct worker workers[MOST];
struct worker interrupts[MOST];
unsigned threads = 4;
uint32_t now;
__thread struct worker *own_interrupt;

void fail(const char *what)
{
	printf("Bail out! %s\n", what);
	fflush(stdout);
	abort();
}

void require(bool holds, const char *what)
{
	if (!holds)
		fail(what);
}

/* No more order between threads than the table itself makes. */
static uint32_t tick(void)
{
	return __atomic_add_fetch(&now, 1, __ATOMIC_RELAXED);
}

static uint32_t below(struct worker *self, uint32_t bound)
{
	self->random = self->random * UINT64_C(6364136223846793005) + 1;
	return (uint32_t)(self->random >> 33) % bound;
}

static unsigned some_order(struct worker *self)
{
	uint32_t number = below(self, 1u << 20) | 1u << LAB_MAX_ORDER;

	return (unsigned)__builtin_ctz(number);
}

/* Events. */

static struct event *event_new(struct worker *self, uint32_t begin)
{
	struct event *event = &self->log[self->events++];

	require(self->events <= EVENTS, "the log is full");
	*event = (struct event){
		.begin = begin,
		.until = HISTORY_HELD,
		.page = HISTORY_NONE,
	};
	return event;
}

static struct block log_grant(struct worker *self, uint32_t begin,
			      uint32_t page, unsigned order)
{
	struct event *event = event_new(self, begin);

	event->page = page;
	event->pages = 1u << order;
	event->end = tick();
	return (struct block){page, order, self->events - 1};
}

static void log_refusal(struct worker *self, uint32_t begin, uint32_t pages,
			bool of_zero)
{
	struct event *event = event_new(self, begin);

	event->pages = pages;
	event->end = event->until = event->until_end = tick();
	event->refused_of_zero = of_zero;
}

static void log_release(struct worker *self, const struct block *block,
			uint32_t begin)
{
	struct event *event;

	if (block->event == HISTORY_NONE) {
		event = event_new(self, 0);
		event->before = true;
		event->page = block->page;
		event->pages = 1u << block->order;
	} else {
		event = &self->log[block->event];
	}
	event->until = begin;
	event->until_end = tick();
}

/* What a processor does. */

static void do_grant(struct worker *self, unsigned order)
{
	uint32_t begin = tick();
	uint32_t page;
	int r = share_grant(table, self->cpu, order, 0, &page);

	if (r == 0)
		self->blocks[self->count++] =
			log_grant(self, begin, page, order);
	else
		log_refusal(self, begin, 1u << order, order == 0);
	require(r == 0 || r == -LAB_ENOMEM, "a grant answers -EAGAIN");
}

static void do_grant_bulk(struct worker *self, unsigned order)
{
	uint32_t pages[BULK];
	unsigned count = 2 + below(self, BULK - 1);
	uint32_t begin = tick();
	int r = share_grant_bulk(table, self->cpu, order, count, 0, pages);

	if (r < 0)
		log_refusal(self, begin, count << order, order == 0);
	for (unsigned i = 0; i < count && r == 0; i++)
		self->blocks[self->count++] =
			log_grant(self, begin, pages[i], order);
}

/* Of an own grant each wrong question has its answer, whatever others do. */
static void ask(const struct block *block, unsigned inner)
{
	uint32_t page = block->page;
	unsigned order = block->order;

	require(share_inspect(table, page + inner) == (int)order,
		"a page's grant is another one");
	require(share_check_release(table, page, order) == 0,
		"an own grant may not be released");
	if (inner > 0)
		require(share_release(table, NULL, page + inner, 0) ==
				-LAB_ENOENT,
			"the inside of a grant is one");
	if (order > 0)
		require(share_release(table, NULL, page, order - 1) ==
				-LAB_EMSGSIZE,
			"a grant has two orders");
}

static struct block take_block(struct worker *self)
{
	uint32_t at = below(self, self->count);
	struct block block = self->blocks[at];

	self->blocks[at] = self->blocks[--self->count];
	return block;
}

static void do_release(struct worker *self)
{
	struct block block = take_block(self);

	if (below(self, 8) == 0)
		ask(&block, below(self, 1u << block.order));
	uint32_t begin = tick();

	require(share_release(table, self->cpu, block.page, block.order) == 0,
		"an own grant is not released");
	log_release(self, &block, begin);
}

/* Those of one order among the last few. */
static void do_release_bulk(struct worker *self)
{
	uint32_t pages[BULK];
	struct block blocks[BULK];
	unsigned count = 0;

	while (count < BULK && self->count > 0 &&
	       (count == 0 ||
		self->blocks[self->count - 1].order == blocks[0].order)) {
		blocks[count] = self->blocks[--self->count];
		pages[count] = blocks[count].page;
		count++;
	}
	uint32_t begin = tick();

	require(share_release_bulk(table, self->cpu, blocks[0].order, count,
				   pages) == 0,
		"own grants are not released");
	for (unsigned i = 0; i < count; i++)
		log_release(self, &blocks[i], begin);
}

void processor(struct worker *self, uint32_t operations)
{
	/* Long tides of mostly grants, mostly releases. */
	for (uint32_t i = 0; i < operations; i++) {
		uint32_t tide = i / 3000 % 2 ? 36 : 65;
		bool bulk = below(self, 32) == 0;

		if (self->count == 0 || below(self, 100) < tide) {
			unsigned order = some_order(self);

			if (bulk)
				do_grant_bulk(self, order);
			else
				do_grant(self, order);
		} else if (bulk) {
			do_release_bulk(self);
		} else {
			do_release(self);
		}
	}
}

/* Of whichever instruction it came in between. */
void interrupt(int signal)
{
	struct worker *self = own_interrupt;

	(void)signal;
	if (self == NULL || !workers[self->number].interruptible ||
	    self->events > EVENTS - 2)
		return;
	if (self->count < 8 && below(self, 2))
		do_grant(self, some_order(self) % 4);
	else if (self->count > 0)
		do_release(self);
}

static void interrupt_all(void)
{
	for (unsigned i = 0; i < threads; i++)
		if (!workers[i].host)
			pthread_kill(workers[i].thread, SIGUSR1);
}

/* What the VMM does, one thread at a time. */

static void lease_leaves(struct worker *self)
{
	uint32_t extent;

	if (share_spare(table, &extent) < 0)
		return;
	uint32_t begin = tick();

	if (share_take(table, extent) < 0)
		return;
	self->blocks[self->count++] = log_grant(
		self, begin, extent * LAB_EXTENT_PAGES, LAB_MAX_ORDER);
	require(share_idle(table, extent), "what was taken is not idle");
	require(share_remove(table, extent) == 0, "what was taken stays");
}

static void lease_arrives(struct worker *self)
{
	if (self->count == 0)
		return;
	struct block block = take_block(self);
	uint32_t begin = tick();

	share_add(table, block.page / LAB_EXTENT_PAGES);
	log_release(self, &block, begin);
}

/* For an upper bound all its pages count as asked for. */
static void close_one(struct worker *self)
{
	uint32_t extent = below(self, LEASES) * STEP;

	if (share_state(table, extent) != LAB_SHARE_OPEN)
		return;
	struct event *event = event_new(self, tick());

	event->pages = LAB_EXTENT_PAGES;
	share_close(table, extent);
	event->end = tick();
	self->shut = extent;
	self->shut_block =
		(struct block){HISTORY_NONE, LAB_MAX_ORDER, self->events - 1};
}

static void open_one(struct worker *self)
{
	uint32_t begin = tick();

	share_open(table, self->shut);
	log_release(self, &self->shut_block, begin);
	self->shut = HISTORY_NONE;
}

void vmm(struct worker *self, uint32_t operations)
{
	for (uint32_t i = 0; i < operations / LEASE_EACH; i++) {
		interrupt_all();
		if (self->shut != HISTORY_NONE)
			open_one(self);
		else if (below(self, 4) == 0)
			close_one(self);
		if (below(self, 2))
			lease_leaves(self);
		else
			lease_arrives(self);
	}
}
