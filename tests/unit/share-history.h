/* SPDX-License-Identifier: MIT */
/*
 * A checker of what many threads did on a table at once. Each logs its calls
 * with when they began and ended, by one clock that gives each number once.
 * Where all of them rest an epoch ends, and the checker looks at what happened
 * in it:
 *   - whoever had a page from the end of its grant to the beginning of its
 *     release had it alone;
 *   - a grant of order 0 was refused only if at some moment of the call all
 *     pages were granted, or asked for by calls under way.
 * An extent that the VMM takes is a grant of all its pages, until it is added
 * again; one that is closed only counts as so many pages asked for.
 */
#ifndef LABYRINTH_TESTS_SHARE_HISTORY_H
#define LABYRINTH_TESTS_SHARE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

/* Not released in this epoch; a refusal. */
#define HISTORY_HELD UINT32_MAX
#define HISTORY_NONE UINT32_MAX

struct event {
	uint32_t begin; /* of the grant, by the epoch's clock; ... */
	uint32_t end;
	uint32_t until;	      /* ... where the release began, or HELD, ... */
	uint32_t until_end;   /* ... and where it ended */
	uint32_t page;	      /* or NONE: refused, or only asked for */
	uint32_t pages;	      /* how many */
	bool before;	      /* granted in an earlier epoch */
	bool refused_of_zero; /* a grant of order 0, for want of pages */
};

struct history {
	uint32_t pages; /* of the window */
	int32_t leased; /* pages that it has leases for, at most */
	uint32_t clock; /* how many numbers an epoch has at most */
	uint32_t *free_at;
	int32_t *asked;
	const struct event **ended; /* the granted one that ended then */
	uint64_t checked;
	uint64_t refusals;
	int64_t carried; /* pages held from epoch to epoch */
};

/* Abort without memory. */
struct history *history_new(uint32_t extents, uint32_t leases, uint32_t clock);
void history_free(struct history *self);

/* These pages were released where all rest. */
void history_forget(struct history *self, uint32_t page, uint32_t pages);

/*
 * An epoch is over: NULL, or what is wrong with it. logs[i] has counts[i]
 * events. Of a bulk call there is an event for each block, all with the same
 * begin, and ends of their own.
 */
const char *history_check(struct history *self, unsigned threads,
			  struct event *const *logs, const uint32_t *counts);

#endif
