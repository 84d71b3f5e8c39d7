/* SPDX-License-Identifier: MIT */
/* What the programs of the figures share: clocks and medians. */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/* Nanoseconds of a clock that nobody sets. */
static inline uint64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* The median; sorts the samples, at least one. */
static inline uint64_t bench_median(uint64_t *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), bench_compare);
	return samples[count / 2];
}

/* A number of the command line, at least 1 and at most `most`. */
static inline unsigned int bench_number(const char *text, unsigned long most)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*end != '\0' || number < 1 || number > most)
		errx(2, "`%s` is no number from 1 to %lu", text, most);
	return (unsigned int)number;
}

#endif
