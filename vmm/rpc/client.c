/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/client.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rpc/call.h"
#include "rpc/program.h"
#include "wire/virnet.h"

/*
 * The longest packet taken from a client. The largest that any procedure here
 * needs is a few KiB of names; 1 MiB leaves room for a list of domains.
 */
#define REQUEST_MAX (1u << 20)

/*
 * The bytes of events that may wait for a client that is slow to read. Where
 * half of them do, changes of a balloon are left out: the next says it all.
 */
#define EVENTS_BYTES_MAX (256u << 10)

/* A packet of an event, waiting behind what goes out. */
struct waiting {
	struct waiting *next;
	struct events_packet packet;
};

struct rpc_client {
	int fd;
	sd_event_source *io;
	sd_event_source *timer;
	const struct view_source *source;
	const struct rpc_limits *limits;
	struct client_owner owner;
	struct rpc_session session;
	bool later; /* the call's answer is still to come */
	struct rpc_client *next;
	unsigned misses; /* PINGs sent since anything was heard */

	/* The packet that comes in. */
	uint8_t head[VIRNET_HEADER_BYTES];
	struct virnet_header header; /* when all of head is there */
	uint8_t *payload;	     /* allocated then, if it has any */
	size_t have;		     /* bytes of head and payload */

	/*
	 * The packet that goes out. While there is one nothing is read, so
	 * there is never a second.
	 */
	uint8_t *out; /* NULL: none */
	size_t out_bytes;
	size_t out_sent;

	/* What goes out after it, in order. Nothing is read meanwhile, too. */
	struct waiting *first;
	struct waiting **last; /* where the next one goes */
	size_t waiting_bytes;
};

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

static bool has_to_send(const struct rpc_client *self)
{
	return self->out != NULL || self->first != NULL;
}

/*
 * What we wait for next, and how long: to be opened (from the start on, so
 * nothing the peer does puts it off), for an answer to be read, or for a sign
 * of life.
 */
static void wait_for_next(struct rpc_client *self)
{
	uint32_t events = EPOLLIN;

	if (has_to_send(self))
		events = EPOLLOUT;
	else if (self->later) /* but that it hangs up is always told */
		events = 0;
	if (sd_event_source_set_io_events(self->io, events) < 0)
		abort();
	if (!self->session.opened)
		return;
	if (self->later && !has_to_send(self))
		sd_event_source_set_enabled(self->timer, SD_EVENT_OFF);
	else if (has_to_send(self))
		set_timer(self, self->limits->stall_usec);
	else if (self->session.keepalive)
		set_timer(self, self->limits->keepalive_usec);
	else
		sd_event_source_set_enabled(self->timer, SD_EVENT_OFF);
}

/*
 * Send what the socket takes of what goes out. 0 when it took all of it, a
 * negated errno, -EAGAIN among them.
 */
static int flush_one(struct rpc_client *self)
{
	while (self->out_sent < self->out_bytes) {
		ssize_t sent = send(self->fd, self->out + self->out_sent,
				    self->out_bytes - self->out_sent,
				    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		self->out_sent += (size_t)sent;
	}
	free(self->out);
	self->out = NULL;
	return 0;
}

/* The first event that waits is what goes out now. */
static void take_waiting(struct rpc_client *self)
{
	struct waiting *first = self->first;

	self->first = first->next;
	if (self->first == NULL)
		self->last = &self->first;
	self->waiting_bytes -= first->packet.length;
	self->out = first->packet.bytes;
	self->out_bytes = first->packet.length;
	self->out_sent = 0;
	free(first);
}

/*
 * Send what the socket takes. 0 when it took all or would block, or a negated
 * errno.
 */
static int flush(struct rpc_client *self)
{
	int r = self->out != NULL ? flush_one(self) : 0;

	while (r == 0 && !self->session.closing && self->first != NULL) {
		take_waiting(self);
		r = flush_one(self);
	}
	if (r == 0 && self->session.closing)
		return -ESHUTDOWN;
	return r == -EAGAIN ? 0 : r;
}

/* Have a packet wait for its turn to go out; it is the client's. */
static int enqueue(struct rpc_client *self, uint8_t *packet, size_t bytes)
{
	struct waiting *waiting = malloc(sizeof(*waiting));

	if (waiting == NULL) {
		free(packet);
		return -ENOMEM;
	}
	*waiting = (struct waiting){
		.packet = {.bytes = packet, .length = bytes},
	};
	*self->last = waiting;
	self->last = &waiting->next;
	self->waiting_bytes += bytes;
	return 0;
}

/* Send a packet, which becomes the client's. As flush(). */
static int send_packet(struct rpc_client *self, uint8_t *packet, size_t bytes)
{
	if (has_to_send(self)) { /* an answer that came later than events */
		int r = enqueue(self, packet, bytes);
		return r < 0 ? r : flush(self);
	}
	self->out = packet;
	self->out_bytes = bytes;
	self->out_sent = 0;
	return flush(self);
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
	return send_packet(self, packet, VIRNET_HEADER_BYTES);
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
	return send_packet(self, reply, bytes);
}

/* A whole packet is there. 0, or a negated errno to hang up. */
static int take_packet(struct rpc_client *self)
{
	int r = -EPROTO;

	self->misses = 0;
	self->have = 0;
	if (self->header.status == VIRNET_OK) {
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
		ssize_t got = recv(self->fd, to, most, MSG_DONTWAIT);
		if (got < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
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
		wait_for_next(self);
}

static int on_io(sd_event_source *source, int fd, uint32_t events,
		 void *context)
{
	struct rpc_client *self = context;

	(void)source;
	(void)fd;
	if (self->later && (events & (EPOLLHUP | EPOLLERR)) != 0)
		settle(self, -ESHUTDOWN);
	else if (has_to_send(self))
		settle(self, flush(self));
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
	if (self->session.opened && !has_to_send(self) &&
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
		close(fd);
		return -ENOMEM;
	}
	self->fd = fd;
	self->last = &self->first;
	self->source = source;
	self->limits = limits;
	self->owner = owner;
	self->session.readonly = readonly;
	self->session.owner = told;
	self->session.acts = acts;
	self->session.later.wait.done = on_later;
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

void client_free(struct rpc_client *self)
{
	if (self == NULL)
		return;
	if (self->session.later.wait.run != NULL)
		self->session.acts->forget(self->session.acts->context,
					   &self->session.later.wait);
	sd_event_source_disable_unref(self->timer);
	sd_event_source_disable_unref(self->io);
	close(self->fd);
	free(self->payload);
	free(self->out);
	while (self->first != NULL) {
		take_waiting(self);
		free(self->out);
	}
	events_clear(&self->session.events);
	free(self);
}

/* Have packets wait; too many of them end the connection in its next turn. */
static void append(struct rpc_client *self, struct events_packet *packets,
		   int count)
{
	for (int i = 0; i < count; i++) {
		struct waiting *waiting = malloc(sizeof(*waiting));
		if (waiting == NULL || self->waiting_bytes + packets[i].length >
					       EVENTS_BYTES_MAX) {
			free(waiting);
			free(packets[i].bytes);
			shutdown(self->fd, SHUT_RDWR);
			continue;
		}
		*waiting = (struct waiting){.packet = packets[i]};
		*self->last = waiting;
		self->last = &waiting->next;
		self->waiting_bytes += packets[i].length;
	}
	if (count > 0)
		wait_for_next(self);
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

void client_tell(struct rpc_client *self, const struct view_event *event)
{
	struct events_packet packets[EVENTS_MAX];

	append(self, packets,
	       events_tell(&self->session.events, event, packets));
}

void client_tell_balloon(struct rpc_client *self,
			 const struct view_guest *guest)
{
	struct events_packet packets[EVENTS_MAX];

	if (self->waiting_bytes > EVENTS_BYTES_MAX / 2)
		return;
	append(self, packets,
	       events_tell_balloon(&self->session.events, guest, packets));
}
