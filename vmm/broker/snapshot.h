/* SPDX-License-Identifier: MIT */
/* How the registry becomes a view: copied out, in one go, on one thread. */
#ifndef LABYRINTH_BROKER_SNAPSHOT_H
#define LABYRINTH_BROKER_SNAPSHOT_H

#include "broker/registry.h"
#include "broker/view.h"

/* The caller's, for view_free(); NULL without memory. */
struct view *snapshot_take(const struct registry *registry);

#endif
