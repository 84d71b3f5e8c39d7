/* SPDX-License-Identifier: MIT */
/*
 * A model of the page allocator with a byte for each page, and the steps that
 * the allocator and it take together. Each answer is compared. A step that
 * differs fails the test that took it.
 */
#ifndef LABYRINTH_TESTS_SHARE_MODEL_H
#define LABYRINTH_TESTS_SHARE_MODEL_H

#include "share-support.h"

#define PAGES	LAB_EXTENT_PAGES
#define EXTENTS 5u /* of the window, all absent at first */
#define ORDERS	(LAB_MAX_ORDER + 1)

extern struct share *table;

/* Who grants and releases: a processor, or NULL. */
extern struct lab_share_cpu *cpu;

int model_setup(void **state);
int model_setup_cpu(void **state);
int model_teardown(void **state);

/* What the model knows: the lease, the grant, the largest free block. */
bool model_present(uint32_t extent);
int model_inspect(uint32_t page);
int model_largest(uint32_t extent);

/* Enter a grant that the allocator made; it must be one it may make. */
void model_grant(uint32_t page, unsigned order);

/* Ask the allocator everything that it answers, and validate it. */
void compare(void);

/* A lease arrives, or leaves. */
void add(uint32_t extent);
void remove_extent(uint32_t extent);

/* The page granted, or -ENOMEM where nothing fits. */
int64_t grant(unsigned order);

/* Check and release: 0, or the errno that both answer. */
int release(uint32_t page, unsigned order);

#endif
