/* SPDX-License-Identifier: MIT */
/*
 * A call through the table, without a socket: what is in `packet` goes in, its
 * reply comes out. Include after cmocka.h.
 */
#ifndef LABYRINTH_TESTS_RPC_ASK_H
#define LABYRINTH_TESTS_RPC_ASK_H

#include <stdlib.h>

#include "rpc-packet.h"
#include "rpc-view.h"
#include "rpc/program.h"

#define CODEC(type) (xdrproc_t) xdr_##type

static struct packet packet;

struct reply {
	uint8_t *bytes;
	size_t length;
};

static inline struct reply ask(struct rpc_session *session)
{
	struct reply reply;

	assert_int_equal(program_answer(&packet.header,
					packet.bytes + VIRNET_HEADER_BYTES,
					session, &rpc_view_source, &reply.bytes,
					&reply.length),
			 0);
	assert_int_equal(rpc_view_alive, 0);
	return reply;
}

/* Ask for what is in `packet`: the error code, or 0. */
static inline int error_of(struct rpc_session *session)
{
	struct reply reply = ask(session);
	int code = packet_error(reply.bytes, reply.length);

	free(reply.bytes);
	return code;
}

/* Call and decode the result; it must be one. */
static inline void result_of(int procedure, xdrproc_t in, void *args,
			     xdrproc_t out, void *result)
{
	struct rpc_session session = {.opened = true};

	packet_call(&packet, procedure, 5, in, args);
	struct reply reply = ask(&session);
	assert_int_equal(packet_error(reply.bytes, reply.length), 0);
	packet_decode(reply.bytes, reply.length, out, result);
	free(reply.bytes);
}

/* XDR's strings are not const; these are never written. */
static char default_name[] = "default";
static char stale_name[] = "gone";

static inline rmt_pool default_pool(void)
{
	rmt_pool pool = {.name = default_name};

	for (int i = 0; i < 16; i++)
		pool.uuid[i] = (char)(0x10 + i);
	return pool;
}

static inline rmt_dom alpha(void)
{
	/* Name and id are stale: the uuid decides. */
	rmt_dom dom = {.name = stale_name, .id = -1};

	for (int i = 0; i < 16; i++)
		dom.uuid[i] = (char)(0xa0 + i);
	return dom;
}

#endif
