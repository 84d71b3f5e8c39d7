/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <libvirt/libvirt.h>

#include "base/log.h"
#include "rpc/balloons.h"
#include "base/stranger.h"
#include "rpc/client.h"
#include "rpc/listen.h"
#include "rpc/looks.h"
#include "rpc/turns.h"

#define SECOND UINT64_C(1000000)

/* As a stock daemon's, but for the two times that it does not limit. */
static const struct rpc_limits default_limits = {
	.clients = 5000,
	.anonymous = 20,
	.open_usec = 10 * SECOND,
	.stall_usec = 30 * SECOND,
	.keepalive_usec = 5 * SECOND,
	.keepalive_misses = 5,
	.balloon_usec = SECOND,
};

/* How long a listener rests when the process has no descriptor left. */
#define REST_USEC SECOND

/*
 * One socket and those who came through it. Counted apart, so that those who
 * may only look cannot keep out those who may act.
 */
struct listener {
	struct rpc_server *server;
	struct listen_socket socket;
	bool readonly;
	sd_event_source *io;
	sd_event_source *rest; /* armed while it rests */
	struct rpc_client *clients;
	unsigned nclients;
	unsigned nanonymous;
};

struct rpc_server {
	struct turns turns;    /* of its listeners and clients, all together */
	sd_event_source *tick; /* armed while somebody hears of balloons */
	struct looks looks;    /* at the broker */
	const struct act_source *acts;
	struct rpc_limits limits;
	struct listener listeners[2];
	struct session_owner told;
	struct view_listener listener;
	struct balloons balloons;
};

/* All clients, one after the other: NULL for the first, and after the last. */
static struct rpc_client *next_client(const struct rpc_server *self,
				      struct rpc_client *client, size_t *at)
{
	if (client == NULL)
		*at = 0;
	struct rpc_client *next = client != NULL ? *client_next(client)
						 : self->listeners[0].clients;
	while (next == NULL && *at == 0)
		next = self->listeners[++*at].clients;
	return next;
}

static void tell(void *context, const struct view_event *event)
{
	struct rpc_server *self = context;
	struct rpc_client *client = NULL;
	size_t at;

	looks_forget(&self->looks);
	while ((client = next_client(context, client, &at)) != NULL)
		client_tell(client, event);
}

static void tell_balloon(void *context, const struct view_guest *guest)
{
	struct rpc_client *client = NULL;
	size_t at;

	while ((client = next_client(context, client, &at)) != NULL)
		client_tell_balloon(client, guest);
}

static bool anybody_wants_balloons(const struct rpc_server *self)
{
	struct rpc_client *client = NULL;
	size_t at;

	while ((client = next_client(self, client, &at)) != NULL) {
		if (client_wants(client, EVENTS_DOMAIN,
				 VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE))
			return true;
	}
	return false;
}

/* Look at what guests hold, while somebody wants to hear of it. */
static void look_again(struct rpc_server *self)
{
	bool wanted = anybody_wants_balloons(self);

	sd_event_source_set_enabled(self->tick,
				    wanted ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	if (wanted)
		sd_event_source_set_time_relative(self->tick,
						  self->limits.balloon_usec);
	else
		balloons_forget(&self->balloons);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *context)
{
	struct rpc_server *self = context;
	struct view *view = self->looks.source.take(&self->looks);

	(void)source;
	(void)usec;
	if (view != NULL)
		balloons_compare(&self->balloons, view, tell_balloon, self);
	view_free(view);
	look_again(self);
	return 0;
}

/* Somebody has registered: what guests hold now is what they held before. */
static void listens(void *context)
{
	struct rpc_server *self = context;

	if (balloons_known(&self->balloons) || !anybody_wants_balloons(self))
		return;
	struct view *view = self->looks.source.take(&self->looks);
	if (view != NULL)
		balloons_compare(&self->balloons, view, NULL, NULL);
	view_free(view);
	look_again(self);
}

/* What a call did must be in what the next one sees. */
static void acted(void *context)
{
	struct rpc_server *self = context;

	looks_forget(&self->looks);
}

/* Accept while there is room for one more; else let them queue. */
static void set_accepting(struct listener *self)
{
	const struct rpc_limits *limits = &self->server->limits;
	bool room = self->nclients < limits->clients &&
		    self->nanonymous < limits->anonymous;

	sd_event_source_set_enabled(self->io,
				    room ? SD_EVENT_ON : SD_EVENT_OFF);
}

static void on_opened(void *context)
{
	struct listener *self = context;

	self->nanonymous--;
	set_accepting(self);
}

static void on_stirred(void *context)
{
	struct listener *self = context;

	turns_stir(&self->server->turns);
}

static void on_gone(void *context, struct rpc_client *client)
{
	struct listener *self = context;
	struct rpc_client **at = &self->clients;

	while (*at != client)
		at = client_next(*at);
	*at = *client_next(client);
	self->nclients--;
	if (client_is_anonymous(client))
		self->nanonymous--;
	client_free(client);
	set_accepting(self);
}

static int on_rested(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source;
	(void)usec;
	set_accepting(context);
	return 0;
}

/* No descriptor or memory to accept with: spinning would not make one. */
static void rest(struct listener *self, int code)
{
	log_client_warning("cannot take a libvirt client: %s", strerror(code));
	sd_event_source_set_enabled(self->io, SD_EVENT_OFF);
	sd_event_source_set_time_relative(self->rest, REST_USEC);
	sd_event_source_set_enabled(self->rest, SD_EVENT_ONESHOT);
}

static int on_connection(sd_event_source *source, int fd, uint32_t events,
			 void *context)
{
	struct listener *self = context;
	struct client_owner owner = {on_opened, on_stirred, on_gone, self};
	struct rpc_client *client;

	(void)source;
	(void)events;
	int peer = stranger_accept(fd);
	if (peer < 0) {
		if (peer != -EAGAIN && peer != -EINTR && peer != -ECONNABORTED)
			rest(self, -peer);
		return 0;
	}
	int r = client_new(&client, self->server->turns.inner, peer,
			   self->readonly, &self->server->looks.source,
			   self->server->acts, &self->server->limits, owner,
			   &self->server->told);
	if (r < 0) {
		rest(self, -r);
		return 0;
	}
	*client_next(client) = self->clients;
	self->clients = client;
	self->nclients++;
	self->nanonymous++;
	set_accepting(self);
	return 0;
}

static int listener_watch(struct listener *self, struct err *err)
{
	sd_event *event = self->server->turns.inner;
	int r = sd_event_add_io(event, &self->io, self->socket.fd, EPOLLIN,
				on_connection, self);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &self->rest,
					       CLOCK_MONOTONIC, 0, 0, on_rested,
					       self);
	if (r >= 0)
		r = sd_event_source_set_enabled(self->rest, SD_EVENT_OFF);
	if (r < 0)
		return err_set(err, -r, "cannot watch %s",
			       self->socket.address.sun_path);
	return 0;
}

static int listener_open(struct listener *self, const char *directory,
			 const char *name, int inherited, struct err *err)
{
	int r = 0;

	if (inherited >= 0)
		listen_inherit(&self->socket, inherited);
	else
		r = listen_open(&self->socket, directory, name, self->readonly,
				err);
	return r < 0 ? r : listener_watch(self, err);
}

static void listener_close(struct listener *self)
{
	while (self->clients != NULL) {
		struct rpc_client *client = self->clients;
		self->clients = *client_next(client);
		client_free(client);
	}
	sd_event_source_disable_unref(self->rest);
	sd_event_source_disable_unref(self->io);
	listen_close(&self->socket);
}

/*
 * Leave most descriptors to the broker, which has one for each lease and by now
 * holds all of those: of the rest viewers get at most a quarter, in two halves.
 */
static void fit_to_descriptors(struct rpc_server *self)
{
	struct rpc_limits *limits = &self->limits;
	struct rlimit files;

	/* The lowest free number: how many are open, as none was closed yet. */
	int next =
		fcntl(sd_event_get_fd(self->turns.inner), F_DUPFD_CLOEXEC, 0);
	rlim_t used = next >= 0 ? (rlim_t)next : RLIM_INFINITY;
	if (next >= 0)
		close(next);
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	rlim_t share = used < files.rlim_cur ? (files.rlim_cur - used) / 8 : 0;
	if (share < limits->clients)
		limits->clients = (unsigned)share;
	if (limits->clients == 0)
		limits->clients = 1;
}

int rpc_server_new(struct rpc_server **out, sd_event *event,
		   const char *directory, const struct view_source *source,
		   struct err *err)
{
	return rpc_server_on(out, event, directory, -1, -1, source, err);
}

int rpc_server_on(struct rpc_server **out, sd_event *event,
		  const char *directory, int inherited_rw, int inherited_ro,
		  const struct view_source *source, struct err *err)
{
	bool own = inherited_rw < 0 || inherited_ro < 0;

	if (own && mkdir(directory, 0755) != 0 && errno != EEXIST)
		return err_set(err, errno, "cannot make the folder %s",
			       directory);
	struct rpc_server *self = calloc(1, sizeof(*self));
	if (self == NULL)
		return err_set(err, ENOMEM, "cannot serve libvirt clients");
	int r = turns_begin(&self->turns, event);
	if (r < 0) {
		free(self);
		return err_set(err, -r, "cannot serve libvirt clients");
	}
	looks_begin(&self->looks, source);
	self->limits = default_limits;
	self->told = (struct session_owner){tell, listens, acted, self};
	self->listener = (struct view_listener){tell, self};
	fit_to_descriptors(self);
	for (int i = 0; i < 2; i++) {
		self->listeners[i].socket.fd = -1;
		self->listeners[i].server = self;
		self->listeners[i].readonly = i == 1;
	}
	r = listener_open(&self->listeners[0], directory, RPC_SOCKET_RW,
			  inherited_rw, err);
	if (r == 0)
		r = listener_open(&self->listeners[1], directory, RPC_SOCKET_RO,
				  inherited_ro, err);
	if (r == 0) {
		r = sd_event_add_time_relative(self->turns.inner, &self->tick,
					       CLOCK_MONOTONIC, 0, 0, on_tick,
					       self);
		if (r >= 0)
			r = sd_event_source_set_enabled(self->tick,
							SD_EVENT_OFF);
		r = r < 0 ? err_set(err, -r, "cannot serve libvirt clients")
			  : 0;
	}
	if (r < 0) {
		rpc_server_free(self);
		return r;
	}
	*out = self;
	return 0;
}

const struct view_listener *rpc_server_listener(const struct rpc_server *self)
{
	return &self->listener;
}

unsigned rpc_server_wishes(const struct rpc_server *self)
{
	struct rpc_client *client = NULL;
	unsigned count = 0;
	size_t at;

	while ((client = next_client(self, client, &at)) != NULL)
		count += client_wishes(client);
	return count;
}

void rpc_server_act(struct rpc_server *self, const struct act_source *acts)
{
	self->acts = acts;
}

void rpc_server_limit(struct rpc_server *self, const struct rpc_limits *limits)
{
	self->limits = *limits;
}

struct rpc_limits rpc_server_limits(const struct rpc_server *self)
{
	return self->limits;
}

void rpc_server_free(struct rpc_server *self)
{
	if (self == NULL)
		return;
	listener_close(&self->listeners[0]);
	listener_close(&self->listeners[1]);
	sd_event_source_disable_unref(self->tick);
	balloons_forget(&self->balloons);
	looks_forget(&self->looks);
	turns_end(&self->turns);
	free(self);
}
