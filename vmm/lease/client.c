/* SPDX-License-Identifier: MIT */
/* Asks the broker for leases, and checks what comes. */
#include <config.h>

#include "lease/client.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "base/cleanup.h"
#include "base/fd.h"

/* A lease can shrink (be revoked), and do nothing else that is new. */
#define SEALS_WANTED (F_SEAL_GROW | F_SEAL_SEAL)
#define SEALS_KNOWN  (SEALS_WANTED | F_SEAL_SHRINK | F_SEAL_WRITE)

/* The broker's time for an answer, beside what it was allowed to wait. */
static int set_deadline(int socket, uint32_t wait_ms, struct err *err)
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

void client_from_fd(struct client *self, int socket)
{
	*self = (struct client){.socket = socket};
}

/* flags: SOCK_NONBLOCK, so that a broker too busy to accept is a failure. */
static int connect_to(struct client *self, const char *path, int flags,
		      struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*self = (struct client){.socket = -1};
	if (strlen(path) >= sizeof(address.sun_path))
		return err_say(err, ENAMETOOLONG,
			       "the broker's socket %s has a name of more than "
			       "%zu bytes",
			       path, sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	cleanup_close int fd =
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		return err_set(err, errno, "make a socket");
	int r = set_deadline(fd, 0, err);
	if (r < 0)
		return r;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_set(err, errno, "connect to the broker at %s", path);
	self->socket = steal_fd(&fd);
	return 0;
}

int client_connect(struct client *self, const char *path, struct err *err)
{
	return connect_to(self, path, 0, err);
}

void client_close(struct client *self)
{
	if (self->socket >= 0)
		close(self->socket);
	self->socket = -1;
}

/* The connection is of no use any more, for this reason. */
static int broken(struct client *self, int code, struct err *err,
		  const char *why)
{
	self->broken = true;
	return err_say(err, code, "the broker %s", why);
}

static int send_message(struct client *self, struct lab_lease_msg *message,
			enum lab_lease_type type, struct err *err)
{
	message->magic = LAB_LEASE_MAGIC;
	message->version = LAB_LEASE_VERSION;
	message->type = (uint16_t)type;
	message->seq = self->seq + 1;
	int r = fd_send(self->socket, message, sizeof(*message), -1, 0);
	if (r == -EAGAIN)
		return err_say(err, ETIMEDOUT,
			       "the broker has not read what it was sent for "
			       "%d seconds",
			       CLIENT_DEADLINE);
	if (r < 0)
		return broken(self, EPIPE, err, "is gone");
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
	if (bytes == 0 || bytes == -ECONNRESET)
		return broken(self, EPIPE, err, "is gone");
	if (bytes != sizeof(*message))
		return broken(self, EPROTO, err,
			      "sent what is not one message of the protocol");
	if (message->magic != LAB_LEASE_MAGIC ||
	    message->version != LAB_LEASE_VERSION)
		return broken(self, EPROTO, err, "speaks another protocol");
	return 0;
}

/* Is it what the broker sends by itself? */
static bool is_event(const struct lab_lease_msg *message)
{
	return message->seq == 0 && (message->type == LAB_LEASE_RECLAIM ||
				     message->type == LAB_LEASE_PRESSURE ||
				     message->type == LAB_LEASE_REVOKED);
}

/* Hand an event on, if it makes sense. */
static int take_event(struct client *self, const struct lab_lease_msg *message,
		      struct err *err)
{
	const struct client_events *events = self->events;
	bool reclaim = message->type == LAB_LEASE_RECLAIM;

	if (message->type == LAB_LEASE_REVOKED) {
		if (events != NULL && events->revoked != NULL)
			events->revoked(events->context, message->revoked.lease,
					message->revoked.reason);
		return 0;
	}
	uint32_t level =
		reclaim ? message->reclaim.level : message->pressure.level;

	if (level > LAB_LEASE_LEVEL_CRITICAL ||
	    (reclaim && message->reclaim.leases == 0))
		return broken(self, EPROTO, err,
			      "sent an event that makes no sense");
	if (events == NULL)
		return 0;
	if (reclaim && events->reclaim != NULL)
		events->reclaim(events->context, message->reclaim.leases,
				(enum lab_lease_level)level);
	if (!reclaim && events->pressure != NULL)
		events->pressure(events->context, (enum lab_lease_level)level,
				 message->pressure.available);
	return 0;
}

static time_t seconds(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/*
 * Receive the answer to message `seq`: of type `type`, or REFUSED; events that
 * come before it are taken, and do not put its deadline off for ever. 0 and the
 * message, with a descriptor in *fd if that is not NULL and one came. seq 0:
 * nothing was asked, so there is none.
 */
static int receive_answer(struct client *self, struct lab_lease_msg *message,
			  enum lab_lease_type type, uint64_t seq, int *fd,
			  int flags, struct err *err)
{
	time_t end = seconds() + CLIENT_DEADLINE + self->wait_ms / 1000;

	int r = receive(self, message, fd, flags, err);
	while (r == 0 && is_event(message)) {
		if (fd != NULL && *fd >= 0)
			return broken(self, EPROTO, err,
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
		return broken(self, EPROTO, err,
			      "answered what it was not asked");
	return 0;
}

/* A refusal, as an error; its text is shown to people, so it is cleaned. */
static int refusal(struct client *self, struct lab_lease_msg *message,
		   struct err *err)
{
	char *text = message->refused.text;

	if (message->refused.error <= 0 || message->refused.error > 4095)
		return broken(self, EPROTO, err, "refused without a reason");
	text[sizeof(message->refused.text) - 1] = '\0';
	for (char *c = text; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	return err_say(err, message->refused.error, "%s", text);
}

/* Copy a name whole, or not at all: the broker says what is wrong with it. */
static int copy_name(char *to, const char *name, const char *whose,
		     struct err *err)
{
	if (strlen(name) >= LAB_NAME_MAX)
		return err_say(err, EINVAL,
			       "the %s's name has more than %d characters",
			       whose, LAB_NAME_MAX - 1);
	strcpy(to, name);
	return 0;
}

static int take_welcome(struct client *self,
			const struct lab_lease_msg *message,
			struct client_welcome *welcome, struct err *err)
{
	uint32_t backing = message->welcome.backing;

	if (message->welcome.guest == 0 || message->welcome.pool_total == 0 ||
	    (backing != LAB_BACKING_SHMEM && backing != LAB_BACKING_HUGETLB))
		return broken(self, EPROTO, err,
			      "sent a welcome that makes no sense");
	*welcome = (struct client_welcome){
		.guest = message->welcome.guest,
		.backing = (enum lab_backing)backing,
		.pool_total = message->welcome.pool_total,
		.held = message->welcome.held,
	};
	memcpy(welcome->uuid, message->welcome.uuid, sizeof(welcome->uuid));
	self->backing = welcome->backing;
	return 0;
}

static int say_hello(struct client *self, const struct client_request *request,
		     uint32_t flags, struct err *err)
{
	struct lab_lease_msg message = {
		.hello = {.memory = request->memory,
			  .guarantee = request->guarantee,
			  .limit = request->limit,
			  .flags = flags},
	};

	self->events = request->events;
	if (request->events != NULL)
		message.hello.flags |= LAB_HELLO_EVENTS;
	int r = copy_name(message.hello.name, request->name, "guest", err);
	if (r == 0)
		r = copy_name(message.hello.pool, request->pool, "pool", err);
	return r < 0 ? r : send_message(self, &message, LAB_LEASE_HELLO, err);
}

/* The answer to a HELLO; flags as in answer(). */
static int hear_welcome(struct client *self, struct client_welcome *welcome,
			int flags, struct err *err)
{
	struct lab_lease_msg message;

	int r = receive_answer(self, &message, LAB_LEASE_WELCOME, self->seq,
			       NULL, flags, err);
	if (r < 0)
		return r;
	if (message.type == LAB_LEASE_REFUSED)
		return refusal(self, &message, err);
	return take_welcome(self, &message, welcome, err);
}

int client_hello(struct client *self, const struct client_request *request,
		 struct client_welcome *welcome, struct err *err)
{
	int r = say_hello(self, request, 0, err);

	if (r == 0)
		r = hear_welcome(self, welcome, 0, err);
	return r < 0 ? r : set_deadline(self->socket, 0, err);
}

int client_rejoin(struct client *self, const char *path,
		  const struct client_request *request, struct err *err)
{
	client_close(self);
	int r = connect_to(self, path, SOCK_NONBLOCK, err);
	if (r == 0)
		r = say_hello(self, request, LAB_HELLO_ADOPT, err);
	if (r < 0)
		client_close(self);
	return r;
}

int client_welcomed(struct client *self, struct client_welcome *welcome,
		    struct err *err)
{
	int r = hear_welcome(self, welcome, MSG_DONTWAIT, err);

	if (r == -ETIMEDOUT)
		return -EAGAIN;
	if (r == 0 && fcntl(self->socket, F_SETFL, 0) < 0)
		return err_set(err, errno, "prepare the broker's socket");
	return r;
}

/* Is this a lease as the contract has it: 2 MiB, sealed so that it stays? */
static int check_file(struct client *self, int fd, struct err *err)
{
	struct stat stat;

	if (fd < 0)
		return broken(self, EPROTO, err, "sent a lease without a file");
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS_KNOWN) != SEALS_WANTED)
		return broken(self, EPROTO, err,
			      "sent a file that is not sealed as a lease is");
	if (fstat(fd, &stat) < 0 || stat.st_size < 0 ||
	    (uint64_t)stat.st_size != LAB_EXTENT_SIZE)
		return broken(self, EPROTO, err,
			      "sent a file that is not 2 MiB long");
	return 0;
}

static int ask(struct client *self, uint32_t wait_ms, struct err *err)
{
	struct lab_lease_msg message = {.lease = {.wait_ms = wait_ms}};

	if (self->broken)
		return err_say(err, EPIPE, "the broker is gone");
	if (self->asked != 0)
		return 0; /* the last one's answer is still to come */
	int r = send_message(self, &message, LAB_LEASE_LEASE, err);
	if (r < 0)
		return r;
	self->asked = self->seq;
	self->wait_ms = wait_ms;
	return 0;
}

static void give_back(struct client *self, uint64_t id)
{
	struct lab_lease_msg message = {.returned = {.lease = id}};
	struct err ignored;

	/* Should it not arrive, the end of the connection gives it back. */
	if (!self->broken)
		(void)send_message(self, &message, LAB_LEASE_RETURN, &ignored);
}

/* Is this a lease that was taken while it was on its way? No broker lies so. */
static bool was_cut(int fd)
{
	struct stat stat;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS_KNOWN) == SEALS_WANTED &&
	       fstat(fd, &stat) == 0 && stat.st_size == 0;
}

/* The answer to what was asked; flags: MSG_DONTWAIT, or 0 to wait for it. */
static int answer(struct client *self, struct lease *lease, int flags,
		  struct err *err)
{
	struct lab_lease_msg message;
	cleanup_close int fd = -1;

	if (self->broken)
		return err_say(err, EPIPE, "the broker is gone");
	int r = receive_answer(self, &message, LAB_LEASE_LEASED, self->asked,
			       &fd, flags, err);
	if (r < 0)
		return r;
	self->asked = 0;
	if (message.type == LAB_LEASE_REFUSED)
		return refusal(self, &message, err);
	if (fd >= 0 && was_cut(fd)) {
		give_back(self, message.leased.lease);
		return err_say(err, ENOMEM,
			       "the broker took the lease back before it came");
	}
	r = check_file(self, fd, err);
	if (r < 0)
		return r;
	*lease = (struct lease){.id = message.leased.lease,
				.fd = steal_fd(&fd),
				.backing = self->backing};
	return 0;
}

/* How long a get blocks follows from what the broker was allowed to wait. */
static int get_checked(struct client *self, struct lease *lease,
		       struct err *err)
{
	int r = ask(self, 0, err);
	if (r == 0 && self->deadline_ms != self->wait_ms) {
		r = set_deadline(self->socket, self->wait_ms, err);
		self->deadline_ms = self->wait_ms;
	}
	return r < 0 ? r : answer(self, lease, 0, err);
}

/* To the caller, a broker that lies is as gone as one that went. */
static int gone(int r)
{
	return r == -EPROTO ? -EPIPE : r;
}

static int client_get(void *context, struct lease *lease)
{
	struct client *self = context;

	return gone(get_checked(self, lease, &self->last));
}

static int client_ask(void *context, uint32_t wait_ms)
{
	struct client *self = context;

	return gone(ask(self, wait_ms, &self->last));
}

static int client_take(void *context, struct lease *lease)
{
	struct client *self = context;

	int r = answer(self, lease, MSG_DONTWAIT, &self->last);
	return r == -ETIMEDOUT ? -EAGAIN : gone(r);
}

static void client_put(void *context, uint64_t id)
{
	give_back(context, id);
}

struct lease_source client_source(struct client *self)
{
	return (struct lease_source){
		.get = client_get,
		.ask = client_ask,
		.take = client_take,
		.put = client_put,
		.context = self,
	};
}
