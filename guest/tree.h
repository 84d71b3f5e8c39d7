/* SPDX-License-Identifier: MIT */
/*
 * A tree of pages of 512 words, as the processor's page tables are, and used
 * for these and for what is recorded of each page. Has no lock: its user's
 * must be held. Pages to grow by are got beforehand, where one may wait.
 */
#ifndef GUEST_TREE_H
#define GUEST_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/guest.h>

#define TREE_BITS    9
#define TREE_ENTRIES (UINT64_C(1) << TREE_BITS) /* words of a node */

/* Indices run from 0 to TREE_ENTRIES to the power of levels. */
struct tree {
	uint64_t *root;	     /* TREE_ENTRIES words, its user's */
	unsigned int levels; /* the root's included: 1 and it is all */
};

/* Zeroed pages, linked by their first words; zero is an empty pool. */
struct tree_pool {
	uint64_t *first;
};

/* One more granted page into the pool; false if there is none. No lock held. */
bool tree_pool_fill(struct tree_pool *pool, gfp_t gfp);

/* Give all pages of the pool back. No lock held. */
void tree_pool_drain(struct tree_pool *pool);

/* The word at an index, or NULL where no node is. */
uint64_t *tree_find(const struct tree *tree, uint64_t index);

/*
 * The same, with nodes made from the pool where they are missing: NULL if it
 * has too few pages; then fill it and come again. The index must be in range.
 */
uint64_t *tree_make(struct tree *tree, uint64_t index, struct tree_pool *pool);

/* Take the nodes above an index that hold only zeroes, into the pool. */
void tree_prune(struct tree *tree, uint64_t index, struct tree_pool *pool);

/* The node below a word that is not one of the lowest level's; 0 has none. */
uint64_t *tree_node(uint64_t word);

#endif
