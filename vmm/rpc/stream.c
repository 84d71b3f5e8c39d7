/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void on_news(struct act_listener *listener)
{
	struct stream *self = (void *)listener; /* its first field */

	self->news = true;
	self->changed(self);
}

/* All that a console keeps. */
#define REST_MAX 65536

/* The console goes when this returns: keep what was not sent yet. */
static void on_over(struct act_listener *listener)
{
	struct stream *self = (void *)listener;

	self->rest = malloc(REST_MAX);
	if (self->rest != NULL)
		self->rest_bytes = self->acts->read_console(
			self->acts->context, listener, &self->at, self->rest,
			REST_MAX);

	self->ended = true;
	self->news = false;
	self->changed(self);
}

void stream_init(struct stream *self, const struct act_source *acts,
		 void (*changed)(struct stream *self))
{
	*self = (struct stream){
		.listener = {.news = on_news, .over = on_over},
		.changed = changed,
		.acts = acts,
	};
}

bool stream_is_open(const struct stream *self)
{
	return self->listener.link != NULL || self->ended;
}

void stream_begin(struct stream *self, const struct virnet_header *call)
{
	self->header = *call;
	self->header.type = VIRNET_STREAM;
	self->begun = true;
	self->news = true; /* what was printed lately */
	self->at = 0;
}

bool stream_has_packet(const struct stream *self)
{
	return self->begun && (self->news || self->ended);
}

static int make_packet(const struct virnet_header *like,
		       enum virnet_status status, const void *data,
		       size_t count, uint8_t **packet, size_t *bytes)
{
	struct virnet_header header = *like;

	*bytes = VIRNET_HEADER_BYTES + count;
	*packet = malloc(*bytes);
	if (*packet == NULL)
		return -ENOMEM;
	header.length = (uint32_t)*bytes;
	header.type = VIRNET_STREAM;
	header.status = status;
	virnet_encode(&header, *packet);
	if (count > 0)
		memcpy(*packet + VIRNET_HEADER_BYTES, data, count);
	return 0;
}

static size_t next_bytes(struct stream *self, char *to)
{
	if (self->listener.link != NULL)
		return self->acts->read_console(self->acts->context,
						&self->listener, &self->at, to,
						STREAM_PACKET_MAX);
	size_t count = self->rest_bytes - self->rest_at;
	if (count > STREAM_PACKET_MAX)
		count = STREAM_PACKET_MAX;
	if (count > 0)
		memcpy(to, self->rest + self->rest_at, count);
	self->rest_at += count;
	return count;
}

int stream_packet(struct stream *self, uint8_t **packet, size_t *bytes)
{
	char data[STREAM_PACKET_MAX];
	size_t count = next_bytes(self, data);

	self->news = count == sizeof(data);
	*packet = NULL;
	*bytes = 0;
	if (count == 0 && !self->ended)
		return 0;
	/* One without data is the end. */
	if (count == 0)
		stream_close(self);
	return make_packet(&self->header, VIRNET_CONTINUE, data, count, packet,
			   bytes);
}

int stream_take(struct stream *self, const struct virnet_header *header,
		uint8_t **answer, size_t *bytes)
{
	*answer = NULL;
	if (header->program != VIRNET_PROGRAM_REMOTE ||
	    header->version != VIRNET_PROGRAM_VERSION ||
	    header->procedure != self->header.procedure ||
	    header->serial != self->header.serial)
		return -EPROTO; /* not the latest one, open or over */
	if (header->status == VIRNET_CONTINUE)
		return 0;
	stream_close(self);
	return make_packet(header, VIRNET_OK, NULL, 0, answer, bytes);
}

void stream_close(struct stream *self)
{
	act_unlisten(&self->listener);
	free(self->rest);
	self->rest = NULL;
	self->rest_at = self->rest_bytes = 0;
	self->begun = false;
	self->news = false;
	self->ended = false;
}
