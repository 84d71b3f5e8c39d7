/* SPDX-License-Identifier: MIT */
/* Bytes for the host: the file of `labyrinth run --output`. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "hcall.h"

int lab_output(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	while (size > 0) {
		size_t part = size < LAB_OUTPUT_MAX ? size : LAB_OUTPUT_MAX;
		int64_t r =
			lab_hypercall(LAB_HC_OUTPUT, (uintptr_t)at, part, 0, 0);

		if (hcall_failed(r))
			return (int)r;
		at += part;
		size -= part;
	}
	return 0;
}
