/* SPDX-License-Identifier: MIT */
/* Leases as pages of the host, for those who ask for pages. */
#ifndef LABYRINTH_RPC_ALLOC_H
#define LABYRINTH_RPC_ALLOC_H

#include <stdint.h>

#include "broker/view.h"
#include "rpc/host.h"

/* The page size by which clients mean leases. */
#define ALLOC_LEASE_KIB 2048u

/*
 * Leases that are free, of all pools on a cell; cell NULL is the whole host. A
 * pool that is bound to no node is on a cell only where there is but one.
 */
uint64_t alloc_free_leases(const struct view *view, const struct host *host,
			   const struct host_cell *cell);

#endif
