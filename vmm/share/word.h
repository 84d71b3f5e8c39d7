/* SPDX-License-Identifier: MIT */
/*
 * One word of a map, as a value: what it says of its 32 pages, and what it
 * becomes. See <labyrinth/share.h> for the bits. And the atomic operations that
 * all of share/ uses on words of the table: sequentially consistent, since most
 * rules here are of the kind "write mine, then read theirs".
 */
#ifndef LABYRINTH_SHARE_WORD_H
#define LABYRINTH_SHARE_WORD_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/hypercall.h>
#include <labyrinth/share.h>

#define WORD_ORDER 5u /* of a whole word; larger grants have several */
#define WORD_FULL  UINT32_MAX

/*
 * How often somebody may lose a race for one word before giving up. Each loss
 * is another's gain, so that only who writes on purpose makes it come to this.
 */
#define WORD_RACES 4096u

/* Of what is called when the short way is not open: so that nothing is kept
 * ready for it on the short way. */
#define WORD_SLOW __attribute__((noinline, cold))

#define WORD_APART __attribute__((noinline))

/* Of the short way itself, which is made once for order 0 and once for others.
 */
#define WORD_QUICK static inline __attribute__((always_inline))

static inline uint64_t word_load(const uint64_t *at)
{
	return __atomic_load_n(at, __ATOMIC_SEQ_CST);
}

/* On failure *old is what was there. */
static inline bool word_swap(uint64_t *at, uint64_t *old, uint64_t fresh)
{
	return __atomic_compare_exchange_n(at, old, fresh, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline uint32_t word_used(uint64_t word)
{
	return (uint32_t)word;
}

static inline uint32_t word_heads(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

/* The used bits of a block of order 0 to 5. */
static inline uint64_t word_mask(unsigned bit, unsigned order)
{
	return (uint64_t)(WORD_FULL >> (32 - (1u << order))) << bit;
}

/* Where blocks of order 0 to 5 begin that are all in these pages. */
static inline uint32_t word_blocks(uint32_t pages, unsigned order)
{
	static const uint32_t aligned[WORD_ORDER + 1] = {
		0xffffffff, 0x55555555, 0x11111111,
		0x01010101, 0x00010001, 0x00000001,
	};

	for (unsigned k = 1; k <= order; k++)
		pages &= (pages >> (1u << (k - 1))) & aligned[k];
	return pages;
}

/* A free block of order 0 to 5 becomes a grant. */
static inline uint64_t word_grant(uint64_t word, unsigned bit, unsigned order)
{
	uint64_t mask = word_mask(bit, order);

	return ((word | mask) & ~(mask << 32)) | UINT64_C(1) << (32 + bit);
}

/* A grant that lies in this word is released. Its head stays. */
static inline uint64_t word_release(uint64_t word, unsigned bit, unsigned order)
{
	return word & ~word_mask(bit, order);
}

/* A word of a grant of order 6 to 9, and its first one. */
static inline uint64_t word_large(unsigned order, bool first)
{
	return UINT64_C(1) << LAB_SHARE_LARGE(order) | (uint64_t)first << 32 |
	       WORD_FULL;
}

/* The order of the large grant that has this word, or 0. */
static inline unsigned word_large_order(uint64_t word)
{
	uint32_t marks = word_heads(word) & ~1u;
	uint32_t known =
		WORD_FULL >> (31 - LAB_MAX_ORDER + WORD_ORDER + 1)
				     << (LAB_SHARE_LARGE(WORD_ORDER + 1) - 32);

	if (word_used(word) != WORD_FULL || marks == 0 ||
	    (marks & (marks - 1)) != 0 || (marks & ~known) != 0)
		return 0;
	return (unsigned)__builtin_ctz(marks) + WORD_ORDER + 1 -
	       (LAB_SHARE_LARGE(WORD_ORDER + 1) - 32);
}

/* How many pages the grant of order 0 to 5 has that begins at this page. */
static inline unsigned word_pages(uint64_t word, unsigned bit)
{
	uint64_t end = word_heads(word) | (uint32_t)~word_used(word);

	end |= UINT64_C(1) << 32;
	return (unsigned)__builtin_ctzll(end >> (bit + 1)) + 1;
}

/* May the grant of this order (0 to 9) at this page be released? 0, or the
 * errno. */
static inline int word_check(uint64_t word, unsigned bit, unsigned order)
{
	unsigned large = word_large_order(word);

	if (!(word_heads(word) >> bit & 1) || (large && bit != 0))
		return -LAB_ENOENT;
	if (!(word_used(word) >> bit & 1))
		return -LAB_ESTALE;
	if (large)
		return large == order ? 0 : -LAB_EMSGSIZE;
	return word_pages(word, bit) == 1u << order ? 0 : -LAB_EMSGSIZE;
}

/* Is the answer 0, for an order of 0 to 5? The words of large grants look like
 * no small one, so that this asks for nothing else. */
static inline bool word_releasable(uint64_t word, unsigned bit, unsigned order)
{
	uint64_t mask = word_mask(bit, order);
	uint64_t end = word_heads(word) | (uint32_t)~word_used(word);

	end |= UINT64_C(1) << 32;
	return (word & (mask | mask << 32)) ==
		       (mask | UINT64_C(1) << (32 + bit)) &&
	       end >> (bit + (1u << order)) & 1;
}

/* The order of the grant that covers this page, or -LAB_ENOENT. */
static inline int word_inspect(uint64_t word, unsigned bit)
{
	unsigned large = word_large_order(word);
	uint32_t below = word_heads(word) & (WORD_FULL >> (31 - bit));

	if (!(word_used(word) >> bit & 1) || (below == 0 && !large))
		return -LAB_ENOENT;
	if (large)
		return (int)large;
	unsigned head = 31 - (unsigned)__builtin_clz(below);

	return __builtin_ctz(word_pages(word, head));
}

#endif
