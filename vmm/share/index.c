/* SPDX-License-Identifier: MIT */
/*
 * A bit above says that the word below is not 0. Who clears one looks below
 * again afterwards, and sets it again if there is something after all; who sets
 * one does it from below upwards. So at rest no bit is missing.
 */
#include "share/index.h"

#include "share/child.h"
#include "share/word.h"

#define BITS 64u

/* How many words above may be found to lie in one search. */
#define LIES 8u

void index_layout(struct share *self)
{
	uint32_t bits = self->extents;
	uint32_t at = 0;

	self->levels = 0;
	do {
		uint32_t words = bits == 0 ? 1 : (bits - 1) / BITS + 1;

		self->level[self->levels] = at;
		self->words[self->levels++] = words;
		at += words;
		bits = words;
	} while (bits > 1);
	self->stride = (at + 7) / 8 * 8;
}

static uint64_t *word_at(const struct share *self, unsigned list,
			 unsigned level, uint32_t word)
{
	return &self->index[list * self->stride + self->level[level] + word];
}

static void set(struct share *self, unsigned list, unsigned level, uint32_t n)
{
	for (; level < self->levels; level++, n /= BITS) {
		uint64_t *word = word_at(self, list, level, n / BITS);
		uint64_t bit = UINT64_C(1) << (n % BITS);

		/* Another's bit in the word does not say that it got further.
		 */
		if ((word_load(word) & bit) == 0)
			(void)__atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
	}
}

/* True: what was cleared above was set again. */
static bool clear(struct share *self, unsigned list, unsigned level, uint32_t n)
{
	for (; level < self->levels; level++, n /= BITS) {
		uint64_t *word = word_at(self, list, level, n / BITS);
		uint64_t bit = UINT64_C(1) << (n % BITS);
		uint64_t old = __atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);

		if (level > 0 &&
		    word_load(word_at(self, list, level - 1, n)) != 0) {
			set(self, list, level, n);
			return true;
		}
		if ((old & ~bit) != 0)
			return false;
	}
	return false;
}

/*
 * From here to the end a bit may be clear that should be set. Whoever looked
 * for it in between sees one of the two counts.
 */
static void clear_begin(struct share *self)
{
	(void)__atomic_fetch_add(&self->head->clears, 1, __ATOMIC_SEQ_CST);
}

static void clear_end(struct share *self, bool set_again)
{
	if (set_again)
		(void)__atomic_fetch_add(&self->head->moves, 1,
					 __ATOMIC_SEQ_CST);
	(void)__atomic_fetch_sub(&self->head->clears, 1, __ATOMIC_SEQ_CST);
}

static bool listed(const struct share *self, uint32_t extent, unsigned list)
{
	return child_bucket(word_load(&self->children[extent])) == list + 1;
}

/*
 * Whoever changed the child between our look and our write either comes after
 * our write, with a write of its own, or is seen by our second look.
 */
void index_follow(struct share *self, uint32_t extent, unsigned list)
{
	bool is = listed(self, extent, list);
	bool cleared = false, set_again = false;

	for (unsigned i = 0; i < WORD_RACES; i++) {
		bool was = is;

		if (is) {
			set(self, list, 0, extent);
			set_again = cleared;
		} else {
			if (!cleared)
				clear_begin(self);
			cleared = true;
			set_again |= clear(self, list, 0, extent);
		}
		is = listed(self, extent, list);
		if (is == was)
			break;
	}
	if (cleared)
		clear_end(self, set_again);
}

/* From the first bit at or above n of this level, down to an extent; or the
 * word that has none, which is told to the level above. */
static uint32_t descend(struct share *self, unsigned list, unsigned level,
			uint32_t n, bool *lie)
{
	while (level-- > 0) {
		if (n >= self->words[level])
			return INDEX_NONE; /* a bit for what there is not */
		uint64_t word = word_load(word_at(self, list, level, n));

		if (word == 0) {
			clear_begin(self);
			clear_end(self, clear(self, list, level + 1, n));
			*lie = true;
			return INDEX_NONE;
		}
		n = n * BITS + (uint32_t)__builtin_ctzll(word);
	}
	return n < self->extents ? n : INDEX_NONE;
}

static uint32_t next(struct share *self, unsigned list, uint32_t n, bool *lie)
{
	for (unsigned level = 0; level < self->levels; level++) {
		if (n / BITS >= self->words[level])
			return INDEX_NONE;
		uint64_t word = word_load(word_at(self, list, level, n / BITS));

		word &= UINT64_MAX << (n % BITS);
		if (word != 0)
			return descend(self, list, level,
				       n / BITS * BITS +
					       (uint32_t)__builtin_ctzll(word),
				       lie);
		n = n / BITS + 1;
	}
	return INDEX_NONE;
}

uint32_t index_next(struct share *self, unsigned list, uint32_t from)
{
	for (unsigned i = 0; i < LIES; i++) {
		bool lie = false;
		uint32_t extent = next(self, list, from, &lie);

		if (!lie)
			return extent;
	}
	return INDEX_NONE;
}

static bool bit_at(const struct share *self, unsigned list, unsigned level,
		   uint32_t n)
{
	return word_load(word_at(self, list, level, n / BITS)) >> (n % BITS) &
	       1;
}

const char *index_fault(const struct share *self)
{
	for (unsigned list = 0; list < LAB_SHARE_LISTS; list++) {
		for (uint32_t n = 0; n < self->words[0] * BITS; n++)
			if (bit_at(self, list, 0, n) !=
			    (n < self->extents && listed(self, n, list)))
				return "the index does not follow a child";
		for (unsigned level = 1; level < self->levels; level++)
			for (uint32_t n = 0; n < self->words[level] * BITS; n++)
				if (bit_at(self, list, level, n) !=
				    (n < self->words[level - 1] &&
				     word_load(word_at(self, list, level - 1,
						       n)) != 0))
					return "the index does not follow "
					       "itself";
	}
	return NULL;
}
