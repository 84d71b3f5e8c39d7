/* SPDX-License-Identifier: MIT */
/* Bytes of libFuzzer's, taken one after the other; 0 behind their end. */
#ifndef LABYRINTH_TESTS_FUZZ_INPUT_H
#define LABYRINTH_TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct input {
	const uint8_t *at;
	size_t left;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copy `bytes` of them to `to`. */
static inline void input_take(struct input *self, void *to, size_t bytes)
{
	size_t there = bytes < self->left ? bytes : self->left;

	memset(to, 0, bytes);
	if (there > 0)
		memcpy(to, self->at, there);
	self->at += there;
	self->left -= there;
}

static inline uint8_t input_byte(struct input *self)
{
	uint8_t byte;

	input_take(self, &byte, sizeof(byte));
	return byte;
}

static inline uint64_t input_number(struct input *self)
{
	uint64_t number;

	input_take(self, &number, sizeof(number));
	return number;
}

/* All of them as a text, the caller's. */
static inline char *input_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
