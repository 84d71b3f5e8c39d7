/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "mem/lowest.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define WORD_BITS 64u
#define WORD_FULL UINT64_MAX

int lowest_init(struct lowest *self, uint32_t size)
{
	uint32_t bits = size;

	assert(size <= LOWEST_MAX);
	*self = (struct lowest){.size = size};
	do {
		uint32_t words = bits == 0 ? 1 : (bits - 1) / WORD_BITS + 1;
		uint64_t *level = calloc(words, sizeof(*level));

		if (level == NULL) {
			lowest_fini(self);
			return -ENOMEM;
		}
		/* What lies behind the end is taken for ever. */
		if (bits == 0)
			level[0] = WORD_FULL;
		else if (bits % WORD_BITS != 0)
			level[words - 1] = WORD_FULL << (bits % WORD_BITS);
		self->level[self->levels++] = level;
		bits = words;
	} while (bits > 1);
	return 0;
}

void lowest_fini(struct lowest *self)
{
	for (unsigned i = 0; i < self->levels; i++)
		free(self->level[i]);
	*self = (struct lowest){.size = 0};
}

bool lowest_taken(const struct lowest *self, uint32_t number)
{
	assert(number < self->size);
	return self->level[0][number / WORD_BITS] >> (number % WORD_BITS) & 1;
}

void lowest_take(struct lowest *self, uint32_t number)
{
	assert(!lowest_taken(self, number));
	for (unsigned i = 0; i < self->levels; i++) {
		uint64_t *word = &self->level[i][number / WORD_BITS];

		*word |= UINT64_C(1) << (number % WORD_BITS);
		if (*word != WORD_FULL)
			break;
		number /= WORD_BITS;
	}
}

void lowest_free(struct lowest *self, uint32_t number)
{
	assert(lowest_taken(self, number));
	for (unsigned i = 0; i < self->levels; i++) {
		self->level[i][number / WORD_BITS] &=
			~(UINT64_C(1) << (number % WORD_BITS));
		number /= WORD_BITS;
	}
}

int lowest_find(const struct lowest *self, uint32_t *number)
{
	uint32_t at = 0;

	if (self->level[self->levels - 1][0] == WORD_FULL)
		return -ENOSPC;
	for (unsigned i = self->levels; i-- > 0;)
		at = at * WORD_BITS +
		     (uint32_t)__builtin_ctzll(~self->level[i][at]);
	*number = at;
	return 0;
}
