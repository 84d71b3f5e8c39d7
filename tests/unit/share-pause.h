/* SPDX-License-Identifier: MIT */
/*
 * Included before all else of share-stress and of what it tests: now and then a
 * thread lets another go first, right before it touches the table. What else
 * takes an unlucky interrupt, or another machine, happens here all the time.
 */
#ifndef LABYRINTH_TESTS_SHARE_PAUSE_H
#define LABYRINTH_TESTS_SHARE_PAUSE_H

#include <sched.h>
#include <stdint.h>

static inline void share_pause(void)
{
	static __thread uint64_t random;

	random = random * UINT64_C(6364136223846793005) + (uintptr_t)&random;
	if (random >> 57 == 0)
		sched_yield();
}

#define __atomic_load_n(...) (share_pause(), __atomic_load_n(__VA_ARGS__))
#define __atomic_compare_exchange_n(...) \
	(share_pause(), __atomic_compare_exchange_n(__VA_ARGS__))
#define __atomic_exchange_n(...) \
	(share_pause(), __atomic_exchange_n(__VA_ARGS__))
#define __atomic_fetch_or(...)	(share_pause(), __atomic_fetch_or(__VA_ARGS__))
#define __atomic_fetch_and(...) (share_pause(), __atomic_fetch_and(__VA_ARGS__))
#define __atomic_fetch_add(...) (share_pause(), __atomic_fetch_add(__VA_ARGS__))

#endif
