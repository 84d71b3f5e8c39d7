/* SPDX-License-Identifier: MIT */
/* What the parts of the exercise smp share. */
#ifndef EXERCISE_SMP_H
#define EXERCISE_SMP_H

#include <labyrinth/guest.h>

#include "tap.h"

extern const struct tap_group cpus_group, context_group, interrupts_group;

/* The vectors of its interrupts. */
enum {
	VECTOR_PING = LAB_IRQ_FIRST,
	VECTOR_PONG,
	VECTOR_TIMER,
	VECTOR_NOBODY, /* that stays without a handler */
};

/* Wait, with patience but not for ever, until an atomic count is reached. */
bool reaches(const uint64_t *count, uint64_t wanted);

/* Raise VECTOR_PING here by an instruction: no APIC has a part in it. */
void ping_by_instruction(void);

#endif
