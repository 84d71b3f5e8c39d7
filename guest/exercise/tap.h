/* SPDX-License-Identifier: MIT */
/* A TAP producer on the guest's console. */
#ifndef EXERCISE_TAP_H
#define EXERCISE_TAP_H

#include <stdbool.h>
#include <stdint.h>

/* One line of a plan: run() says what it finds by expect() and tap_skip(). */
struct tap_case {
	const char *what;
	void (*run)(void);
};

/* A part of a plan. */
struct tap_group {
	const struct tap_case *cases;
	unsigned int count;
};

#define TAP_GROUP(cases_)                                      \
	{                                                      \
		(cases_), sizeof(cases_) / sizeof((cases_)[0]) \
	}

/* Plan and run all cases of all groups; 0 if none failed, else 1. */
int tap_run(const struct tap_group *groups, unsigned int count);

/* The running case cannot be tried here, and why. Its caller returns then. */
void tap_skip(const char *reason);

/*
 * Are the two equal? If not, the running case has failed; only its first
 * failure is told. text: what `is` is.
 */
bool tap_equal(const char *file, int line, const char *text, int64_t is,
	       int64_t wanted);

/* End the running case unless the two are equal. */
#define expect(is, wanted)                                             \
	do {                                                           \
		if (!tap_equal(__FILE__, __LINE__, #is, (int64_t)(is), \
			       (int64_t)(wanted)))                     \
			return;                                        \
	} while (0)

/* The same in a function that says whether all is well. */
#define expect_or_false(is, wanted)                                    \
	do {                                                           \
		if (!tap_equal(__FILE__, __LINE__, #is, (int64_t)(is), \
			       (int64_t)(wanted)))                     \
			return false;                                  \
	} while (0)

#endif
