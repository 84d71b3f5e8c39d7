/* SPDX-License-Identifier: MIT */
/* Ways for a guest to go wrong beyond help. */
#ifndef EXERCISE_RUIN_H
#define EXERCISE_RUIN_H

#include <stdbool.h>
#include <stdint.h>

/* Would another value in this MSR be the end, or hide it? */
bool ruin_stands_on(uint32_t msr);

/*
 * Go wrong, each seed in another way: jump (somewhere), code (what is there is
 * no code), triple (no exception can be taken), registers (control registers),
 * msr (those that ruin_stands_on()). Comes back if that did no harm.
 */
void ruin(const char *how, uint64_t seed);

#endif
