/* SPDX-License-Identifier: MIT */
/* What the endpoint's peers are held to. */
#ifndef LABYRINTH_RPC_LIMITS_H
#define LABYRINTH_RPC_LIMITS_H

#include <stdint.h>

/* What peers are held to. Clients are counted apart for each socket. */
struct rpc_limits {
	unsigned clients;	 /* connected at once */
	unsigned anonymous;	 /* of those, not yet opened */
	uint64_t open_usec;	 /* to open a connection */
	uint64_t stall_usec;	 /* without reading anything of an answer */
	uint64_t keepalive_usec; /* between PINGs */
	unsigned keepalive_misses;
	uint64_t balloon_usec; /* between two looks at what guests hold */
};

#endif
