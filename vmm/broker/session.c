/* SPDX-License-Identifier: MIT */
/* One client of the lease protocol: decode, check everything, then do. */
#include <config.h>

#include "broker/session_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/probe.h"
#include "base/stranger.h"
#include "broker/adopt.h"
#include "broker/admin.h"
#include "broker/tally.h"

int session_new(struct session **out, struct registry *registry, int socket,
		struct err *err)
{
	struct session *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return err_set(err, ENOMEM, "serve a client");
	int r = channel_open(&self->channel, socket, err);
	if (r < 0) {
		free(self);
		return r;
	}
	self->registry = registry;
	self->offered = -1;
	*out = self;
	return 0;
}

void session_free(struct session *self)
{
	if (self == NULL)
		return;
	queue_leave(&self->waiter);
	channel_close(&self->channel);
	if (self->offered >= 0)
		stranger_close_file(self->offered);
	free(self);
}

void session_end(struct session *self)
{
	queue_leave(&self->waiter);
	session_quit(self);
	if (self->guest == NULL)
		return;
	PROBE(session_gone, self->guest->id, self->guest->account.held);
	log_client_info("guest %s is gone, %u leases taken back",
			self->guest->name, self->guest->account.held);
	registry_dismiss(self->registry, self->guest);
	self->guest = NULL;
}

bool session_waiting(const struct session *self)
{
	return self->waiter.queue != NULL;
}

bool session_unmet(const struct session *self)
{
	return session_waiting(self) && self->waiter.unmet;
}

bool session_listens(const struct session *self)
{
	return self->listens;
}

bool session_begun(const struct session *self)
{
	return self->guest != NULL || self->asks != NULL;
}

const struct guest *session_guest(const struct session *self)
{
	return self->guest;
}

bool session_drop(const struct session *self, const char *format, ...)
{
	char why[160];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	if (self->guest != NULL)
		self->guest->end = VIEW_END_FAILED;
	log_client_warning("client %s (process %d) dropped: %s",
			   self->guest != NULL ? self->guest->name
					       : "without a name",
			   (int)self->channel.pid, why);
	return false;
}

bool session_answer(struct session *self, struct lab_lease_msg *message,
		    enum lab_lease_type type, uint64_t seq, int fd)
{
	int r = channel_send(&self->channel, message, type, seq, fd);

	if (r == 0)
		return true;
	/* Whoever's turn this is: the session's own next one is its last. */
	self->over = true;
	channel_cut(&self->channel);
	if (r == -EAGAIN)
		return session_drop(self, "it does not read its answers");
	if (r == -EPIPE || r == -ECONNRESET)
		return false;
	return session_drop(self, "an answer could not be sent: %s",
			    strerror(-r));
}

bool session_refuse(struct session *self, uint64_t seq, const struct err *err)
{
	struct lab_lease_msg message = {.refused.error = err->code};

	snprintf(message.refused.text, sizeof(message.refused.text), "%.*s",
		 (int)sizeof(message.refused.text) - 1, err->text);
	bool sent = session_answer(self, &message, LAB_LEASE_REFUSED, seq, -1);
	PROBE(session_refused, err->code);
	return sent;
}

static bool welcome(struct session *self)
{
	const struct guest *guest = self->guest;
	const struct ledger *ledger = pool_ledger(guest->pool);
	struct lab_lease_msg message = {
		.welcome = {.guest = guest->id,
			    .backing = pool_backing(guest->pool),
			    .pool_total = ledger_size(ledger),
			    .held = guest->account.held},
	};

	memcpy(message.welcome.uuid, guest->uuid, sizeof(guest->uuid));
	log_client_info(
		"guest %s (process %d): %lu leases of memory, guarantee %u, "
		"limit %u of pool %s",
		guest->name, (int)guest->pid, (unsigned long)guest->memory,
		guest->account.guarantee, guest->account.limit,
		pool_name(guest->pool));
	bool sent = session_answer(self, &message, LAB_LEASE_WELCOME, self->seq,
				   -1);
	PROBE(session_welcome, guest->id, guest->account.held);
	return sent;
}

static bool takes_files(const struct registry *registry, const char *name)
{
	const struct pool *pool = registry_name_valid(name)
					  ? registry_find_pool(registry, name)
					  : NULL;

	return pool != NULL && pool_takes_files(pool);
}

static int check_flags(const struct registry *registry,
		       const struct lab_lease_msg *hello, struct err *err)
{
	const uint32_t known =
		LAB_HELLO_EVENTS | LAB_HELLO_ADOPT | LAB_HELLO_TALLY;
	uint32_t flags = hello->hello.flags;

	if ((flags & ~known) != 0)
		return err_say(err, EINVAL,
			       "its flags %#x are not all known here", flags);
	if ((flags & LAB_HELLO_EVENTS) == 0 &&
	    takes_files(registry, hello->hello.pool))
		return err_say(err, EINVAL,
			       "pool %s leases guest_memfd, which is taken "
			       "back by asking: its guests want events",
			       hello->hello.pool);
	return 0;
}

/* Map the tally that came; its file is not needed any more. */
static int take_tally(const struct lab_tally **out, int *fd, struct err *err)
{
	int r = tally_map(out, *fd, err);

	if (r == 0) {
		close(*fd);
		*fd = -1;
	}
	return r;
}

/* fd: what came with it, or -1. */
static bool do_hello(struct session *self, const struct lab_lease_msg *hello,
		     int *fd)
{
	const struct lab_tally *tally = NULL;
	struct err err;

	PROBE(session_hello, self->channel.pid, hello->hello.flags);
	int r = check_flags(self->registry, hello, &err);
	if (r == 0 && (hello->hello.flags & LAB_HELLO_TALLY) != 0)
		r = take_tally(&tally, fd, &err);
	if (r == 0 && (hello->hello.flags & LAB_HELLO_ADOPT) != 0)
		r = adopt_return(self->registry, hello, self->channel.pid,
				 &self->guest, &err);
	else if (r == 0)
		r = registry_admit(self->registry, hello, self->channel.pid,
				   &self->guest, &err);
	if (r == 0) {
		self->guest->session = self;
		self->limit = (uint32_t)hello->hello.limit;
		self->guest->tally = tally;
		self->listens = hello->hello.flags & LAB_HELLO_EVENTS;
		pool_shortage(self->guest->pool)->untold = true;
		if (!pool_takes_files(self->guest->pool))
			stranger_deny(self->channel.socket);
		return welcome(self);
	}
	tally_unmap(tally);
	log_client_info("a guest of process %d refused: %s",
			(int)self->channel.pid, err.text);
	session_refuse(self, self->seq, &err);
	return false;
}

/*
 * One question for one connection, which ends with it: so who asks costs little
 * more than a turn, and keeps no client's slot for longer than a guest is given
 * time.
 */
static bool do_admin(struct session *self, const struct lab_lease_msg *question,
		     uint64_t now)
{
	const struct admin admin = {
		.registry = self->registry,
		.demand = session_demand,
		.asker = self,
		.uid = self->channel.uid,
		.now = now,
	};
	struct lab_lease_msg message = {0};
	cleanup_close int fd = -1;
	struct err err;

	int r = admin_answer(&admin, question, &message, &fd, &err);
	if (r == ADMIN_LATER)
		return true;
	if (r == 0) {
		session_answer(self, &message, message.type, self->seq, fd);
		return false;
	}
	log_client_info("a question of process %d refused: %s",
			(int)self->channel.pid, err.text);
	session_refuse(self, self->seq, &err);
	return false;
}

/* A VMM of another version is told so; it may be honest. */
static bool refuse_version(struct session *self, uint16_t version)
{
	struct err err;

	err_say(&err, EPROTONOSUPPORT,
		"the broker speaks version %d of the lease protocol, not %u",
		LAB_LEASE_VERSION, version);
	session_refuse(self, self->seq, &err);
	return session_drop(self, "it speaks version %u", version);
}

/* Before HELLO, and in a pool whose guests bring the files of their leases. */
static bool may_bring_files(const struct session *self)
{
	return self->guest == NULL || pool_takes_files(self->guest->pool);
}

/* Is it what a descriptor may come with? */
static bool may_bring_file(const struct session *self,
			   const struct lab_lease_msg *message)
{
	if (self->guest == NULL)
		return message->type == LAB_LEASE_HELLO &&
		       (message->hello.flags & LAB_HELLO_TALLY) != 0;
	return message->type == LAB_LEASE_LEASE && may_bring_files(self);
}

static bool dispatch(struct session *self, const struct lab_lease_msg *message,
		     int *fd, uint64_t now)
{
	if (message->magic != LAB_LEASE_MAGIC)
		return session_drop(self, "wrong magic %#x", message->magic);
	if (message->seq <= self->seq)
		return session_drop(self, "message %lu after message %lu",
				    (unsigned long)message->seq,
				    (unsigned long)self->seq);
	self->seq = message->seq;
	if (message->version != LAB_LEASE_VERSION)
		return refuse_version(self, message->version);
	if (self->asks != NULL)
		return session_drop(self, "a message after its question");
	if (*fd >= 0 && !may_bring_file(self, message))
		return session_drop(self, "it sent a descriptor");
	if (message->type == LAB_LEASE_HELLO && self->guest == NULL)
		return do_hello(self, message, fd);
	if (admin_asks(message->type) && self->guest == NULL)
		return do_admin(self, message, now);
	if (message->type == LAB_LEASE_LEASE && self->guest != NULL)
		return session_lease(self, message, fd, now);
	if (message->type == LAB_LEASE_RETURN && self->guest != NULL)
		return session_return(self, message);
	return session_drop(self, "a message of type %u %s HELLO",
			    message->type,
			    self->guest != NULL ? "after" : "before");
}

bool session_receive(struct session *self, uint64_t now)
{
	struct lab_lease_msg message;
	int file = -1;
	int *wanted = may_bring_files(self) ? &file : NULL;

	if (self->over)
		return false;
	ssize_t bytes = stranger_receive(self->channel.socket, &message,
					 sizeof(message), wanted);
	if (bytes == -EAGAIN)
		return true;
	if (bytes == 0 || bytes == -ECONNRESET)
		return false;
	if (bytes == -EPROTO)
		return session_drop(self, "it sent a descriptor");
	if (bytes == -EMSGSIZE)
		return session_drop(self, "a message of more than %zu bytes",
				    sizeof(message));
	if (bytes < 0)
		return session_drop(self, "%s", strerror((int)-bytes));
	bool goes_on =
		bytes == sizeof(message)
			? dispatch(self, &message, &file, now)
			: session_drop(self, "a message of %zd bytes", bytes);
	if (file >= 0)
		stranger_close_file(file);
	return goes_on;
}
