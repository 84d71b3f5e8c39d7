/* SPDX-License-Identifier: MIT */
/* What goes out to a client: one packet, and what waits behind it. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "rpc/client_private.h"

/*
 * The bytes of events that may wait for a client that is slow to read. Where
 * half of them do, changes of a balloon are left out: the next says it all.
 */
#define EVENTS_BYTES_MAX (256u << 10)

bool client_has_to_send(const struct rpc_client *self)
{
	return self->out != NULL || self->first != NULL;
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

void client_send_no_more(struct rpc_client *self)
{
	free(self->out);
	while (self->first != NULL) {
		take_waiting(self);
		free(self->out);
	}
}

int client_flush(struct rpc_client *self)
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

/* Have a packet go out next, after the one that does now. */
static int send_next(struct rpc_client *self, uint8_t *packet, size_t bytes)
{
	struct waiting *waiting = malloc(sizeof(*waiting));

	if (waiting == NULL) {
		free(packet);
		return -ENOMEM;
	}
	*waiting = (struct waiting){
		.next = self->first,
		.packet = {.bytes = packet, .length = bytes},
	};
	if (self->first == NULL)
		self->last = &waiting->next;
	self->first = waiting;
	self->waiting_bytes += bytes;
	return 0;
}

int client_send(struct rpc_client *self, uint8_t *packet, size_t bytes)
{
	/* An event may be on its way out when an answer comes that took its
	 * time; else nothing is. */
	if (self->out != NULL) {
		int r = send_next(self, packet, bytes);
		return r < 0 ? r : client_flush(self);
	}
	self->out = packet;
	self->out_bytes = bytes;
	self->out_sent = 0;
	return client_flush(self);
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
		client_wait(self);
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
