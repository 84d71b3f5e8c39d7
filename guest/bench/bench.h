/* SPDX-License-Identifier: MIT */
/*
 * The guest of `make bench`: each figure gets the arguments after its name,
 * prints lines of a name and a number, and gives the exit status. Times are
 * cycles of the time-stamp counter, which the host and all guests share.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdint.h>

#include <labyrinth/guest.h>

/* [PAIRS]: an empty call, and a grant and its release, on all processors at
 * once: cycles of each, and exits of so many pairs by the host's count. */
int bench_pair(int argc, char **argv);

/* MIB [stay]: get so much, touch each page, and give it all back, or stay so
 * until killed. Wants a limit of MIB and 32M more. */
int bench_give(int argc, char **argv);

/* [COUNT]: so many grants, one at a time: the spread of what they took. */
int bench_tail(int argc, char **argv);

/* Hold a little, and wait to be looked at. */
int bench_stay(int argc, char **argv);

/* The counter, not before what comes before has been done. */
static inline uint64_t bench_cycles(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc\n\tlfence"
			 : "=a"(low), "=d"(high)
			 :
			 : "memory");
	return (uint64_t)high << 32 | low;
}

/* In ascending order. */
void bench_sort(uint64_t *samples, unsigned int count);

/* argv[index] as a number, or what else. */
unsigned long bench_argument(int argc, char **argv, int index,
			     unsigned long otherwise);

#endif
