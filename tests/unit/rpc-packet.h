/* SPDX-License-Identifier: MIT */
/* Hand-made packets for tests of rpc/: what a client would send. */
#ifndef LABYRINTH_TESTS_RPC_PACKET_H
#define LABYRINTH_TESTS_RPC_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "wire/remote.h"
#include "wire/virnet.h"

#define PACKET_MAX 65536

struct packet {
	struct virnet_header header;
	uint8_t bytes[PACKET_MAX]; /* header first */
};

/* A CALL of a procedure, with XDR-encoded arguments (codec NULL: none). */
void packet_call(struct packet *packet, int procedure, uint32_t serial,
		 xdrproc_t codec, void *arguments);

/* CONNECT_OPEN of our own URI. */
void packet_open(struct packet *packet, uint32_t serial, unsigned flags);

/*
 * Decode a packet's payload; the test fails if it is not one value of the type,
 * and nothing beside. value is zeroed by the caller, who frees with xdr_free().
 */
void packet_decode(const uint8_t *bytes, size_t length, xdrproc_t codec,
		   void *value);

/* The error code that a packet carries; 0 when it carries a result. */
int packet_error(const uint8_t *bytes, size_t length);

#endif
