/* SPDX-License-Identifier: MIT */
#include "share/map.h"

#include "share/word.h"

#define WORDS LAB_SHARE_MAP_WORDS
#define PAGES LAB_SHARE_MAP_PAGES

/* The words of a block of order 5 and above. */
static unsigned words_of(unsigned order)
{
	return 1u << (order - WORD_ORDER);
}

static uint32_t free_pages(const uint64_t *map, unsigned word)
{
	return ~word_used(word_load(&map[word]));
}

/* Grants. */

/* In this word: the page within it, or -1. */
static int grant_within(uint64_t *word, unsigned order)
{
	uint64_t old = word_load(word);

	for (unsigned i = 0; i < WORD_RACES; i++) {
		uint32_t blocks = word_blocks(~word_used(old), order);

		if (blocks == 0)
			return -1;
		unsigned bit = (unsigned)__builtin_ctz(blocks);

		if (word_swap(word, &old, word_grant(old, bit, order)))
			return (int)bit;
	}
	return -1;
}

/*
 * These words, if all are free. From the last to the first, which makes it a
 * grant: until then there is none that could be released. Who finds one used
 * puts back what was there; nobody else changes what is used up to then.
 */
static bool grant_words(uint64_t *map, unsigned first, unsigned order)
{
	uint64_t old[WORDS];
	unsigned i = words_of(order);

	while (i > 0) {
		uint64_t *word = &map[first + --i];

		old[i] = word_load(word);
		if (word_used(old[i]) == 0 &&
		    word_swap(word, &old[i], word_large(order, i == 0)))
			continue;
		while (++i < words_of(order)) {
			uint64_t mine = word_large(order, false);

			(void)word_swap(&map[first + i], &mine, old[i]);
		}
		return false;
	}
	return true;
}

static int grant_large(uint64_t *map, unsigned order)
{
	for (unsigned first = 0; first < WORDS; first += words_of(order))
		if (grant_words(map, first, order))
			return (int)(first * PAGES);
	return -LAB_ENOMEM;
}

int map_grant(uint64_t *map, unsigned order, unsigned word)
{
	if (order > WORD_ORDER)
		return grant_large(map, order);
	for (unsigned i = 0; i < WORDS; i++, word++) {
		int bit = grant_within(&map[word % WORDS], order);

		if (bit >= 0)
			return (int)(word % WORDS * PAGES) + bit;
	}
	return -LAB_ENOMEM;
}

/* Releases. */

/*
 * The first word is free now, and remembers that a grant began. The others are
 * ours alone until they are free, too: they are used, and no head is there.
 */
static void release_rest(uint64_t *map, unsigned first, unsigned order)
{
	for (unsigned i = words_of(order); i-- > 1;) {
		uint64_t mine = word_large(order, false);

		(void)word_swap(&map[first + i], &mine, 0);
	}
}

int map_release(uint64_t *map, unsigned page, unsigned order)
{
	uint64_t *word = &map[page / PAGES];
	unsigned bit = page % PAGES;
	uint64_t old = word_load(word);

	for (unsigned i = 0; i < WORD_RACES; i++) {
		int r = word_check(old, bit, order);
		uint64_t fresh = order <= WORD_ORDER
					 ? word_release(old, bit, order)
					 : UINT64_C(1) << 32;

		if (r < 0)
			return r;
		if (!word_swap(word, &old, fresh))
			continue;
		if (order > WORD_ORDER)
			release_rest(map, page / PAGES, order);
		return 0;
	}
	return -LAB_EAGAIN;
}

/* Questions. */

int map_check(const uint64_t *map, unsigned page, unsigned order)
{
	return word_check(word_load(&map[page / PAGES]), page % PAGES, order);
}

int map_inspect(const uint64_t *map, unsigned page)
{
	return word_inspect(word_load(&map[page / PAGES]), page % PAGES);
}

static bool words_free(const uint64_t *map, unsigned first, unsigned count)
{
	while (count-- > 0)
		if (free_pages(map, first + count) != WORD_FULL)
			return false;
	return true;
}

unsigned map_merged(const uint64_t *map, unsigned page, unsigned order)
{
	unsigned word = page / PAGES;

	if (order < WORD_ORDER) {
		uint32_t pages = free_pages(map, word) |
				 (uint32_t)word_mask(page % PAGES, order);

		while (order < WORD_ORDER) {
			unsigned bits = 2u << order;
			unsigned bit = page % PAGES & ~(bits - 1);
			uint32_t both = (uint32_t)word_mask(bit, order + 1);

			if ((pages & both) != both)
				return order;
			order++;
		}
	}
	while (order < LAB_MAX_ORDER) {
		unsigned count = words_of(order);

		if (!words_free(map, (word & ~(count - 1)) ^ count, count))
			break;
		order++;
	}
	return order;
}

/* Bit i: word i is free. */
static uint32_t whole_words(const uint32_t *pages)
{
	uint32_t whole = 0;

	for (unsigned i = 0; i < WORDS; i++)
		whole |= (uint32_t)(pages[i] == WORD_FULL) << i;
	return whole;
}

/* The largest run of whole words, as word_blocks() has them for pages. */
static int largest_of_words(uint32_t whole)
{
	unsigned order = WORD_ORDER;

	while (order < LAB_MAX_ORDER &&
	       word_blocks(whole, order + 1 - WORD_ORDER) != 0)
		order++;
	return (int)order;
}

int map_largest(const uint64_t *map)
{
	uint32_t pages[WORDS];
	int largest = -1;

	for (unsigned i = 0; i < WORDS; i++)
		pages[i] = free_pages(map, i);
	uint32_t whole = whole_words(pages);

	if (whole != 0)
		return largest_of_words(whole);
	for (unsigned i = 0; i < WORDS; i++)
		while (word_blocks(pages[i], (unsigned)(largest + 1)) != 0)
			largest++;
	return largest;
}

/* How many bits are set. The compiler's own is a call of a library that a guest
 * has not. */
static unsigned ones(uint32_t bits)
{
	unsigned count = 0;

	for (; bits != 0; bits &= bits - 1)
		count++;
	return count;
}

unsigned map_count(const uint64_t *map, unsigned order)
{
	uint32_t pages[WORDS];
	unsigned count = 0;

	for (unsigned i = 0; i < WORDS; i++)
		pages[i] = free_pages(map, i);
	if (order > WORD_ORDER) {
		uint32_t whole =
			word_blocks(whole_words(pages), order - WORD_ORDER);

		return ones(whole);
	}
	for (unsigned i = 0; i < WORDS; i++)
		count += ones(word_blocks(pages[i], order));
	return count;
}

void map_clear(uint64_t *map)
{
	for (unsigned i = 0; i < WORDS; i++)
		__atomic_store_n(&map[i], 0, __ATOMIC_SEQ_CST);
}

/* How a word may not be; one of a large grant is looked at by map_fault(). */
static const char *word_fault(uint64_t word)
{
	uint32_t used = word_used(word);

	for (unsigned bit = 0; bit < PAGES;) {
		if (!(used >> bit & 1)) {
			bit++;
			continue;
		}
		if (!(word_heads(word) >> bit & 1))
			return "a used page is in no grant";
		unsigned pages = word_pages(word, bit);

		if ((pages & (pages - 1)) != 0)
			return "a grant is not a power of two";
		if (bit % pages != 0)
			return "a grant is not aligned";
		bit += pages;
	}
	return NULL;
}

const char *map_fault(const uint64_t *map)
{
	for (unsigned i = 0; i < WORDS;) {
		uint64_t word = word_load(&map[i]);
		unsigned order = word_large_order(word);
		const char *fault = order ? NULL : word_fault(word);

		if (fault != NULL)
			return fault;
		if (order == 0) {
			i++;
			continue;
		}
		if (i % words_of(order) != 0 || word != word_large(order, true))
			return "a large grant has no beginning";
		for (unsigned n = 1; n < words_of(order); n++)
			if (word_load(&map[i + n]) != word_large(order, false))
				return "a large grant is torn";
		i += words_of(order);
	}
	return NULL;
}
