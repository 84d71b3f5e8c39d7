/* SPDX-License-Identifier: MIT */
/* Which cell of the host a client means. */
#ifndef LABYRINTH_RPC_NODE_H
#define LABYRINTH_RPC_NODE_H

#include "rpc/call.h"
#include "rpc/host.h"

/* The index of the cell of an id; -1 with the call refused. */
int node_cell(struct rpc_call *call, const struct host *host, int id);

#endif
