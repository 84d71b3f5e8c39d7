/* SPDX-License-Identifier: MIT */
/* Asks the broker for leases, and checks what comes. */
#include <config.h>

#include "lease/client_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "base/cleanup.h"
#include "base/pages.h"
#include "base/probe.h"

/* A lease can shrink (be revoked), and do nothing else that is new. */
#define SEALS_WANTED (F_SEAL_GROW | F_SEAL_SEAL)
#define SEALS_KNOWN  (SEALS_WANTED | F_SEAL_SHRINK | F_SEAL_WRITE)

void client_from_fd(struct client *self, int socket)
{
	*self = (struct client){.socket = socket, .made = -1};
}

/* flags: SOCK_NONBLOCK, so that a broker too busy to accept is a failure. */
static int connect_to(struct client *self, const char *path, int flags,
		      struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*self = (struct client){.socket = -1, .made = -1};
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
	int r = client_set_deadline(fd, 0, err);
	if (r < 0)
		return r;
	do {
		r = connect(fd, (struct sockaddr *)&address, sizeof(address));
	} while (r < 0 && errno == EINTR);
	if (r < 0)
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
	if (self->made >= 0)
		close(self->made);
	self->made = -1;
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
	    !pages_known(backing))
		return client_broken(self, EPROTO, err,
				     "sent a welcome that makes no sense");
	if (backing == LAB_BACKING_GUEST_MEMFD && self->maker == NULL)
		return err_say(err, ENOTSUP,
			       "the pool leases guest_memfd, which this "
			       "kernel's KVM cannot map: Linux 6.18 and newer "
			       "can");
	*welcome = (struct client_welcome){
		.guest = message->welcome.guest,
		.backing = (enum lab_backing)backing,
		.pool_total = message->welcome.pool_total,
		.held = message->welcome.held,
	};
	memcpy(welcome->uuid, message->welcome.uuid, sizeof(welcome->uuid));
	self->backing = welcome->backing;
	PROBE(client_welcome, welcome->guest, welcome->held);
	return 0;
}

static int say_hello(struct client *self, const struct client_request *request,
		     uint32_t flags, struct err *err)
{
	struct lab_lease_msg message = {
		.hello = {.memory = request->memory,
			  .guarantee = request->guarantee,
			  .limit = request->limit,
			  .flags = flags,
			  .maximum = request->maximum,
			  .cpus = request->cpus},
	};

	self->events = request->events;
	self->maker = request->maker;
	if (request->events != NULL)
		message.hello.flags |= LAB_HELLO_EVENTS;
	if (request->tally > 0)
		message.hello.flags |= LAB_HELLO_TALLY;
	int r = copy_name(message.hello.name, request->name, "guest", err);
	if (r == 0)
		r = copy_name(message.hello.pool, request->pool, "pool", err);
	if (r == 0)
		r = client_send(self, &message, LAB_LEASE_HELLO,
				request->tally > 0 ? request->tally : -1, err);
	PROBE(client_hello, flags, r);
	return r;
}

/* The answer to a HELLO; flags as in answer(). */
static int hear_welcome(struct client *self, struct client_welcome *welcome,
			int flags, struct err *err)
{
	struct lab_lease_msg message;

	int r = client_receive(self, &message, LAB_LEASE_WELCOME, self->seq,
			       NULL, flags, err);
	if (r < 0)
		return r;
	if (message.type == LAB_LEASE_REFUSED)
		return client_refusal(self, &message, err);
	return take_welcome(self, &message, welcome, err);
}

int client_hello(struct client *self, const struct client_request *request,
		 struct client_welcome *welcome, struct err *err)
{
	int r = say_hello(self, request, 0, err);

	if (r == 0)
		r = hear_welcome(self, welcome, 0, err);
	return r < 0 ? r : client_set_deadline(self->socket, 0, err);
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

/*
 * Is this a lease as the contract has it: 2 MiB, sealed so that it stays? 0; or
 * 1 if it was one, and was taken while it was on its way: no broker lies so.
 */
static int check_file(struct client *self, int fd, struct err *err)
{
	struct stat stat;

	if (fd < 0)
		return client_broken(self, EPROTO, err,
				     "sent a lease without a file");
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS_KNOWN) != SEALS_WANTED)
		return client_broken(
			self, EPROTO, err,
			"sent a file that is not sealed as a lease is");
	if (fstat(fd, &stat) < 0)
		return err_set(err, errno, "look at the file of a lease");
	if (stat.st_size == 0)
		return 1;
	if (stat.st_size < 0 || (uint64_t)stat.st_size != LAB_EXTENT_SIZE)
		return client_broken(self, EPROTO, err,
				     "sent a file that is not 2 MiB long");
	return 0;
}

/* What the broker makes resident: of a lease that was refused it is left. */
static int make_file(struct client *self, struct err *err)
{
	if (self->backing != LAB_BACKING_GUEST_MEMFD || self->made >= 0)
		return 0;
	return self->maker->make(self->maker->context, &self->made, err);
}

static int ask(struct client *self, uint32_t wait_ms, struct err *err)
{
	struct lab_lease_msg message = {.lease = {.wait_ms = wait_ms}};

	if (self->broken)
		return err_say(err, EPIPE, "the broker is gone");
	if (self->asked != 0)
		return 0; /* the last one's answer is still to come */
	int r = make_file(self, err);
	if (r == 0)
		r = client_send(self, &message, LAB_LEASE_LEASE, self->made,
				err);
	if (r < 0)
		return r;
	self->asked = self->seq;
	self->wait_ms = wait_ms;
	PROBE(client_asked, wait_ms);
	return 0;
}

static void give_back(struct client *self, uint64_t id)
{
	struct lab_lease_msg message = {.returned = {.lease = id}};
	struct err ignored;

	/* Should it not arrive, the end of the connection gives it back. */
	if (!self->broken)
		(void)client_send(self, &message, LAB_LEASE_RETURN, -1,
				  &ignored);
	PROBE(client_return, id);
}

/* The lease is of the file that was sent, so none comes. */
static int check_made(struct client *self, int fd, struct err *err)
{
	return fd < 0 && self->made >= 0
		       ? 0
		       : client_broken(self, EPROTO, err,
				       "sent a file for a lease of ours");
}

/* The answer to what was asked; flags: MSG_DONTWAIT, or 0 to wait for it. */
static int answer(struct client *self, struct lease *lease, int flags,
		  struct err *err)
{
	struct lab_lease_msg message;
	cleanup_close int fd = -1;

	if (self->broken)
		return err_say(err, EPIPE, "the broker is gone");
	int r = client_receive(self, &message, LAB_LEASE_LEASED, self->asked,
			       &fd, flags, err);
	if (r < 0)
		return r;
	self->asked = 0;
	if (message.type == LAB_LEASE_REFUSED)
		return client_refusal(self, &message, err);
	bool made = self->backing == LAB_BACKING_GUEST_MEMFD;
	r = made ? check_made(self, fd, err) : check_file(self, fd, err);
	if (r < 0)
		return r;
	if (r > 0) {
		give_back(self, message.leased.lease);
		return err_say(err, ENOMEM,
			       "the broker took the lease back before it came");
	}
	*lease = (struct lease){.id = message.leased.lease,
				.fd = steal_fd(made ? &self->made : &fd),
				.backing = self->backing};
	PROBE(client_leased, lease->id);
	return 0;
}

/* How long a get blocks follows from what the broker was allowed to wait. */
static int get_checked(struct client *self, struct lease *lease,
		       struct err *err)
{
	int r = ask(self, 0, err);
	if (r == 0 && self->deadline_ms != self->wait_ms) {
		r = client_set_deadline(self->socket, self->wait_ms, err);
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
