/* SPDX-License-Identifier: MIT */
/* How the registry becomes a view: copied out, in one go, on one thread. */
#ifndef LABYRINTH_BROKER_SNAPSHOT_H
#define LABYRINTH_BROKER_SNAPSHOT_H

#include "broker/registry.h"
#include "broker/view.h"

/* The caller's, for view_free(); NULL without memory. */
struct view *snapshot_take(const struct registry *registry);

/* As view_source.leases() has it. */
size_t snapshot_leases(const struct registry *registry, uint32_t guest,
		       struct view_lease *to, size_t most, uint64_t *left);

#endif
