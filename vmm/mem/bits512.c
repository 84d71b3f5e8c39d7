/* SPDX-License-Identifier: MIT */
/*
 * Bit i of a "fold" of order k says that a run of order k begins at bit i.
 * A word folds within itself up to order 6; above, whole words are full.
 */
#include <config.h>

#include "mem/bits512.h"

#include <assert.h>

#define WORD_BITS  64u
#define WORD_ORDER 6u
#define WORD_FULL  UINT64_MAX

/* The bits where a run of each order may begin within a word. */
static const uint64_t aligned[WORD_ORDER + 1] = {
	UINT64_MAX,
	UINT64_C(0x5555555555555555),
	UINT64_C(0x1111111111111111),
	UINT64_C(0x0101010101010101),
	UINT64_C(0x0001000100010001),
	UINT64_C(0x0000000100000001),
	UINT64_C(0x0000000000000001),
};

/* The fold of a word from its fold of the order below (order 1 to 6). */
static uint64_t fold_once(uint64_t fold, unsigned order)
{
	return fold & (fold >> (1u << (order - 1))) & aligned[order];
}

/* The fold of a word (order 0 to 6). */
static uint64_t fold_word(uint64_t word, unsigned order)
{
	for (unsigned k = 1; k <= order; k++)
		word = fold_once(word, k);
	return word;
}

/* The bits of a run of order 0 to 6 that begins at this bit of a word. */
static uint64_t run_mask(unsigned first, unsigned order)
{
	unsigned bits = 1u << order;

	return (WORD_FULL >> (WORD_BITS - bits)) << (first % WORD_BITS);
}

static unsigned run_words(unsigned order)
{
	return order <= WORD_ORDER ? 1 : 1u << (order - WORD_ORDER);
}

/* The part of each word that a run covers. */
static uint64_t word_mask(unsigned first, unsigned order)
{
	return order <= WORD_ORDER ? run_mask(first, order) : WORD_FULL;
}

static void assert_run(unsigned first, unsigned order)
{
	assert(order <= 9);
	assert(first < BITS512);
	assert(first % (1u << order) == 0);
	(void)first;
	(void)order;
}

bool bits512_test(const struct bits512 *self, unsigned bit)
{
	assert(bit < BITS512);
	return self->word[bit / WORD_BITS] >> (bit % WORD_BITS) & 1;
}

void bits512_set(struct bits512 *self, unsigned first, unsigned order)
{
	uint64_t *word = &self->word[first / WORD_BITS];

	assert_run(first, order);
	for (unsigned i = 0; i < run_words(order); i++)
		word[i] |= word_mask(first, order);
}

void bits512_clear(struct bits512 *self, unsigned first, unsigned order)
{
	uint64_t *word = &self->word[first / WORD_BITS];

	assert_run(first, order);
	for (unsigned i = 0; i < run_words(order); i++)
		word[i] &= ~word_mask(first, order);
}

bool bits512_all(const struct bits512 *self, unsigned first, unsigned order)
{
	const uint64_t *word = &self->word[first / WORD_BITS];
	uint64_t mask = word_mask(first, order);

	assert_run(first, order);
	for (unsigned i = 0; i < run_words(order); i++)
		if ((word[i] & mask) != mask)
			return false;
	return true;
}

struct bits512 bits512_not(const struct bits512 *self)
{
	struct bits512 opposite;

	for (unsigned i = 0; i < BITS512_WORDS; i++)
		opposite.word[i] = ~self->word[i];
	return opposite;
}

unsigned bits512_next(const struct bits512 *self, unsigned from)
{
	assert(from <= BITS512);
	if (from == BITS512)
		return BITS512;
	unsigned i = from / WORD_BITS;
	uint64_t word = self->word[i] & (WORD_FULL << (from % WORD_BITS));

	while (word == 0) {
		if (++i == BITS512_WORDS)
			return BITS512;
		word = self->word[i];
	}
	return i * WORD_BITS + (unsigned)__builtin_ctzll(word);
}

unsigned bits512_last(const struct bits512 *self, unsigned from)
{
	assert(from < BITS512);
	unsigned i = from / WORD_BITS;
	unsigned above = WORD_BITS - 1 - from % WORD_BITS;
	uint64_t word = self->word[i] & (WORD_FULL >> above);

	while (word == 0) {
		if (i-- == 0)
			return BITS512;
		word = self->word[i];
	}
	return i * WORD_BITS + 63 - (unsigned)__builtin_clzll(word);
}

unsigned bits512_first_run(const struct bits512 *self, unsigned order)
{
	assert(order <= 9);
	if (order > WORD_ORDER) {
		for (unsigned at = 0; at < BITS512; at += 1u << order)
			if (bits512_all(self, at, order))
				return at;
		return BITS512;
	}
	for (unsigned i = 0; i < BITS512_WORDS; i++) {
		uint64_t fold = fold_word(self->word[i], order);
		if (fold != 0)
			return i * WORD_BITS + (unsigned)__builtin_ctzll(fold);
	}
	return BITS512;
}

unsigned bits512_count_runs(const struct bits512 *self, unsigned order)
{
	unsigned runs = 0;

	assert(order <= 9);
	for (unsigned at = 0; at < BITS512; at += WORD_BITS) {
		uint64_t word = self->word[at / WORD_BITS];

		if (order <= WORD_ORDER)
			runs += (unsigned)__builtin_popcountll(
				fold_word(word, order));
		else if (at % (1u << order) == 0)
			runs += bits512_all(self, at, order);
	}
	return runs;
}

/* The same, once it is known that some word is full. */
static int largest_of_words(const struct bits512 *self)
{
	int order = 9;

	while (bits512_first_run(self, (unsigned)order) == BITS512)
		order--;
	return order;
}

int bits512_largest_run(const struct bits512 *self)
{
	struct bits512 fold = *self;

	for (unsigned order = 0;; order++) {
		uint64_t any = 0;

		for (unsigned i = 0; i < BITS512_WORDS; i++) {
			if (order > 0)
				fold.word[i] = fold_once(fold.word[i], order);
			any |= fold.word[i];
		}
		if (any == 0)
			return (int)order - 1;
		if (order == WORD_ORDER)
			return largest_of_words(self);
	}
}
