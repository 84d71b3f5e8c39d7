/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the selftest share. Each part is a group of cases.
 *
 * A test of a refusal names errno and call in one of two ways, by which
 * tests/lint/check-errors finds it: f(LAB_E..., LAB_HC_..., ...), whatever f
 * is, or expect(call(LAB_HC_..., ...), -LAB_E...).
 */
#ifndef EXERCISE_SELFTEST_H
#define EXERCISE_SELFTEST_H

#include <labyrinth/guest.h>

#include "tap.h"

extern const struct tap_group calls_group, protection_group, grant_group,
	release_group, bulk_group, counts_group, library_group, fail_group,
	stats_group;

/* The raw call with as many arguments as are of interest. */
#define call(...) call_array((const uint64_t[5]){__VA_ARGS__})
int64_t call_array(const uint64_t call[5]);

/*
 * End the running case unless the call answers -error, is counted as one
 * mistake, and changes no other count.
 */
#define expect_mistake(error, ...)                                       \
	do {                                                             \
		if (!is_mistake(__FILE__, __LINE__, #__VA_ARGS__, error, \
				(const uint64_t[5]){__VA_ARGS__}))       \
			return;                                          \
	} while (0)
bool is_mistake(const char *file, int line, const char *text, int error,
		const uint64_t call[5]);

/*
 * Does the call answer -error for want of memory: counted as one grant that
 * failed, and no other count changed? If not, the running case has failed.
 */
#define is_shortage(error, ...)                                 \
	is_shortage_at(__FILE__, __LINE__, #__VA_ARGS__, error, \
		       (const uint64_t[5]){__VA_ARGS__})
bool is_shortage_at(const char *file, int line, const char *text, int error,
		    const uint64_t call[5]);

/* The counts of now; a failed query fails the running case. */
struct lab_counts counts_now(void);

/*
 * A block by a GFP_KERNEL grant, as a number; 0 fails the running case,
 * which gives it back itself.
 */
uint64_t take(unsigned int order);
void give_back(uint64_t gpa, unsigned int order);

/* The first page of the last extent of the window that has no lease, or 0. */
uint64_t find_hole(void);

/* The end of the window, and of boot RAM. */
uint64_t window_end(void);
uint64_t ram_end(void);

/* Fill a block with a byte; is the whole block this byte? */
void fill(uint64_t gpa, unsigned int order, uint8_t byte);
bool filled_with(uint64_t gpa, unsigned int order, uint8_t byte);

/* function() as ring 3 runs it, with every port open; its result. */
int64_t ring3_call(int64_t (*function)(void));

/* Jump into a page of data: false if the machine refused. */
bool run_data(void);

#endif
