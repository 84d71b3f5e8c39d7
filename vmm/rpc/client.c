/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/client.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/stranger.h"
#include "rpc/call.h"
#include "rpc/client_private.h"
#include "rpc/program.h"
#include "wire/virnet.h"

/*
 * The longest packet taken from a client. The largest that any procedure here
 * needs is a few KiB of names; 1 MiB leaves room for a list of domains.
 */
#define REQUEST_MAX (1u << 20)

bool client_is_anonymous(const struct rpc_client *self)
{
	return !self->session.opened;
}

struct rpc_client **client_next(struct rpc_client *self)
{
	return &self->next;
}

static void set_timer(struct rpc_client *self, uint64_t usec)
{
	if (sd_event_source_set_time_relative(self->timer, usec) < 0 ||
	    sd_event_source_set_enabled(self->timer, SD_EVENT_ONESHOT) < 0)
		abort(); /* our own arguments are wrong */
}

/*
 * What we wait for next, and how long: to be opened (from the start on, so
 * nothing the peer does puts it off), for an answer to be read, or for a sign
 * of life.
 */
void client_wait(struct rpc_client *self)
{
	uint32_t events = EPOLLIN;

	if (client_has_to_send(self))
		events = EPOLLOUT;
	else if (self->later) /* but that it hangs up is always told */
		events = 0;
	else if (stream_has_packet(&self->session.stream))
		events |= EPOLLOUT;
	if (sd_event_source_set_io_events(self->io, events) < 0)
		abort();
	if (!self->session.opened)
		return;
	if (self->later && !client_has_to_send(self))
		sd_event_source_set_enabled(self->timer, SD_EVENT_OFF);
	else if (client_has_to_send(self))
		set_timer(self, self->limits->stall_usec);
	else if (self->session.keepalive)
		set_timer(self, self->limits->keepalive_usec);
	else
		sd_event_source_set_enabled(self->timer, SD_EVENT_OFF);
}

static int send_keepalive(struct rpc_client *self, int procedure)
{
	struct virnet_header header = {
		.length = VIRNET_HEADER_BYTES,
		.program = VIRNET_PROGRAM_KEEPALIVE,
		.version = VIRNET_PROGRAM_VERSION,
		.procedure = procedure,
		.type = VIRNET_MESSAGE,
	};
	uint8_t *packet = malloc(VIRNET_HEADER_BYTES);

	if (packet == NULL)
		return -ENOMEM;
	virnet_encode(&header, packet);
	return client_send(self, packet, VIRNET_HEADER_BYTES);
}

/* A whole message: keepalive, or nothing that we know. */
static int take_message(struct rpc_client *self)
{
	const struct virnet_header *header = &self->header;

	if (header->program != VIRNET_PROGRAM_KEEPALIVE ||
	    header->version != VIRNET_PROGRAM_VERSION ||
	    header->length != VIRNET_HEADER_BYTES)
		return -EPROTO;
	if (header->procedure == VIRNET_KEEPALIVE_PING)
		return send_keepalive(self, VIRNET_KEEPALIVE_PONG);
	return header->procedure == VIRNET_KEEPALIVE_PONG ? 0 : -EPROTO;
}

/* A whole call: answer it. */
static int take_call(struct rpc_client *self)
{
	bool anonymous = client_is_anonymous(self);
	uint8_t *reply;
	size_t bytes;

	int r = program_answer(&self->header, self->payload, &self->session,
			       self->source, &reply, &bytes);
	self->later = r == CALL_LATER;
	if (r != 0)
		return r < 0 ? r : 0;
	if (anonymous && !client_is_anonymous(self))
		self->owner.opened(self->owner.context);
	struct stream *stream = &self->session.stream;
	if (stream_is_open(stream) && !stream->begun)
		stream_begin(stream, &self->header);
	return client_send(self, reply, bytes);
}

/* A whole packet of a console's stream. */
static int take_stream(struct rpc_client *self)
{
	uint8_t *answer;
	size_t bytes;

	int r = stream_take(&self->session.stream, &self->header, &answer,
			    &bytes);
	return r == 0 && answer != NULL ? client_send(self, answer, bytes) : r;
}

/* A console has more to say. */
static int send_stream(struct rpc_client *self)
{
	uint8_t *packet;
	size_t bytes;

	int r = stream_packet(&self->session.stream, &packet, &bytes);
	return r == 0 && packet != NULL ? client_send(self, packet, bytes) : r;
}

static void on_stream(struct stream *stream)
{
	struct rpc_client *self =
		(void *)((char *)stream -
			 offsetof(struct rpc_client, session.stream));

	client_wait(self);
	self->owner.stirred(self->owner.context);
}

/* A whole packet is there. 0, or a negated errno to hang up. */
static int take_packet(struct rpc_client *self)
{
	int r = -EPROTO;

	self->misses = 0;
	self->have = 0;
	if (self->header.type == VIRNET_STREAM) {
		r = take_stream(self);
	} else if (self->header.status == VIRNET_OK) {
		if (self->header.type == VIRNET_CALL)
			r = take_call(self);
		else if (self->header.type == VIRNET_MESSAGE)
			r = take_message(self);
	}
	if (self->later)
		return r; /* it will be asked again */
	free(self->payload);
	self->payload = NULL;
	return r;
}

/* Where the next bytes go, and how many there may be: never past a packet. */
static size_t next_bytes(struct rpc_client *self, uint8_t **to)
{
	if (self->have < VIRNET_HEADER_BYTES) {
		*to = self->head + self->have;
		return VIRNET_HEADER_BYTES - self->have;
	}
	*to = self->payload + (self->have - VIRNET_HEADER_BYTES);
	return self->header.length - self->have;
}

/* The header is whole: check it, then make room for what it announces. */
static int take_header(struct rpc_client *self)
{
	int r = virnet_decode(self->head, REQUEST_MAX, &self->header);

	if (r < 0 || self->header.length == VIRNET_HEADER_BYTES)
		return r;
	self->payload = malloc(self->header.length - VIRNET_HEADER_BYTES);
	return self->payload != NULL ? 0 : -ENOMEM;
}

/* Read on, and take the packet if it is whole. One packet, then the others. */
static int read_on(struct rpc_client *self)
{
	uint8_t *to;

	do {
		size_t most = next_bytes(self, &to);
		ssize_t got = stranger_receive(self->fd, to, most, NULL);
		if (got < 0)
			return got == -EAGAIN ? 0 : (int)got;
		if (got == 0)
			return -ESHUTDOWN;
		self->have += (size_t)got;
		if (self->have < VIRNET_HEADER_BYTES)
			return 0;
		if (self->have == VIRNET_HEADER_BYTES) {
			int r = take_header(self);
			if (r < 0)
				return r;
		}
	} while (self->have < self->header.length);
	return take_packet(self);
}

/* After something happened: wait on, or let the owner end it. */
static void settle(struct rpc_client *self, int r)
{
	if (r < 0)
		self->owner.gone(self->owner.context, self);
	else
		client_wait(self);
}

static int on_io(sd_event_source *source, int fd, uint32_t events,
		 void *context)
{
	struct rpc_client *self = context;

	(void)source;
	(void)fd;
	if (self->later && (events & (EPOLLHUP | EPOLLERR)) != 0)
		settle(self, -ESHUTDOWN);
	else if (client_has_to_send(self))
		settle(self, client_flush(self));
	else if (!self->later && (events & EPOLLIN) == 0 &&
		 stream_has_packet(&self->session.stream))
		settle(self, send_stream(self));
	else
		settle(self, self->later ? 0 : read_on(self));
	return 0;
}

/* What the call was waiting for has come: make it again. */
static void on_later(struct act_wait *wait, int result, const struct err *err)
{
	struct rpc_later *later = (void *)wait; /* its first field */
	struct rpc_client *self =
		(void *)((char *)later -
			 offsetof(struct rpc_client, session.later));

	later->done = true;
	later->result = result;
	if (result < 0)
		later->err = *err;
	int r = take_call(self);
	free(self->payload);
	self->payload = NULL;
	self->owner.stirred(self->owner.context);
	settle(self, r);
}

static int on_time(sd_event_source *source, uint64_t usec, void *context)
{
	struct rpc_client *self = context;
	int r = -ETIMEDOUT;

	(void)source;
	(void)usec;
	/* The time to open, and the time to read, are up. */
	if (self->session.opened && !client_has_to_send(self) &&
	    self->misses < self->limits->keepalive_misses) {
		self->misses++;
		r = send_keepalive(self, VIRNET_KEEPALIVE_PING);
	}
	settle(self, r);
	return 0;
}

int client_new(struct rpc_client **out, sd_event *event, int fd, bool readonly,
	       const struct view_source *source, const struct act_source *acts,
	       const struct rpc_limits *limits, struct client_owner owner,
	       const struct session_owner *told)
{
	struct rpc_client *self = calloc(1, sizeof(*self));

	if (self == NULL) {
		stranger_close(fd);
		return -ENOMEM;
	}
	self->fd = fd;
	self->last = &self->first;
	self->source = source;
	self->limits = limits;
	self->owner = owner;
	self->session.readonly = readonly;
	self->session.peer = peer_of(fd);
	self->session.barred = !readonly && !self->session.peer.trusted;
	self->session.owner = told;
	self->session.acts = acts;
	self->session.later.wait.done = on_later;
	stream_init(&self->session.stream, acts, on_stream);
	int r = sd_event_add_io(event, &self->io, fd, EPOLLIN, on_io, self);
	if (r >= 0)
		r = sd_event_add_time_relative(
			event, &self->timer, CLOCK_MONOTONIC, limits->open_usec,
			0, on_time, self);
	if (r < 0) {
		client_free(self);
		return r;
	}
	*out = self;
	return 0;
}

/* Nobody waits for what a call has started. */
static void forget(struct rpc_session *self)
{
	const struct act_source *acts = self->acts;
	struct act_wait *wait = &self->later.wait;

	if (wait->run == NULL)
		return;
	if (self->later.of_pool)
		acts->pools->forget(acts->pools->context, wait);
	else
		acts->forget(acts->context, wait);
}

void client_free(struct rpc_client *self)
{
	if (self == NULL)
		return;
	forget(&self->session);
	sd_event_source_disable_unref(self->timer);
	sd_event_source_disable_unref(self->io);
	stranger_close(self->fd);
	free(self->payload);
	client_send_no_more(self);
	stream_close(&self->session.stream);
	events_clear(&self->session.events);
	free(self);
}

bool client_wants(const struct rpc_client *self, enum events_kind kind,
		  int event)
{
	return events_wants(&self->session.events, kind, event);
}

unsigned client_wishes(const struct rpc_client *self)
{
	return self->session.events.count;
}
