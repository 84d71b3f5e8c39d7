/* SPDX-License-Identifier: MIT */
/*
 * Fault injection: which call of which path is to fail though nothing is
 * wrong. Linux's fault_attr and fail_page_alloc, a set of attributes for each
 * path of enum lab_fail_path; a new path is a line there and a name in
 * fail.c. Pure; its random numbers follow from a seed, so that runs repeat.
 * Not thread-safe: whoever owns it calls under one lock.
 */
#ifndef LABYRINTH_MEM_FAIL_H
#define LABYRINTH_MEM_FAIL_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/hypercall.h>

#include "base/err.h"

/* One path's state. */
struct fail_point {
	/* As set, but times, space and nth are what is left of them. */
	struct lab_fail attr;
	uint64_t count;	 /* calls that attr.interval has seen */
	uint64_t random; /* state of this path's random numbers */
};

/* All zeroes is good: nothing fails. */
struct fail {
	uint32_t armed; /* a bit, by path, where a call may fail */
	struct fail_point points[LAB_FAIL_MAX + 1]; /* by path; 0 unused */
};

/* Start the random numbers of every path anew. */
void fail_seed(struct fail *self, uint64_t seed);

/*
 * Set a path's attributes; what it had is forgotten, its random numbers go
 * on. 0, or -EINVAL and nothing changed: no such path, probability above
 * 100, times below -1, min_order above LAB_MAX_ORDER, or an unknown flag.
 */
int fail_set(struct fail *self, uint64_t path, const struct lab_fail *attr);

/*
 * Set a path from an option's text: PATH:ATTRIBUTE=NUMBER[,...], with the
 * attributes probability, interval (default 1), times (default -1), space,
 * nth, min-order, ignore-gfp-wait (0 or 1). -EINVAL and nothing changed for
 * anything else, and for a text by which no call could ever fail.
 */
int fail_parse(struct fail *self, const char *text, struct err *err);

/* May a call of this path still fail? */
static inline bool fail_is_armed(const struct fail *self,
				 enum lab_fail_path path)
{
	return self->armed >> path & 1;
}

/* fail_should() where some path is armed. */
bool fail_armed(struct fail *self, enum lab_fail_path path, unsigned order,
		bool may_wait);

/*
 * Is this call, of 2^order pages, to fail? Counts the call, so ask once for
 * each. may_wait: its context may. Costs one branch where nothing is set.
 */
static inline bool fail_should(struct fail *self, enum lab_fail_path path,
			       unsigned order, bool may_wait)
{
	return __builtin_expect(self->armed, 0) != 0 &&
	       fail_armed(self, path, order, may_wait);
}

/* Is one of so many calls to fail? Those after it are not counted. */
static inline bool fail_any(struct fail *self, enum lab_fail_path path,
			    unsigned order, uint64_t calls, bool may_wait)
{
	while (calls > 0 && self->armed != 0) {
		if (fail_should(self, path, order, may_wait))
			return true;
		calls--;
	}
	return false;
}

#endif
