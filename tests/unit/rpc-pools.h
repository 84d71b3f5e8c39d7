/* SPDX-License-Identifier: MIT */
/*
 * Who acts on pools, for tests of rpc/: one that can be defined, and keeps what
 * it is told of it. Nothing is started, and there are no domains.
 */
#ifndef LABYRINTH_TESTS_RPC_POOLS_H
#define LABYRINTH_TESTS_RPC_POOLS_H

#include "guests/act.h"

extern const struct act_source rpc_pools_acts;

#endif
