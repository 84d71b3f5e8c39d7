/* SPDX-License-Identifier: MIT */
/*
 * Which numbers of a range are taken, and the lowest that is not: a tree of
 * 64-bit words, so that each question looks at one word for each power of 64.
 */
#ifndef LABYRINTH_MEM_LOWEST_H
#define LABYRINTH_MEM_LOWEST_H

#include <stdbool.h>
#include <stdint.h>

#define LOWEST_LEVELS 4u
#define LOWEST_MAX    (1u << 24) /* 64^4 */

struct lowest {
	uint32_t size; /* the numbers are 0 to size - 1 */
	/* Level 0 has a bit for each number, each above one for a full word
	 * of the level below. The last is one word. */
	uint64_t *level[LOWEST_LEVELS];
	unsigned levels;
};

/* All of 0 to size - 1 are free (size 0 to LOWEST_MAX). 0 or -ENOMEM. */
int lowest_init(struct lowest *self, uint32_t size);

/* Let go of the memory, also of a structure that is all zeroes. */
void lowest_fini(struct lowest *self);

/* Is this number taken? */
bool lowest_taken(const struct lowest *self, uint32_t number);

/* Take a free number; free a taken one. */
void lowest_take(struct lowest *self, uint32_t number);
void lowest_free(struct lowest *self, uint32_t number);

/* The lowest free number: 0 and *number, or -ENOSPC. */
int lowest_find(const struct lowest *self, uint32_t *number);

#endif
