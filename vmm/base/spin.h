/* SPDX-License-Identifier: MIT */
/*
 * A lock for sections that are short, bounded and never sleep. Taking it makes
 * no system call unless its holder lost its processor.
 */
#ifndef LABYRINTH_BASE_SPIN_H
#define LABYRINTH_BASE_SPIN_H

#include <sched.h>
#include <stdatomic.h>

struct spin {
	atomic_flag held;
};

#define SPIN_FREE                \
	{                        \
		ATOMIC_FLAG_INIT \
	}

/* Turns after which the holder is taken to be without a processor. */
#define SPIN_TURNS 1000

static inline void spin_lock(struct spin *self)
{
	unsigned int turns = 0;

	while (atomic_flag_test_and_set_explicit(&self->held,
						 memory_order_acquire)) {
		__builtin_ia32_pause();
		if (++turns % SPIN_TURNS == 0)
			sched_yield();
	}
}

static inline void spin_unlock(struct spin *self)
{
	atomic_flag_clear_explicit(&self->held, memory_order_release);
}

#endif
