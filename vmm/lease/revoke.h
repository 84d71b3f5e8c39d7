/* SPDX-License-Identifier: MIT */
/* An administrator's word to the broker: take leases from a guest. */
#ifndef LABYRINTH_LEASE_REVOKE_H
#define LABYRINTH_LEASE_REVOKE_H

#include <stdint.h>

#include "base/err.h"

/*
 * Have the broker at this socket take `leases` (0: all above the guarantee) from
 * a guest. 0 and how many were taken; or a negated errno, and why not.
 */
int revoke_ask(const char *path, const char *guest, uint64_t leases,
	       uint64_t *taken, struct err *err);

#endif
