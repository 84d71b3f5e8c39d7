/* SPDX-License-Identifier: MIT */
/*
 * Errors as values with a sentence. A function that can fail takes a
 * `struct err *` last and returns 0 or a negated errno; on failure the
 * structure holds a sentence: what was tried, on what, and, where known, what
 * to do. Only a program's main prints it.
 */
#ifndef LABYRINTH_BASE_ERR_H
#define LABYRINTH_BASE_ERR_H

struct err {
	int code;	/* positive errno, 0 when nothing failed */
	char text[512]; /* the sentence, without newline; cut if longer */
};

/*
 * Record a failure and return -code. A code that errno knows is appended as
 * ": <strerror>"; pass it through err_say() when the text says it already.
 */
int err_set(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* err_set() without the appended errno text. */
int err_say(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Put context before the sentence ("context: sentence"); returns -err->code. */
int err_wrap(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* For who looks at one file at a time (tests/lint/analyze.py), and cannot see
 * that these are negative. */
#ifdef __clang_analyzer__
static inline int err_seen(int result)
{
	if (result >= 0)
		__builtin_unreachable();
	return result;
}
#define err_set(...)  err_seen(err_set(__VA_ARGS__))
#define err_say(...)  err_seen(err_say(__VA_ARGS__))
#define err_wrap(...) err_seen(err_wrap(__VA_ARGS__))
#endif

#endif
