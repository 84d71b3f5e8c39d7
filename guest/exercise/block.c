/* SPDX-License-Identifier: MIT */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "block.h"
#include "tap.h"

#define STAMP_SHIFT 40 /* above the bits of any address */

struct dice dice_of(uint64_t seed)
{
	struct dice self = {.state = seed ^ UINT64_C(0x9e3779b97f4a7c15)};

	/* 0 would stay 0 for ever. */
	if (!self.state)
		self.state = 1;
	return self;
}

/* xorshift64*: good enough. */
uint64_t dice_throw(struct dice *self)
{
	uint64_t state = self->state;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	self->state = state;
	return state * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

unsigned int dice_order(struct dice *self)
{
	uint64_t number = dice_throw(self) | UINT64_C(1) << LAB_MAX_ORDER;

	return (unsigned int)__builtin_ctzll(number);
}

/* First and last word of every page: its address and the block's stamp. */
static void stamp(const struct block *self)
{
	for (uint64_t at = self->gpa;
	     at < self->gpa + (PAGE_SIZE << self->order); at += PAGE_SIZE) {
		uint64_t *page = (uint64_t *)at;

		page[0] = at ^ self->stamp;
		page[PAGE_SIZE / 8 - 1] = ~(at ^ self->stamp);
	}
}

bool block_is_whole(const struct block *self)
{
	for (uint64_t at = self->gpa;
	     at < self->gpa + (PAGE_SIZE << self->order); at += PAGE_SIZE) {
		const uint64_t *page = (const uint64_t *)at;

		expect_or_false(page[0], at ^ self->stamp);
		expect_or_false(page[PAGE_SIZE / 8 - 1], ~(at ^ self->stamp));
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

bool block_keep(struct block *self, uint64_t gpa, unsigned int order, gfp_t gfp,
		uint64_t number)
{
	expect_or_false(gpa % (PAGE_SIZE << order), 0);
	if (gfp & __GFP_ZERO && !is_zero(gpa, order))
		return false;
	*self = (struct block){
		.gpa = gpa,
		.order = order,
		.stamp = number << STAMP_SHIFT,
	};
	stamp(self);
	return true;
}

bool block_release(struct block *self)
{
	uint64_t gpa = self->gpa;

	if (!block_is_whole(self))
		return false;
	self->gpa = 0;
	expect_or_false(lab_hypercall(LAB_HC_RELEASE, gpa, self->order, 0, 0),
			0);
	return true;
}
