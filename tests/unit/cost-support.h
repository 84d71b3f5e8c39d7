/* SPDX-License-Identifier: MIT */
/* What cost.sh counts, each by its name: nothing of it may be inlined. */
#ifndef LABYRINTH_TESTS_COST_SUPPORT_H
#define LABYRINTH_TESTS_COST_SUPPORT_H

#ifdef __clang__
#define COUNTED __attribute__((noinline)) static
#else
#define COUNTED __attribute__((noinline, noclone)) static
#endif

#endif
