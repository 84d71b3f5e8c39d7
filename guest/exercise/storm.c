/* SPDX-License-Identifier: MIT */
/*
 * Storm: random grants and releases, singly and in bulk, on all processors at
 * once, with every page of every live block stamped by what no other block has:
 * a page that two had at once shows by the stamp of the second. At the end all
 * is given back and the counts are where they began.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "cpu.h"
#include "exercise.h"
#include "settle.h"
#include "tap.h"

#define BLOCKS	       512
#define BULK	       16
#define DEFAULT_ROUNDS 12000
#define REPORTS	       4

struct block {
	uint64_t gpa; /* 0: none here */
	uint64_t stamp;
	unsigned int order;
};

/* One processor's storm. The processors share the blocks among them. */
struct storm {
	struct block *blocks;
	unsigned int count; /* of blocks */
	uint64_t random_state;
	uint64_t stamps; /* given out so far */
	uint64_t rounds;
	uint64_t granted, failed; /* atomic: all are told of at once */
	bool done;
};

static struct block all_blocks[BLOCKS];
static struct storm storms[LAB_CPUS_MAX];
static uint64_t waiting; /* processors at the start line; atomic */
static struct lab_counts start;

static struct storm *own(void)
{
	return &storms[smp_processor_id()];
}

static void count(uint64_t *what)
{
	__atomic_fetch_add(what, 1, __ATOMIC_RELAXED);
}

/* xorshift64*: good enough, and the same storm for the same seed. */
static uint64_t random_number(void)
{
	uint64_t state = own()->random_state;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	own()->random_state = state;
	return state * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

/* Each order half as often as the one below it. */
static unsigned int random_order(void)
{
	uint64_t number = random_number() | UINT64_C(1) << LAB_MAX_ORDER;

	return (unsigned int)__builtin_ctzll(number);
}

static gfp_t random_gfp(void)
{
	static const gfp_t contexts[] = {GFP_ATOMIC, GFP_NOWAIT, GFP_KERNEL,
					 GFP_KERNEL};
	gfp_t gfp = contexts[random_number() % 4] | __GFP_NOWARN;

	return random_number() % 8 ? gfp : gfp | __GFP_ZERO;
}

/* First and last word of every page: its address and the block's stamp. */
static void stamp(const struct block *block)
{
	for (uint64_t at = block->gpa;
	     at < block->gpa + (PAGE_SIZE << block->order); at += PAGE_SIZE) {
		uint64_t *page = (uint64_t *)at;

		page[0] = at ^ block->stamp;
		page[PAGE_SIZE / 8 - 1] = ~(at ^ block->stamp);
	}
}

static bool stamp_is_there(const struct block *block)
{
	for (uint64_t at = block->gpa;
	     at < block->gpa + (PAGE_SIZE << block->order); at += PAGE_SIZE) {
		const uint64_t *page = (const uint64_t *)at;

		expect_or_false(page[0], at ^ block->stamp);
		expect_or_false(page[PAGE_SIZE / 8 - 1], ~(at ^ block->stamp));
	}
	return true;
}

static bool is_zero(uint64_t gpa, unsigned int order)
{
	const uint64_t *word = (const uint64_t *)gpa;

	for (uint64_t i = 0; i < (PAGE_SIZE << order) / sizeof(*word); i++)
		expect_or_false(word[i], 0);
	return true;
}

/* Its processor's number is part of a stamp. */
static uint64_t next_stamp(void)
{
	return (++own()->stamps * LAB_CPUS_MAX + smp_processor_id()) << 40;
}

static bool keep(struct block *block, uint64_t gpa, unsigned int order,
		 gfp_t gfp)
{
	expect_or_false(gpa % (PAGE_SIZE << order), 0);
	if (gfp & __GFP_ZERO && !is_zero(gpa, order))
		return false;
	*block = (struct block){
		.gpa = gpa,
		.order = order,
		.stamp = next_stamp(),
	};
	stamp(block);
	count(&own()->granted);
	return true;
}

static bool take_one(struct block *block)
{
	unsigned int order = random_order();
	gfp_t gfp = random_gfp();
	int64_t gpa = lab_hypercall(LAB_HC_GRANT, gfp, order, 0, 0);

	if (gpa > 0)
		return keep(block, (uint64_t)gpa, order, gfp);
	expect_or_false(gpa == -LAB_ENOMEM || gpa == -LAB_EDQUOT, true);
	count(&own()->failed);
	return true;
}

static bool release_one(struct block *block)
{
	uint64_t gpa = block->gpa;

	if (!stamp_is_there(block))
		return false;
	block->gpa = 0;
	expect_or_false(lab_hypercall(LAB_HC_RELEASE, gpa, block->order, 0, 0),
			0);
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
	unsigned int order = random_order() % 4;
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
	unsigned int order = random_order() % 4;
	unsigned int limit = 1 + random_number() % BULK;
	unsigned int found = 0;
	struct storm *self = own();

	for (unsigned int i = 0; i < self->count && found < limit; i++) {
		struct block *block = &self->blocks[i];

		if (!block->gpa || block->order != order)
			continue;
		if (!stamp_is_there(block))
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
		return block->gpa ? release_one(block) : take_one(block);
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

static bool tell_progress(uint64_t done)
{
	uint64_t granted, failed;
	struct lab_counts c;

	expect_or_false(lab_query(&c), 0);
	sum(&granted, &failed);
	printf("# %lu rounds each: %lu grants, %lu refused; now %lu pages in "
	       "%lu leases\n",
	       done, granted, failed, c.pages_granted, c.leases);
	return true;
}

/* One tells for all. */
static bool tells_now(const struct storm *self, uint64_t round)
{
	uint64_t step = self->rounds / REPORTS ? self->rounds / REPORTS : 1;

	return self == &storms[0] && round % step == 0;
}

/* One processor's part. No one begins before all are there. */
static void rage(void *unused)
{
	struct storm *self = own();

	(void)unused;
	__atomic_fetch_add(&waiting, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&waiting, __ATOMIC_ACQUIRE) < num_online_cpus())
		cpu_pause();
	for (uint64_t i = 1; i <= self->rounds; i++) {
		if (!one_round(self) ||
		    (tells_now(self, i) && !tell_progress(i)))
			return;
	}
	self->done = true;
}

static void the_storm(void)
{
	start = settled_counts();
	on_each_cpu(rage, NULL);
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
		if (self->blocks[i].gpa && !release_one(&self->blocks[i]))
			return;
	}
}

static void the_calm(void)
{
	on_each_cpu(give_all_back, NULL);
}

static void the_counts(void)
{
	uint64_t most = start.leases_guarantee;
	uint64_t granted, failed;
	struct lab_counts end;

	if (most < start.leases)
		most = start.leases;
	end = settled_counts();
	sum(&granted, &failed);
	expect(end.pages_granted, start.pages_granted);
	expect(end.grants - start.grants, granted);
	expect(end.releases - start.releases, granted);
	expect(end.mistakes, start.mistakes);
	expect(end.pages_free % LAB_EXTENT_PAGES, 0);
	expect(end.leases <= most + 1, true);
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
		storm->random_state = (seed + i) ^ UINT64_C(0x9e3779b97f4a7c15);
		/* 0 would stay 0 for ever. */
		if (!storm->random_state)
			storm->random_state = 1;
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

	prepare(seed, rounds);
	printf("# seed %lu, %lu rounds on %u processors\n", seed, rounds,
	       num_online_cpus());
	return tap_run(&group, 1);
}
