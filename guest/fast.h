/* SPDX-License-Identifier: MIT */
/*
 * Grants and releases without a call, by the table that this guest shares with
 * its VMM. Whatever is not to be had so, or is a mistake, is left to the call:
 * it has the last word, and the VMM counts it.
 */
#ifndef GUEST_FAST_H
#define GUEST_FAST_H

#include <stdbool.h>

#include <labyrinth/guest.h>

/* Find the table, if there is one. After boot_init() and mmu_init(). */
void fast_init(void);

/*
 * Grant count blocks of one order, all or none, zeroed if gfp says so. False:
 * make the call; pages[] is untouched.
 */
bool fast_grant(gfp_t gfp, unsigned int order, unsigned int count,
		struct page **pages);

/* Release count blocks of one order, all or none. False: make the call. */
bool fast_release(unsigned int order, unsigned int count, struct page **pages);

#endif
