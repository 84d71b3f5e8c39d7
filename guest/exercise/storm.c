/* SPDX-License-Identifier: MIT */
/*
 * Storm: random grants and releases, singly and in bulk, on all processors at
 * once, with every page of every live block stamped by what no other block has:
 * a page that two had at once shows by the stamp of the second. At the end all
 * is given back and the counts are where they began.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "block.h"
#include "cpu.h"
#include "exercise.h"
#include "settle.h"
#include "tap.h"

#define BLOCKS	       512
#define BULK	       16
#define DEFAULT_ROUNDS 12000
#define REPORTS	       4
#define TIMER	       LAB_IRQ_FIRST
#define SECOND	       1000000000 /* ticks of the timer */

/* One processor's storm. The processors share the blocks among them. */
struct storm {
	struct block *blocks;
	unsigned int count; /* of blocks */
	struct dice dice;
	uint64_t stamps; /* given out so far */
	uint64_t rounds; /* to make, if rounds count */
	uint64_t made;
	uint64_t granted, failed; /* atomic: all are told of at once */
	bool done;
};

static struct block all_blocks[BLOCKS];
static struct storm storms[LAB_CPUS_MAX];
static uint64_t waiting; /* processors at the start line; atomic */
static struct lab_counts start;
static uint64_t seconds;  /* since it began, where they count; atomic */
static uint64_t duration; /* seconds; 0: by rounds */

static struct storm *own(void)
{
	return &storms[smp_processor_id()];
}

static void count(uint64_t *what)
{
	__atomic_fetch_add(what, 1, __ATOMIC_RELAXED);
}

static uint64_t random_number(void)
{
	return dice_throw(&own()->dice);
}

static gfp_t random_gfp(void)
{
	static const gfp_t contexts[] = {GFP_ATOMIC, GFP_NOWAIT, GFP_KERNEL,
					 GFP_KERNEL};
	gfp_t gfp = contexts[random_number() % 4] | __GFP_NOWARN;

	return random_number() % 8 ? gfp : gfp | __GFP_ZERO;
}

/* Its processor's number is part of a stamp. */
static uint64_t next_stamp(void)
{
	return ++own()->stamps * LAB_CPUS_MAX + smp_processor_id();
}

static bool keep(struct block *block, uint64_t gpa, unsigned int order,
		 gfp_t gfp)
{
	if (!block_keep(block, gpa, order, gfp, next_stamp()))
		return false;
	count(&own()->granted);
	return true;
}

static bool take_one(struct block *block)
{
	unsigned int order = dice_order(&own()->dice);
	gfp_t gfp = random_gfp();
	int64_t gpa = lab_hypercall(LAB_HC_GRANT, gfp, order, 0, 0);

	if (gpa > 0)
		return keep(block, (uint64_t)gpa, order, gfp);
	expect_or_false(gpa == -LAB_ENOMEM || gpa == -LAB_EDQUOT, true);
	count(&own()->failed);
	return true;
}

/* Free places in the table, up to so many. */
static unsigned int find_room(struct block **room, unsigned int wanted)
{
	struct storm *self = own();
	unsigned int found = 0;

	for (unsigned int i = 0; i < self->count && found < wanted; i++) {
		if (!self->blocks[i].gpa)
			room[found++] = &self->blocks[i];
	}
	return found;
}

static bool take_bulk(void)
{
	struct block *room[BULK];
	struct page *pages[BULK];
	unsigned int order = dice_order(&own()->dice) % 4;
	unsigned int found = find_room(room, 1 + random_number() % BULK);
	gfp_t gfp = random_gfp();
	int error;

	if (found == 0)
		return true;
	error = alloc_pages_bulk(gfp, order, found, pages);
	if (error) {
		expect_or_false(error == -LAB_ENOMEM || error == -LAB_EDQUOT,
				true);
		count(&own()->failed);
		return true;
	}
	for (unsigned int i = 0; i < found; i++) {
		if (!keep(room[i], (uint64_t)page_address(pages[i]), order,
			  gfp))
			return false;
	}
	return true;
}

static bool release_bulk(void)
{
	struct page *pages[BULK];
	unsigned int order = dice_order(&own()->dice) % 4;
	unsigned int limit = 1 + random_number() % BULK;
	unsigned int found = 0;
	struct storm *self = own();

	for (unsigned int i = 0; i < self->count && found < limit; i++) {
		struct block *block = &self->blocks[i];

		if (!block->gpa || block->order != order)
			continue;
		if (!block_is_whole(block))
			return false;
		pages[found++] = virt_to_page((void *)block->gpa);
		block->gpa = 0;
	}
	if (found)
		expect_or_false(free_pages_bulk(order, found, pages), 0);
	return true;
}

static bool one_round(struct storm *self)
{
	struct block *block = &self->blocks[random_number() % self->count];

	switch (random_number() % 32) {
	case 0:
		return take_bulk();
	case 1:
		return release_bulk();
	default:
		return block->gpa ? block_release(block) : take_one(block);
	}
}

/* Of all processors together. */
static void sum(uint64_t *granted, uint64_t *failed)
{
	*granted = *failed = 0;
	for (unsigned int i = 0; i < num_online_cpus(); i++) {
		*granted +=
			__atomic_load_n(&storms[i].granted, __ATOMIC_RELAXED);
		*failed += __atomic_load_n(&storms[i].failed, __ATOMIC_RELAXED);
	}
}

static uint64_t now(void)
{
	return __atomic_load_n(&seconds, __ATOMIC_RELAXED);
}

static bool tell_progress(void)
{
	uint64_t granted, failed;
	struct lab_counts c;

	expect_or_false(lab_query(&c), 0);
	sum(&granted, &failed);
	if (duration)
		printf("# %lu s, ", now());
	else
		printf("# ");
	printf("%lu rounds each: %lu grants, %lu refused; now %lu pages in "
	       "%lu leases\n",
	       storms[0].made, granted, failed, c.pages_granted, c.leases);
	return true;
}

/* One tells for all, at each part of the time or of the rounds but the end. */
static bool tells_now(const struct storm *self)
{
	static uint64_t told;
	uint64_t all = duration ? duration : self->rounds;
	uint64_t done = duration ? now() : self->made;
	uint64_t step = all / REPORTS ? all / REPORTS : 1;

	if (self != &storms[0] || done < told + step || done >= all)
		return false;
	told = done;
	return true;
}

static bool goes_on(const struct storm *self)
{
	return duration ? now() < duration : self->made < self->rounds;
}

/* One processor's part. No one begins before all are there. */
static void rage(void *unused)
{
	struct storm *self = own();

	(void)unused;
	__atomic_fetch_add(&waiting, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&waiting, __ATOMIC_ACQUIRE) < num_online_cpus())
		cpu_pause();
	while (goes_on(self)) {
		if (!one_round(self))
			return;
		self->made++;
		if (tells_now(self) && !tell_progress())
			return;
	}
	self->done = true;
}

static void tick(unsigned int vector, void *argument)
{
	(void)vector;
	(void)argument;
	__atomic_fetch_add(&seconds, 1, __ATOMIC_RELAXED);
}

static bool start_clock(void)
{
	if (!has_apic())
		puts("# no APIC, so no timer: only rounds can be counted");
	expect_or_false(request_irq(TIMER, tick, NULL), 0);
	expect_or_false(start_timer(TIMER, SECOND, true), 0);
	return true;
}

static void stop_clock(void)
{
	stop_timer();
	free_irq(TIMER);
}

static void the_storm(void)
{
	/* Nothing is under way yet; settle() would end what --fail says. */
	expect(lab_query(&start), 0);
	if (duration && !start_clock())
		return;
	on_each_cpu(rage, NULL);
	if (duration)
		stop_clock();
	if (!tell_progress())
		return;
	for (unsigned int i = 0; i < num_online_cpus(); i++) {
		expect(storms[i].done, true);
		expect(storms[i].granted > 0, true);
	}
}

static void give_all_back(void *unused)
{
	struct storm *self = own();

	(void)unused;
	for (unsigned int i = 0; i < self->count; i++) {
		if (self->blocks[i].gpa && !block_release(&self->blocks[i]))
			return;
	}
}

static void the_calm(void)
{
	on_each_cpu(give_all_back, NULL);
}

/*
 * What is too much goes back, but not while there is no broker: then it does
 * when the next one is there.
 */
static struct lab_counts counts_with(uint64_t most)
{
	struct lab_counts counts = settled_counts();

	while (counts.leases > most)
		counts = settled_counts();
	return counts;
}

static void the_counts(void)
{
	uint64_t most = start.leases_guarantee;
	uint64_t granted, failed;
	struct lab_counts end;

	if (most < start.leases)
		most = start.leases;
	end = counts_with(most + 1);
	sum(&granted, &failed);
	expect(end.pages_granted, start.pages_granted);
	expect(end.grants - start.grants, granted);
	expect(end.releases - start.releases, granted);
	expect(end.mistakes, start.mistakes);
	expect(end.pages_free % LAB_EXTENT_PAGES, 0);
}

/* Each a table and a seed of its own, and its share of the rounds. */
static void prepare(uint64_t seed, uint64_t rounds)
{
	unsigned int cpus = num_online_cpus();

	for (unsigned int i = 0; i < cpus; i++) {
		struct storm *storm = &storms[i];

		storm->count = BLOCKS / cpus;
		storm->blocks = &all_blocks[i * storm->count];
		storm->rounds = rounds / cpus ? rounds / cpus : 1;
		storm->dice = dice_of(seed + i);
	}
}

static const struct tap_case cases[] = {
	{"storm: every stamp in its place", the_storm},
	{"storm: what was left is given back, stamps in place", the_calm},
	{"storm: counts are back where they began", the_counts},
};

int exercise_storm(int argc, char **argv)
{
	const struct tap_group group = TAP_GROUP(cases);
	uint64_t seed = argc > 0 ? strtoul(argv[0], NULL, 0) : 1;
	uint64_t rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : DEFAULT_ROUNDS;

	duration = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	prepare(seed, rounds);
	printf("# seed %lu, %lu %s on %u processors\n", seed,
	       duration ? duration : rounds, duration ? "seconds" : "rounds",
	       num_online_cpus());
	return tap_run(&group, 1);
}
