/* SPDX-License-Identifier: MIT */
/* Messages to the broker and from it. */
#include <config.h>

#include "lease/client_private.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "base/fd.h"
#include "base/probe.h"

int client_set_deadline(int socket, uint32_t wait_ms, struct err *err)
{
	const struct timeval deadline = {
		.tv_sec = CLIENT_DEADLINE + wait_ms / 1000,
		.tv_usec = wait_ms % 1000 * 1000,
	};

	if (setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &deadline,
		       sizeof(deadline)) < 0 ||
	    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &deadline,
		       sizeof(deadline)) < 0)
		return err_set(err, errno, "set the broker's deadline");
	return 0;
}

int client_broken(struct client *self, int code, struct err *err,
		  const char *why)
{
	self->broken = true;
	return err_say(err, code, "the broker %s", why);
}

/* It has gone, or the kernel lets no message through: that is as good. */
static int lost(struct client *self, int code, struct err *err)
{
	if (code == EPIPE || code == ECONNRESET)
		return client_broken(self, EPIPE, err, "is gone");
	self->broken = true;
	err_set(err, code, "speak with the broker");
	return -EPIPE;
}

int client_send(struct client *self, struct lab_lease_msg *message,
		enum lab_lease_type type, int fd, struct err *err)
{
	message->magic = LAB_LEASE_MAGIC;
	message->version = LAB_LEASE_VERSION;
	message->type = (uint16_t)type;
	message->seq = self->seq + 1;
	int r = fd_send(self->socket, message, sizeof(*message), fd, 0);
	if (r == -EAGAIN)
		return err_say(err, ETIMEDOUT,
			       "the broker has not read what it was sent for "
			       "%d seconds",
			       CLIENT_DEADLINE);
	if (r < 0)
		return lost(self, -r, err);
	self->seq++;
	return 0;
}

/*
 * Receive one message, of this protocol at least; with a descriptor in *fd if
 * that is not NULL and one came. -ETIMEDOUT when none comes in time.
 */
static int receive(struct client *self, struct lab_lease_msg *message, int *fd,
		   int flags, struct err *err)
{
	ssize_t bytes =
		fd_receive(self->socket, message, sizeof(*message), fd, flags);

	if (bytes == -EAGAIN)
		return err_say(err, ETIMEDOUT,
			       "the broker has not answered for %u seconds",
			       CLIENT_DEADLINE + self->wait_ms / 1000);
	if (bytes == 0)
		return lost(self, EPIPE, err);
	if (bytes < 0 && bytes != -EMSGSIZE && bytes != -EPROTO)
		return lost(self, (int)-bytes, err);
	if (bytes != sizeof(*message))
		return client_broken(
			self, EPROTO, err,
			"sent what is not one message of the protocol");
	if (message->magic != LAB_LEASE_MAGIC ||
	    message->version != LAB_LEASE_VERSION)
		return client_broken(self, EPROTO, err,
				     "speaks another protocol");
	return 0;
}

/* Is it what the broker sends by itself? */
static bool is_event(const struct lab_lease_msg *message)
{
	return message->seq == 0 && (message->type == LAB_LEASE_RECLAIM ||
				     message->type == LAB_LEASE_PRESSURE ||
				     message->type == LAB_LEASE_REVOKING ||
				     message->type == LAB_LEASE_REVOKED ||
				     message->type == LAB_LEASE_LIMIT);
}

/* Does it make sense? */
static bool event_valid(const struct lab_lease_msg *message)
{
	if (message->type == LAB_LEASE_RECLAIM)
		return message->reclaim.level <= LAB_LEASE_LEVEL_CRITICAL &&
		       message->reclaim.leases > 0;
	if (message->type == LAB_LEASE_LIMIT)
		return message->limit.leases > 0;
	if (message->type == LAB_LEASE_REVOKING)
		return (message->revoking.ms == 0) ==
		       (message->revoking.reason == LAB_REVOKE_NONE);
	return message->type == LAB_LEASE_REVOKED ||
	       message->pressure.level <= LAB_LEASE_LEVEL_CRITICAL;
}

/* Hand an event on. */
static int take_event(struct client *self, const struct lab_lease_msg *message,
		      struct err *err)
{
	const struct client_events *events = self->events;

	if (!event_valid(message))
		return client_broken(self, EPROTO, err,
				     "sent an event that makes no sense");
	if (events == NULL)
		return 0;
	if (message->type == LAB_LEASE_RECLAIM && events->reclaim != NULL)
		events->reclaim(events->context, message->reclaim.leases,
				(enum lab_lease_level)message->reclaim.level);
	if (message->type == LAB_LEASE_PRESSURE && events->pressure != NULL)
		events->pressure(events->context,
				 (enum lab_lease_level)message->pressure.level,
				 message->pressure.available);
	if (message->type == LAB_LEASE_REVOKED && events->revoked != NULL)
		events->revoked(events->context, message->revoked.lease,
				message->revoked.reason);
	if (message->type == LAB_LEASE_REVOKING && events->revoking != NULL)
		events->revoking(events->context, message->revoking.lease,
				 message->revoking.ms);
	if (message->type == LAB_LEASE_LIMIT && events->limit != NULL)
		events->limit(events->context, message->limit.leases);
	return 0;
}

static time_t seconds(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

int client_receive(struct client *self, struct lab_lease_msg *message,
		   enum lab_lease_type type, uint64_t seq, int *fd, int flags,
		   struct err *err)
{
	time_t end = 0; /* from the first event on */

	int r = receive(self, message, fd, flags, err);
	while (r == 0 && is_event(message)) {
		if (end == 0)
			end = seconds() + CLIENT_DEADLINE +
			      self->wait_ms / 1000;
		if (fd != NULL && *fd >= 0)
			return client_broken(self, EPROTO, err,
					     "sent a file with an event");
		r = take_event(self, message, err);
		if (r == 0 && seconds() > end)
			return err_say(err, ETIMEDOUT,
				       "the broker sends events, no answer");
		if (r == 0)
			r = receive(self, message, fd, flags, err);
	}
	if (r < 0)
		return r;
	if (seq == 0 || message->seq != seq ||
	    (message->type != type && message->type != LAB_LEASE_REFUSED))
		return client_broken(self, EPROTO, err,
				     "answered what it was not asked");
	return 0;
}

int client_refusal(struct client *self, struct lab_lease_msg *message,
		   struct err *err)
{
	char *text = message->refused.text;

	if (message->refused.error <= 0 || message->refused.error > 4095)
		return client_broken(self, EPROTO, err,
				     "refused without a reason");
	text[sizeof(message->refused.text) - 1] = '\0';
	for (char *c = text; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	PROBE(client_refused, message->refused.error);
	return err_say(err, message->refused.error, "%s", text);
}
