/* SPDX-License-Identifier: MIT */
/*
 * A word that leads to a node is what a page table has there: its rights are
 * those of the lowest level alone.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "cpu.h"
#include "tree.h"

#define LINK (CPU_PTE_PRESENT | CPU_PTE_WRITE | CPU_PTE_USER)

static void put(struct tree_pool *pool, uint64_t *node)
{
	*node = (uint64_t)pool->first;
	pool->first = node;
}

static uint64_t *take(struct tree_pool *pool)
{
	uint64_t *node = pool->first;

	if (node) {
		pool->first = (uint64_t *)*node;
		*node = 0;
	}
	return node;
}

bool tree_pool_fill(struct tree_pool *pool, gfp_t gfp)
{
	struct page *page = alloc_page(gfp | __GFP_ZERO);

	if (page)
		put(pool, page_address(page));
	return page != NULL;
}

void tree_pool_drain(struct tree_pool *pool)
{
	uint64_t *node;

	while ((node = take(pool)))
		__free_page(virt_to_page(node));
}

uint64_t *tree_node(uint64_t word)
{
	return (uint64_t *)(word & CPU_PTE_ADDRESS);
}

/* Of the node at a level (0: the lowest), the word on the way to an index. */
static uint64_t *word_at(uint64_t *node, uint64_t index, unsigned int level)
{
	return &node[index >> TREE_BITS * level & (TREE_ENTRIES - 1)];
}

uint64_t *tree_find(const struct tree *tree, uint64_t index)
{
	uint64_t *node = tree->root;

	if (index >> TREE_BITS * tree->levels)
		return NULL;
	for (unsigned int level = tree->levels - 1; level > 0; level--) {
		uint64_t word = *word_at(node, index, level);

		if (!word)
			return NULL;
		node = tree_node(word);
	}
	return word_at(node, index, 0);
}

uint64_t *tree_make(struct tree *tree, uint64_t index, struct tree_pool *pool)
{
	uint64_t *node = tree->root;

	for (unsigned int level = tree->levels - 1; level > 0; level--) {
		uint64_t *word = word_at(node, index, level);

		if (!*word) {
			uint64_t *fresh = take(pool);

			if (!fresh)
				return NULL;
			/* A processor may walk here: the node's zeroes first.
			 */
			__atomic_store_n(word, (uint64_t)fresh | LINK,
					 __ATOMIC_RELEASE);
		}
		node = tree_node(*word);
	}
	return word_at(node, index, 0);
}

static bool is_empty(const uint64_t *node)
{
	for (unsigned int i = 0; i < TREE_ENTRIES; i++) {
		if (node[i])
			return false;
	}
	return true;
}

/* Is the node at this level empty now? */
static bool prune(uint64_t *node, uint64_t index, unsigned int level,
		  struct tree_pool *pool)
{
	uint64_t *word = word_at(node, index, level);

	if (level > 0 && *word) {
		uint64_t *child = tree_node(*word);

		if (!prune(child, index, level - 1, pool))
			return false;
		*word = 0;
		put(pool, child);
	}
	return is_empty(node);
}

void tree_prune(struct tree *tree, uint64_t index, struct tree_pool *pool)
{
	prune(tree->root, index, tree->levels - 1, pool);
}
