/* SPDX-License-Identifier: MIT */
/* Sizes as people write and read them: 4096, 64K, 256M, 2G, 1T. */
#ifndef LABYRINTH_BASE_SIZE_H
#define LABYRINTH_BASE_SIZE_H

#include <stdint.h>

#include "base/err.h"

/*
 * Parse a whole string: decimal digits, then nothing or one of K M G T
 * (either case; a following "iB" or "B" is allowed): powers of 1024.
 * -EINVAL for anything else, -ERANGE when it exceeds 64 bits.
 */
int size_parse(const char *text, uint64_t *bytes, struct err *err);

/*
 * Parse a size that counts whole leases of 2 MiB. -EINVAL also when it is not
 * a multiple of 2 MiB.
 */
int size_parse_leases(const char *text, uint64_t *leases, struct err *err);

#endif
