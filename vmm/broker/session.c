/* SPDX-License-Identifier: MIT */
/* One client of the lease protocol: decode, check everything, then do. */
#include <config.h>

#include "broker/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "broker/adopt.h"
#include "broker/admin.h"
#include "broker/channel.h"
#include "broker/taken.h"

#define US_PER_MS UINT64_C(1000)

struct session {
	struct registry *registry;
	struct channel channel;
	uint64_t seq;		   /* of its latest message */
	uint64_t asked;		   /* seq of the LEASE that waits */
	struct waiter waiter;	   /* while that one waits */
	struct guest *guest;	   /* NULL before HELLO */
	bool listens;		   /* it wants events */
	bool over;		   /* an answer could not be sent */
	enum lab_lease_level told; /* of its pool, in the latest PRESSURE */
	struct taken taken;	   /* from it, and not yet RETURNed */
};

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
	*out = self;
	return 0;
}

void session_free(struct session *self)
{
	if (self == NULL)
		return;
	queue_leave(&self->waiter);
	channel_close(&self->channel);
	free(self);
}

void session_end(struct session *self)
{
	queue_leave(&self->waiter);
	if (self->guest == NULL)
		return;
	log_info("guest %s is gone, %u leases taken back", self->guest->name,
		 self->guest->account.held);
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
		    (int)self->channel.pid, why);
	return false;
}

/* Send one answer; a client that has no room for it is not waited for. */
static bool answer(struct session *self, struct lab_lease_msg *message,
		   enum lab_lease_type type, uint64_t seq, int fd)
{
	int r = channel_send(&self->channel, message, type, seq, fd);

	if (r == 0)
		return true;
	/* Whoever's turn this is: the session's own next one is its last. */
	self->over = true;
	channel_cut(&self->channel);
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
			    .pool_total = ledger_total(ledger),
			    .held = guest->account.held},
	};

	memcpy(message.welcome.uuid, guest->uuid, sizeof(guest->uuid));
	log_info("guest %s (process %d): %lu leases of memory, guarantee %u, "
		 "limit %u of pool %s",
		 guest->name, (int)guest->pid, (unsigned long)guest->memory,
		 guest->account.guarantee, guest->account.limit,
		 pool_name(guest->pool));
	return answer(self, &message, LAB_LEASE_WELCOME, self->seq, -1);
}

static int check_flags(uint32_t flags, struct err *err)
{
	const uint32_t known = LAB_HELLO_EVENTS | LAB_HELLO_ADOPT;

	if ((flags & ~known) == 0)
		return 0;
	return err_say(err, EINVAL, "its flags %#x are not all known here",
		       flags);
}

static bool do_hello(struct session *self, const struct lab_lease_msg *hello)
{
	struct err err;

	int r = check_flags(hello->hello.flags, &err);
	if (r == 0 && (hello->hello.flags & LAB_HELLO_ADOPT) != 0)
		r = adopt_return(self->registry, hello, self->channel.pid,
				 &self->guest, &err);
	else if (r == 0)
		r = registry_admit(self->registry, hello, self->channel.pid,
				   &self->guest, &err);
	if (r == 0) {
		self->guest->session = self;
		self->listens = hello->hello.flags & LAB_HELLO_EVENTS;
		pool_shortage(self->guest->pool)->untold = true;
		return welcome(self);
	}
	log_info("a guest of process %d refused: %s", (int)self->channel.pid,
		 err.text);
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

static struct session *session_of(struct waiter *waiter)
{
	return (void *)((char *)waiter - offsetof(struct session, waiter));
}

/* Is a lease due to it by its guarantee? */
static bool entitled(const struct session *self)
{
	return self->guest->account.held < self->guest->account.guarantee;
}

/*
 * Answer a waiting LEASE as the ledger says, or let it wait: for a scrub
 * without a deadline, for other guests until its own.
 */
static void serve(struct session *self, enum ledger_answer may, uint64_t now)
{
	struct waiter *waiter = &self->waiter;
	bool refused = may == LEDGER_LIMIT || waiter->deadline <= now;

	waiter->unmet = may != LEDGER_NOW && may != LEDGER_LATER;
	if (may == LEDGER_LATER || (waiter->unmet && !refused))
		return;
	queue_leave(waiter);
	if (may == LEDGER_NOW)
		hand_over(self, self->asked);
	else
		refuse_lease(self, self->asked, may);
}

/* Serve, in their order, those that are entitled, or those that are not. */
static void serve_those(struct pool *pool, bool kind, uint64_t now)
{
	const struct ledger *ledger = pool_ledger(pool);
	uint32_t spare = ledger_spare(ledger);
	struct waiter *next;

	for (struct waiter *w = pool_shortage(pool)->queue.first; w != NULL;
	     w = next) {
		struct session *self = session_of(w);
		next = w->next;
		if (entitled(self) != kind)
			continue;
		enum ledger_answer may =
			ledger_may_lease(ledger, &self->guest->account);
		/* Each before it has a claim on one of what is to spare. */
		if (!kind && spare == 0)
			may = LEDGER_NONE;
		else if (!kind)
			spare--;
		serve(self, may, now);
	}
}

void session_serve(struct pool *pool, uint64_t now)
{
	serve_those(pool, true, now);
	serve_those(pool, false, now);
}

static bool do_lease(struct session *self, const struct lab_lease_msg *message,
		     uint64_t now)
{
	struct guest *guest = self->guest;
	struct pool *pool = guest->pool;

	if (session_waiting(self))
		return drop(self, "it asks for a lease while one is on its "
				  "way");
	if (guest->account.held >= guest->account.limit)
		return refuse_lease(self, message->seq, LEDGER_LIMIT);
	self->asked = message->seq;
	queue_append(&pool_shortage(pool)->queue, &self->waiter,
		     now + message->lease.wait_ms * US_PER_MS);
	session_serve(pool, now);
	return !self->over;
}

bool session_reclaim(struct session *self, uint32_t leases,
		     enum lab_lease_level level)
{
	struct lab_lease_msg message = {
		.reclaim = {.leases = leases, .level = level},
	};

	return channel_notify(&self->channel, &message, LAB_LEASE_RECLAIM);
}

/* Tell its VMM of what was taken, as far as there is room. All? */
static bool tell_taken(struct session *self)
{
	struct taken_lease *next;

	while (self->listens && (next = taken_untold(&self->taken)) != NULL) {
		struct lab_lease_msg message = {
			.revoked = {.lease = next->id, .reason = next->reason},
		};
		next->told = channel_notify(&self->channel, &message,
					    LAB_LEASE_REVOKED);
		if (!next->told)
			return false;
	}
	return true;
}

bool session_tell(struct session *self, enum lab_lease_level level)
{
	const struct ledger *ledger = pool_ledger(self->guest->pool);
	struct lab_lease_msg message = {
		.pressure = {.level = level,
			     .blank = ledger_count(ledger, EXTENT_BLANK),
			     .total = ledger_total(ledger),
			     .available = ledger_spare(ledger)},
	};

	bool all = tell_taken(self);
	if (!self->listens || self->told == level)
		return all;
	if (!channel_notify(&self->channel, &message, LAB_LEASE_PRESSURE))
		return false;
	self->told = level;
	return all;
}

void session_take(struct session *self, enum lab_revoke_reason reason)
{
	struct guest *guest = self->guest;
	struct pool *pool = guest->pool;
	uint32_t extent = guest->account.leases.last;
	uint64_t id = ledger_lease_id(pool_ledger(pool), extent);

	bool noted = taken_add(&self->taken, id, reason);
	/* Told first, so that its VMM knows why, when a touch finds nothing;
	 * where there is no room for it now, it follows with its answers. */
	if (!tell_taken(self))
		pool_shortage(pool)->untold = true;
	pool_revoke(pool, extent, &guest->account);
	log_info("guest %s: lease %u was taken: %s", guest->name, extent,
		 reason == LAB_REVOKE_ADMIN
			 ? "an administrator said so"
			 : "it gave nothing back that others wait for");
	if (!self->listens || noted)
		return;
	self->over = true;
	channel_cut(&self->channel);
	drop(self, "it does not answer that leases were taken");
}

static bool do_return(struct session *self, const struct lab_lease_msg *message)
{
	struct guest *guest = self->guest;
	uint64_t lease = message->returned.lease;
	uint32_t extent;

	/* It may have given it back before it heard that it was taken. */
	if (taken_remove(&self->taken, lease)) {
		tell_taken(self);
		return true;
	}
	int r = ledger_find(pool_ledger(guest->pool), lease, &guest->account,
			    &extent);
	if (r < 0)
		return drop(self,
			    "it returns lease %lu.%lu, which it does not "
			    "hold: %s",
			    (unsigned long)(lease & UINT32_MAX),
			    (unsigned long)(lease >> 32), strerror(-r));
	pool_revoke(guest->pool, extent, &guest->account);
	if (guest->urged > 0)
		guest->urged--;
	guest->owes_since = 0;
	return true;
}

/*
 * One question for one connection, which ends with it: so who asks costs no
 * more than a turn, and keeps no client's slot.
 */
static bool do_admin(struct session *self, const struct lab_lease_msg *question)
{
	struct lab_lease_msg message = {0};
	cleanup_close int fd = -1;
	struct err err;

	int r = admin_answer(self->registry, session_take, self->channel.uid,
			     question, &message, &fd, &err);
	if (r == 0) {
		answer(self, &message, message.type, self->seq, fd);
		return false;
	}
	log_info("a question of process %d refused: %s", (int)self->channel.pid,
		 err.text);
	refuse(self, self->seq, &err);
	return false;
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

static bool dispatch(struct session *self, const struct lab_lease_msg *message,
		     uint64_t now)
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
	if (admin_asks(message->type) && self->guest == NULL)
		return do_admin(self, message);
	if (message->type == LAB_LEASE_LEASE && self->guest != NULL)
		return do_lease(self, message, now);
	if (message->type == LAB_LEASE_RETURN && self->guest != NULL)
		return do_return(self, message);
	return drop(self, "a message of type %u %s HELLO", message->type,
		    self->guest != NULL ? "after" : "before");
}

bool session_receive(struct session *self, uint64_t now)
{
	struct lab_lease_msg message;

	if (self->over)
		return false;
	ssize_t bytes = fd_receive(self->channel.socket, &message,
				   sizeof(message), NULL, 0);
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
	return dispatch(self, &message, now);
}
