/* SPDX-License-Identifier: MIT */
/* All that the ledgers hold, as a file for an auditor (labyrinth/audit.h). */
#ifndef LABYRINTH_BROKER_AUDIT_H
#define LABYRINTH_BROKER_AUDIT_H

#include "base/err.h"
#include "broker/registry.h"

/*
 * Write the registry down, as it is now, in a sealed memory file. Returns its
 * descriptor (the caller's), or a negated errno when there is no memory for
 * it. Makes a handful of system calls, however many extents there are; the
 * rest is 32 bytes to write for each.
 */
int audit_take(const struct registry *registry, struct err *err);

/* How long the file of such a registry is. */
uint64_t audit_bytes(const struct registry *registry);

#endif
