/* SPDX-License-Identifier: MIT */
/*
 * A broker that never moves, for tests of rpc/: two pools, the second of them
 * degraded, and two guests in the first. Defines view_free(), so a test that
 * uses it links no broker.
 */
#ifndef LABYRINTH_TESTS_RPC_VIEW_H
#define LABYRINTH_TESTS_RPC_VIEW_H

#include "broker/view.h"

/* Snapshots taken and not freed yet. */
extern int rpc_view_alive;

/* While > 0 snapshots have so many guests in the first pool instead of two. */
extern size_t rpc_view_guests;

/* Leases that the first of the two guests holds beyond its 12. */
extern uint64_t rpc_view_more;

extern const struct view_source rpc_view_source;

#endif
