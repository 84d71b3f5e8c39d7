/* SPDX-License-Identifier: MIT */
/* The procedures that are answered: how each is spoken, and by whom. */
#ifndef LABYRINTH_RPC_TABLE_H
#define LABYRINTH_RPC_TABLE_H

#include <stdint.h>

#include "rpc/call.h"

enum table_flags {
	TABLE_EARLY = 1, /* allowed before CONNECT_OPEN */
	TABLE_WRITE = 2, /* refused on a read-only connection */
	TABLE_VIEW = 4,	 /* the handler reads a snapshot of the broker */
};

struct table_entry {
	rpc_handler handler;
	xdrproc_t arguments_codec;
	xdrproc_t result_codec;
	unsigned short arguments_bytes; /* of the decoded struct */
	unsigned short result_bytes;
	unsigned flags; /* enum table_flags */
};

/* The procedure of a number, or NULL: it is not supported. */
const struct table_entry *table_find(int32_t procedure);

#endif
