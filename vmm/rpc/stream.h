/* SPDX-License-Identifier: MIT */
/*
 * A guest's console on its way to a client, as libvirt's stream packets: what
 * was printed lately, and from then on what comes. It holds nothing of it: the
 * next packet is made when there is room for it, so a client that is slow
 * misses what was overwritten meanwhile.
 */
#ifndef LABYRINTH_RPC_STREAM_H
#define LABYRINTH_RPC_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/act.h"
#include "wire/virnet.h"

/* Bytes of a console in one packet. */
#define STREAM_PACKET_MAX 16384

struct stream {
	struct act_listener listener; /* first; told by guests/ */
	void (*changed)(struct stream *self);
	const struct act_source *acts;
	uint64_t at; /* bytes of the console up to here are sent */
	struct virnet_header header; /* of its packets */
	bool begun; /* its call was answered, so packets may follow */
	bool news;  /* there is more */
	char *rest; /* what was not sent yet when the console ended */
	size_t rest_at;
	size_t rest_bytes;
	bool ended; /* there will be none: the end is still to be sent */
};

/* Before anything else: whom to tell when there is something to send. */
void stream_init(struct stream *self, const struct act_source *acts,
		 void (*changed)(struct stream *self));

/* Does it run, or has it still to say that it ended? */
bool stream_is_open(const struct stream *self);

/* The call that opened it was answered: this was its header. */
void stream_begin(struct stream *self, const struct virnet_header *call);

/* Is there a packet to send? */
bool stream_has_packet(const struct stream *self);

/* The next packet, for the caller to free. 0, or -ENOMEM. */
int stream_packet(struct stream *self, uint8_t **packet, size_t *bytes);

/*
 * A client's packet of a stream: input, which no guest takes, or its wish to
 * end, to which *answer becomes a packet of *bytes; else that is NULL. 0,
 * -EPROTO for what is no such packet, or -ENOMEM.
 */
int stream_take(struct stream *self, const struct virnet_header *header,
		uint8_t **answer, size_t *bytes);

/* End it: it is told nothing more. */
void stream_close(struct stream *self);

#endif
