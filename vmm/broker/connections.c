/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/stranger.h"
#include "broker/session.h"

#define US_PER_S UINT64_C(1000000)

/* A client that has not said HELLO by then is dropped: slots are finite. */
#define HELLO_DEADLINE (10 * US_PER_S)

/* How long to leave the door alone when there are no descriptors. */
#define RESUME_PERIOD (2 * US_PER_S)

struct connection {
	struct connections *all;
	struct session *session;
	sd_event_source *input;
	sd_event_source *deadline; /* until HELLO */
	bool silent;		   /* likewise */
	struct connection *next;
	struct connection *prev;
};

void connections_init(struct connections *self, sd_event *event,
		      struct registry *registry)
{
	*self = (struct connections){.event = event, .registry = registry};
}

uint64_t connections_now(const struct connections *self)
{
	uint64_t now = 0;

	sd_event_now(self->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void connection_close(struct connection *self)
{
	struct connections *all = self->all;

	sd_event_source_disable_unref(self->input);
	sd_event_source_disable_unref(self->deadline);
	session_free(self->session);
	if (self->next != NULL)
		self->next->prev = self->prev;
	if (self->prev != NULL)
		self->prev->next = self->next;
	else
		all->first = self->next;
	all->silent -= self->silent;
	free(self);
	all->count--;
}

/* The client is gone: its leases come back, and a slot is free. */
static void connection_end(struct connection *self)
{
	struct connections *all = self->all;

	session_end(self->session);
	connection_close(self);
	if (all->accept != NULL)
		sd_event_source_set_enabled(all->accept, SD_EVENT_ON);
	if (all->count == 0 && all->exit_when_alone)
		sd_event_exit(all->event, 0);
}

static int on_input(sd_event_source *source, int fd, uint32_t events,
		    void *context)
{
	struct connection *self = context;
	(void)source, (void)fd, (void)events;

	if (!session_receive(self->session, connections_now(self->all))) {
		connection_end(self);
	} else if (self->silent && session_begun(self->session)) {
		self->deadline = sd_event_source_disable_unref(self->deadline);
		self->silent = false;
		self->all->silent--;
	}
	return 0;
}

static int on_deadline(sd_event_source *source, uint64_t now, void *context)
{
	(void)source, (void)now;
	log_client_warning("a client dropped: it did not say HELLO");
	connection_end(context);
	return 0;
}

static int connection_watch(struct connection *self, int socket)
{
	sd_event *event = self->all->event;

	int r = sd_event_add_io(event, &self->input, socket, EPOLLIN, on_input,
				self);
	if (r < 0)
		return r;
	return sd_event_add_time_relative(event, &self->deadline,
					  CLOCK_MONOTONIC, HELLO_DEADLINE, 0,
					  on_deadline, self);
}

int connections_add(struct connections *self, int socket, struct err *err)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return err_set(err, ENOMEM, "serve a client");
	int r = session_new(&connection->session, self->registry, socket, err);
	if (r < 0) {
		free(connection);
		return r;
	}
	connection->all = self;
	connection->next = self->first;
	if (self->first != NULL)
		self->first->prev = connection;
	self->first = connection;
	self->count++;
	connection->silent = true;
	self->silent++;
	r = connection_watch(connection, socket);
	if (r < 0) {
		/* The session owned the socket: keep the caller's promise. */
		log_error("a client dropped: %s", strerror(-r));
		connection_end(connection);
	}
	return 0;
}

static void end_longest_silent(struct connections *self)
{
	struct connection *found = NULL;

	/* The latest to come is the first. */
	for (struct connection *c = self->first; c != NULL; c = c->next)
		if (c->silent)
			found = c;
	log_client_warning("a client dropped: it did not say HELLO, and others "
			   "came");
	connection_end(found);
}

static int on_accept(sd_event_source *source, int listener, uint32_t events,
		     void *context)
{
	struct connections *self = context;
	struct err err;
	(void)events;

	if (self->count == BROKER_CLIENTS_MAX) {
		log_client_warning("%d clients are served; more must wait",
				   BROKER_CLIENTS_MAX);
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
		return 0;
	}
	int socket = stranger_accept(listener);
	if (socket < 0) {
		/* It went while it waited; or there are no descriptors, and
		 * the loop would ask again at once, and for ever. */
		if (socket == -EMFILE || socket == -ENFILE ||
		    socket == -ENOBUFS || socket == -ENOMEM) {
			log_client_warning(
				"cannot take a client: %s; clients wait",
				strerror(-socket));
			sd_event_source_set_enabled(source, SD_EVENT_OFF);
			sd_event_source_set_time_relative(self->resume,
							  RESUME_PERIOD);
			sd_event_source_set_enabled(self->resume,
						    SD_EVENT_ONESHOT);
		}
		return 0;
	}
	if (self->silent == BROKER_SILENT_MAX)
		end_longest_silent(self);
	if (connections_add(self, socket, &err) < 0) {
		log_client_warning("a client dropped: %s", err.text);
		stranger_close(socket);
	}
	return 0;
}

/* There may be descriptors again. */
static int on_resume(sd_event_source *source, uint64_t now, void *context)
{
	struct connections *self = context;
	(void)source, (void)now;

	if (self->count < BROKER_CLIENTS_MAX)
		sd_event_source_set_enabled(self->accept, SD_EVENT_ON);
	return 0;
}

int connections_listen(struct connections *self, int listener)
{
	int r = sd_event_add_time_relative(self->event, &self->resume,
					   CLOCK_MONOTONIC, RESUME_PERIOD, 0,
					   on_resume, self);
	if (r >= 0)
		r = sd_event_source_set_enabled(self->resume, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_io(self->event, &self->accept, listener,
				    EPOLLIN, on_accept, self);
	if (r < 0)
		self->resume = sd_event_source_disable_unref(self->resume);
	return r;
}

void connections_exit_when_alone(struct connections *self)
{
	self->exit_when_alone = true;
	if (self->count == 0)
		sd_event_exit(self->event, 0);
}

bool connections_close(struct connections *self)
{
	while (self->first != NULL)
		connection_close(self->first);
	if (self->accept == NULL)
		return false;
	close(sd_event_source_get_io_fd(self->accept));
	self->accept = sd_event_source_disable_unref(self->accept);
	self->resume = sd_event_source_disable_unref(self->resume);
	return true;
}
