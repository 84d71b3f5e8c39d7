/* SPDX-License-Identifier: MIT */
/* Failures on purpose: the one call that asks for them. */
#include "freestanding.h"

#include <labyrinth/guest.h>

int lab_fail_set(enum lab_fail_path path, const struct lab_fail *attributes)
{
	return (int)lab_hypercall(LAB_HC_FAIL, path, (uint64_t)attributes,
				  sizeof(*attributes), 0);
}
