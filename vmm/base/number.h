/* SPDX-License-Identifier: MIT */
/* Numbers in the texts of options. */
#ifndef LABYRINTH_BASE_NUMBER_H
#define LABYRINTH_BASE_NUMBER_H

#include <stdint.h>

/*
 * A text that is a number from `least` to `most` and nothing else: no sign, no
 * space, no unit. base as in strtoull(): 10, or 0 for 0x and octal as well. 0
 * and *number, or -EINVAL.
 */
int number_parse(const char *text, int base, uint64_t least, uint64_t most,
		 uint64_t *number);

#endif
