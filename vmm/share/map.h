/* SPDX-License-Identifier: MIT */
/*
 * The map of one extent: 16 words, which any number of threads change at once.
 * Each function says of the words what it read of them, one after another;
 * only in a grant of more than one word do they depend on each other.
 *
 * A page is a number from 0 to LAB_EXTENT_PAGES - 1, of a block aligned to its
 * order, 0 to LAB_MAX_ORDER.
 */
#ifndef LABYRINTH_SHARE_MAP_H
#define LABYRINTH_SHARE_MAP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Grant a free block of this order: its page, or -LAB_ENOMEM. It is the first,
 * counted from this word (0 to 15) on and round.
 */
int map_grant(uint64_t *map, unsigned order, unsigned word);

/*
 * Release: 0, or an answer of share_check_release(), or -LAB_EAGAIN. Who
 * changed the grant's first word has released it, and nobody else touches what
 * remains of it.
 */
int map_release(uint64_t *map, unsigned page, unsigned order);

/* The same answers, and nothing is released. */
int map_check(const uint64_t *map, unsigned page, unsigned order);

/* The order of the grant that covers this page, or -LAB_ENOENT. */
int map_inspect(const uint64_t *map, unsigned page);

/* The order of the largest block that holds this one and is free but for it. */
unsigned map_merged(const uint64_t *map, unsigned page, unsigned order);

/* The order of the largest free block, or -1 when no page is free. */
int map_largest(const uint64_t *map);

/* How many free blocks of this order there are. */
unsigned map_count(const uint64_t *map, unsigned order);

/* Nothing was granted ever. */
void map_clear(uint64_t *map);

/* NULL, or what is wrong: each used page must be in one grant, of a power of
 * two and aligned to it. */
const char *map_fault(const uint64_t *map);

#endif
