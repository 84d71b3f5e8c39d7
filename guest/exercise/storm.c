/* SPDX-License-Identifier: MIT */
/*
 * Storm: random grants and releases, singly and in bulk, with every page of
 * every live block stamped by what no other block has. At the end all is
 * given back and the counts are where they began.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "exercise.h"
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

static struct block blocks[BLOCKS];
static uint64_t random_state;
static uint64_t stamps; /* given out so far */
static uint64_t rounds;
static uint64_t granted, failed;
static struct lab_counts start;

/* xorshift64*: good enough, and the same storm for the same seed. */
static uint64_t random_number(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(0x2545f4914f6cdd1d) >> 16;
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
	gfp_t gfp = contexts[random_number() % 4];

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

static bool keep(struct block *block, uint64_t gpa, unsigned int order,
		 gfp_t gfp)
{
	expect_or_false(gpa % (PAGE_SIZE << order), 0);
	if (gfp & __GFP_ZERO && !is_zero(gpa, order))
		return false;
	*block = (struct block){
		.gpa = gpa,
		.order = order,
		.stamp = ++stamps << 44,
	};
	stamp(block);
	granted++;
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
	failed++;
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

/* Free places in the table, up to count. */
static unsigned int find_room(struct block **room, unsigned int count)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < BLOCKS && found < count; i++) {
		if (!blocks[i].gpa)
			room[found++] = &blocks[i];
	}
	return found;
}

static bool take_bulk(void)
{
	struct block *room[BULK];
	struct page *pages[BULK];
	unsigned int order = random_order() % 4;
	unsigned int count = find_room(room, 1 + random_number() % BULK);
	gfp_t gfp = random_gfp();
	int error;

	if (count == 0)
		return true;
	error = alloc_pages_bulk(gfp, order, count, pages);
	if (error) {
		expect_or_false(error == -LAB_ENOMEM || error == -LAB_EDQUOT,
				true);
		failed++;
		return true;
	}
	for (unsigned int i = 0; i < count; i++) {
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
	unsigned int count = 0;

	for (unsigned int i = 0; i < BLOCKS && count < limit; i++) {
		struct block *block = &blocks[i];

		if (!block->gpa || block->order != order)
			continue;
		if (!stamp_is_there(block))
			return false;
		pages[count++] = virt_to_page((void *)block->gpa);
		block->gpa = 0;
	}
	if (count)
		expect_or_false(free_pages_bulk(order, count, pages), 0);
	return true;
}

static bool one_round(void)
{
	struct block *block = &blocks[random_number() % BLOCKS];

	switch (random_number() % 32) {
	case 0:
		return take_bulk();
	case 1:
		return release_bulk();
	default:
		return block->gpa ? release_one(block) : take_one(block);
	}
}

static bool tell_progress(uint64_t done)
{
	struct lab_counts c;

	expect_or_false(lab_query(&c), 0);
	printf("# %lu rounds: %lu grants, %lu refused; now %lu pages in %lu "
	       "leases\n",
	       done, granted, failed, c.pages_granted, c.leases);
	return true;
}

static void the_storm(void)
{
	uint64_t step = rounds / REPORTS ? rounds / REPORTS : 1;

	expect(lab_query(&start), 0);
	for (uint64_t i = 1; i <= rounds; i++) {
		if (!one_round() || (i % step == 0 && !tell_progress(i)))
			return;
	}
	expect(granted > 0, true);
}

static void the_calm(void)
{
	for (unsigned int i = 0; i < BLOCKS; i++) {
		if (blocks[i].gpa && !release_one(&blocks[i]))
			return;
	}
}

static void the_counts(void)
{
	uint64_t most = start.leases_guarantee;
	struct lab_counts end;

	if (most < start.leases)
		most = start.leases;
	expect(lab_query(&end), 0);
	expect(end.pages_granted, start.pages_granted);
	expect(end.grants - start.grants, granted);
	expect(end.releases - start.releases, granted);
	expect(end.mistakes, start.mistakes);
	expect(end.pages_free % LAB_EXTENT_PAGES, 0);
	expect(end.leases <= most + 1, true);
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

	rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : DEFAULT_ROUNDS;
	/* 0 would stay 0 for ever. */
	random_state = seed ^ UINT64_C(0x9e3779b97f4a7c15);
	if (!random_state)
		random_state = 1;
	printf("# seed %lu, %lu rounds\n", seed, rounds);
	return tap_run(&group, 1);
}
