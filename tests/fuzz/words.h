/* SPDX-License-Identifier: MIT */
/*
 * A command line of libFuzzer's: words with blanks between them. A target
 * includes this and then the program's own source, for what that keeps to
 * itself.
 */
#ifndef LABYRINTH_TESTS_FUZZ_WORDS_H
#define LABYRINTH_TESTS_FUZZ_WORDS_H

#include <argp.h>
#include <stdbool.h>
#include <stdlib.h>

#include "input.h"

#define WORDS_MAX 32

/* argp neither prints nor exits. */
#define argp_parse(parser, argc, argv, flags, index, input)                \
	(argp_parse)(parser, argc, argv,                                   \
		     (flags) | ARGP_NO_HELP | ARGP_NO_ERRS | ARGP_NO_EXIT, \
		     index, input)

static inline void check(bool right)
{
	if (!right)
		abort();
}

/* Call `take` with the words of an input, if there are any. */
static inline void words_parse(const uint8_t *data, size_t size,
			       void (*take)(int argc, char **argv))
{
	char *text = malloc(size + 1);
	char *words[WORDS_MAX + 1] = {NULL};
	char *rest = NULL;
	int count = 0;

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *at = text; count < WORDS_MAX; at = NULL) {
		words[count] = strtok_r(at, " \n", &rest);
		if (words[count] == NULL)
			break;
		count++;
	}
	if (count > 0)
		take(count, words);
	free(text);
}

#endif
