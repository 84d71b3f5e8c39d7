/* SPDX-License-Identifier: MIT */
/* What the endpoint's peers are held to. */
#ifndef LABYRINTH_RPC_LIMITS_H
#define LABYRINTH_RPC_LIMITS_H

#include <stdint.h>

#include <systemd/sd-event.h>

/*
 * Viewers come after the broker's own work: the priority of every source that
 * the server adds to the loop.
 */
#define RPC_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 50)

/* What peers are held to. Clients are counted apart for each socket. */
struct rpc_limits {
	unsigned clients;	 /* connected at once */
	unsigned anonymous;	 /* of those, not yet opened */
	uint64_t open_usec;	 /* to open a connection */
	uint64_t stall_usec;	 /* without reading anything of an answer */
	uint64_t keepalive_usec; /* between PINGs */
	unsigned keepalive_misses;
};

#endif
