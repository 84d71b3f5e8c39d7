/* SPDX-License-Identifier: MIT */
/* One client of the lease protocol: decode, check everything, then do. */
#include <config.h>

#include "broker/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"

/*
 * A VMM has one answer under way at most, so this is plenty; one that does not
 * read fills it soon and is dropped, before it holds many of our descriptors
 * in flight.
 */
#define SEND_BUFFER 8192

struct session {
	struct registry *registry;
	int socket;
	pid_t pid;	     /* of the client, from the kernel */
	uint64_t seq;	     /* of its latest message */
	uint64_t waiting;    /* seq of the LEASE that waits; 0 for none */
	struct guest *guest; /* NULL before HELLO */
};

/* The client's process, as the kernel knows it; and that it is a client. */
static int check_socket(int socket, pid_t *pid, struct err *err)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);
	int domain = 0, type = 0;
	socklen_t word = sizeof(int);

	if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &word) < 0 ||
	    getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &word) < 0)
		return err_set(err, errno, "ask descriptor %d what it is",
			       socket);
	if (domain != AF_UNIX || type != SOCK_SEQPACKET)
		return err_say(err, EPROTOTYPE,
			       "descriptor %d is not a SOCK_SEQPACKET UNIX "
			       "socket",
			       socket);
	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0)
		return err_set(err, errno, "ask descriptor %d who its peer is",
			       socket);
	*pid = peer.pid;
	return 0;
}

int session_new(struct session **out, struct registry *registry, int socket,
		struct err *err)
{
	pid_t pid = 0;
	int buffer = SEND_BUFFER;

	int r = check_socket(socket, &pid, err);
	if (r < 0)
		return r;
	int flags = fcntl(socket, F_GETFL);
	if (flags < 0 || fcntl(socket, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer)))
		return err_set(err, errno, "prepare a client's socket");
	struct session *self = calloc(1, sizeof(*self));
	if (self == NULL)
		return err_set(err, ENOMEM, "serve a client");
	self->registry = registry;
	self->socket = socket;
	self->pid = pid;
	*out = self;
	return 0;
}

void session_free(struct session *self)
{
	if (self == NULL)
		return;
	close(self->socket);
	free(self);
}

void session_end(struct session *self)
{
	self->waiting = 0;
	if (self->guest == NULL)
		return;
	log_info("guest %s is gone, %u leases taken back", self->guest->name,
		 self->guest->account.held);
	registry_dismiss(self->registry, self->guest);
	self->guest = NULL;
}

bool session_waiting(const struct session *self)
{
	return self->waiting != 0;
}

const struct guest *session_guest(const struct session *self)
{
	return self->guest;
}

/* Say why a client is dropped. Always false: the session is over. */
__attribute__((format(printf, 2, 3))) static bool drop(
	const struct session *self, const char *format, ...)
{
	char why[160];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	log_warning("client %s (process %d) dropped: %s",
		    self->guest != NULL ? self->guest->name : "without a name",
		    (int)self->pid, why);
	return false;
}

/* Send one answer; a client that has no room for it is not waited for. */
static bool answer(struct session *self, struct lab_lease_msg *message,
		   enum lab_lease_type type, uint64_t seq, int fd)
{
	message->magic = LAB_LEASE_MAGIC;
	message->version = LAB_LEASE_VERSION;
	message->type = (uint16_t)type;
	message->seq = seq;
	int r = fd_send(self->socket, message, sizeof(*message), fd,
			MSG_DONTWAIT);
	if (r == 0)
		return true;
	if (r == -EAGAIN)
		return drop(self, "it does not read its answers");
	if (r == -EPIPE || r == -ECONNRESET)
		return false;
	return drop(self, "an answer could not be sent: %s", strerror(-r));
}

static bool refuse(struct session *self, uint64_t seq, const struct err *err)
{
	struct lab_lease_msg message = {.refused.error = err->code};

	snprintf(message.refused.text, sizeof(message.refused.text), "%.*s",
		 (int)sizeof(message.refused.text) - 1, err->text);
	return answer(self, &message, LAB_LEASE_REFUSED, seq, -1);
}

static bool welcome(struct session *self)
{
	const struct guest *guest = self->guest;
	const struct ledger *ledger = pool_ledger(guest->pool);
	struct lab_lease_msg message = {
		.welcome = {.guest = guest->id,
			    .backing = pool_backing(guest->pool),
			    .pool_total = ledger_total(ledger)},
	};

	memcpy(message.welcome.uuid, guest->uuid, sizeof(guest->uuid));
	log_info("guest %s (process %d): %lu leases of memory, guarantee %u, "
		 "limit %u of pool %s",
		 guest->name, (int)guest->pid, (unsigned long)guest->memory,
		 guest->account.guarantee, guest->account.limit,
		 pool_name(guest->pool));
	return answer(self, &message, LAB_LEASE_WELCOME, self->seq, -1);
}

static bool do_hello(struct session *self, const struct lab_lease_msg *hello)
{
	struct err err;

	int r = registry_admit(self->registry, hello, self->pid, &self->guest,
			       &err);
	if (r == 0)
		return welcome(self);
	log_info("a guest of process %d refused: %s", (int)self->pid, err.text);
	refuse(self, self->seq, &err);
	return false;
}

static bool hand_over(struct session *self, uint64_t seq)
{
	struct guest *guest = self->guest;
	uint32_t extent = pool_lease(guest->pool, &guest->account);
	struct lab_lease_msg message = {
		.leased.lease =
			ledger_lease_id(pool_ledger(guest->pool), extent),
	};

	/* Should it not arrive, the session ends and the lease is revoked. */
	return answer(self, &message, LAB_LEASE_LEASED, seq,
		      pool_file(guest->pool, extent));
}

static bool refuse_lease(struct session *self, uint64_t seq,
			 enum ledger_answer why)
{
	const struct guest *guest = self->guest;
	const struct ledger *ledger = pool_ledger(guest->pool);
	struct err err;

	if (why == LEDGER_LIMIT)
		err_say(&err, EDQUOT, "guest %s holds its limit of %u leases",
			guest->name, guest->account.limit);
	else
		err_say(&err, ENOMEM,
			"pool %s has no lease for guest %s, which holds %u and "
			"is guaranteed %u: of its %u, %u are lent and %u "
			"promised to guests",
			pool_name(guest->pool), guest->name,
			guest->account.held, guest->account.guarantee,
			ledger_total(ledger),
			ledger_count(ledger, EXTENT_LEASED),
			ledger_promised(ledger));
	return refuse(self, seq, &err);
}

/* Answer the LEASE numbered `seq`, or let it wait for a scrub. */
static bool serve_lease(struct session *self, uint64_t seq)
{
	enum ledger_answer may = ledger_may_lease(
		pool_ledger(self->guest->pool), &self->guest->account);

	self->waiting = may == LEDGER_LATER ? seq : 0;
	if (may == LEDGER_LATER)
		return true;
	if (may == LEDGER_NOW)
		return hand_over(self, seq);
	return refuse_lease(self, seq, may);
}

bool session_retry(struct session *self)
{
	return self->waiting == 0 || serve_lease(self, self->waiting);
}

static bool do_lease(struct session *self, const struct lab_lease_msg *message)
{
	if (self->waiting != 0)
		return drop(self, "it asks for a lease while one is on its "
				  "way");
	return serve_lease(self, message->seq);
}

static bool do_return(struct session *self, const struct lab_lease_msg *message)
{
	struct guest *guest = self->guest;
	uint64_t lease = message->returned.lease;
	uint32_t extent;

	int r = ledger_find(pool_ledger(guest->pool), lease, &guest->account,
			    &extent);
	if (r < 0)
		return drop(self,
			    "it returns lease %lu.%lu, which it does not "
			    "hold: %s",
			    (unsigned long)(lease & UINT32_MAX),
			    (unsigned long)(lease >> 32), strerror(-r));
	pool_revoke(guest->pool, extent, &guest->account);
	return true;
}

/* A VMM of another version is told so; it may be honest. */
static bool refuse_version(struct session *self, uint16_t version)
{
	struct err err;

	err_say(&err, EPROTONOSUPPORT,
		"the broker speaks version %d of the lease protocol, not %u",
		LAB_LEASE_VERSION, version);
	refuse(self, self->seq, &err);
	return drop(self, "it speaks version %u", version);
}

static bool dispatch(struct session *self, const struct lab_lease_msg *message)
{
	if (message->magic != LAB_LEASE_MAGIC)
		return drop(self, "wrong magic %#x", message->magic);
	if (message->seq <= self->seq)
		return drop(self, "message %lu after message %lu",
			    (unsigned long)message->seq,
			    (unsigned long)self->seq);
	self->seq = message->seq;
	if (message->version != LAB_LEASE_VERSION)
		return refuse_version(self, message->version);
	if (message->type == LAB_LEASE_HELLO && self->guest == NULL)
		return do_hello(self, message);
	if (message->type == LAB_LEASE_LEASE && self->guest != NULL)
		return do_lease(self, message);
	if (message->type == LAB_LEASE_RETURN && self->guest != NULL)
		return do_return(self, message);
	return drop(self, "a message of type %u %s HELLO", message->type,
		    self->guest != NULL ? "after" : "before");
}

bool session_receive(struct session *self)
{
	struct lab_lease_msg message;
	ssize_t bytes =
		fd_receive(self->socket, &message, sizeof(message), NULL, 0);

	if (bytes == -EAGAIN)
		return true;
	if (bytes == 0 || bytes == -ECONNRESET)
		return false;
	if (bytes == -EPROTO)
		return drop(self, "it sent a descriptor");
	if (bytes == -EMSGSIZE)
		return drop(self, "a message of more than %zu bytes",
			    sizeof(message));
	if (bytes < 0)
		return drop(self, "%s", strerror((int)-bytes));
	if (bytes != sizeof(message))
		return drop(self, "a message of %zd bytes", bytes);
	return dispatch(self, &message);
}
