/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer over what a client's bytes reach: header, codec, every procedure,
 * and the events that it may have asked for. The first byte says how the rest
 * is meant: as packets one after the other, or as the arguments of one
 * procedure, by its number in the table.
 */
#include <config.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rpc-view.h"
#include "rpc/program.h"
#include "rpc/table.h"

/* As the daemon's own, for a client's packet. */
#define REQUEST_MAX    (1u << 20)
#define PROCEDURES_END 512

enum { PACKETS = 0, READ_ONLY = 1, PROCEDURE = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every answer is a whole packet that repeats the call. */
static void answer(struct rpc_session *session,
		   const struct virnet_header *header, const uint8_t *payload)
{
	struct virnet_header back;
	uint8_t *reply;
	size_t bytes;

	if (program_answer(header, payload, session, &rpc_view_source, &reply,
			   &bytes) < 0)
		return;
	if (virnet_decode(reply, UINT32_MAX, &back) != 0 ||
	    back.length != bytes || back.serial != header->serial ||
	    back.procedure != header->procedure || back.type != VIRNET_REPLY)
		abort();
	free(reply);
}

/* What a client that got so far would be sent. */
static void happen(const struct rpc_session *session)
{
	static const uint8_t uuid[16] = {0xa0};
	struct events_packet packets[EVENTS_MAX];

	for (int what = VIEW_GUEST_STARTED; what <= VIEW_POOL_REFRESHED;
	     what++) {
		const struct view_event event = {
			.what = (enum view_happening)what,
			.name = "alpha",
			.uuid = uuid,
			.id = 1};
		int count = events_tell(&session->events, &event, packets);
		while (count > 0)
			free(packets[--count].bytes);
	}
}

static void take_packets(struct rpc_session *session, const uint8_t *data,
			 size_t size)
{
	struct virnet_header header;

	while (size >= VIRNET_HEADER_BYTES && !session->closing &&
	       virnet_decode(data, REQUEST_MAX, &header) == 0 &&
	       header.length <= size) {
		if (header.type == VIRNET_CALL)
			answer(session, &header, data + VIRNET_HEADER_BYTES);
		data += header.length;
		size -= header.length;
	}
}

static void call_one(struct rpc_session *session, const uint8_t *data,
		     size_t size)
{
	struct virnet_header header = {
		.program = VIRNET_PROGRAM_REMOTE,
		.version = VIRNET_PROGRAM_VERSION,
		.type = VIRNET_CALL,
	};

	if (size < 2)
		return;
	header.procedure = (data[0] | data[1] << 8) % PROCEDURES_END;
	while (table_find(header.procedure) == NULL)
		header.procedure = (header.procedure + 1) % PROCEDURES_END;
	header.length = (uint32_t)(size - 2) + VIRNET_HEADER_BYTES;
	session->opened = true;
	answer(session, &header, data + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpc_session session = {0};

	if (size == 0)
		return 0;
	session.readonly = data[0] & READ_ONLY;
	if (data[0] & PROCEDURE)
		call_one(&session, data + 1, size - 1);
	else
		take_packets(&session, data + 1, size - 1);
	happen(&session);
	events_clear(&session.events);
	if (rpc_view_alive != 0)
		abort();
	return 0;
}
