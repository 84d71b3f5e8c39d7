/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/listener.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "hcall/grant.h"

#define STACK_BYTES (128 * 1024)

static void on_reclaim(void *context, uint64_t leases,
		       enum lab_lease_level level)
{
	struct hcall_guest *guest = context;

	(void)level;
	/* The broker says anew what it wants; it does not add it up. */
	guest->reclaim = leases;
}

static void on_pressure(void *context, enum lab_lease_level level,
			uint64_t available)
{
	struct hcall_guest *guest = context;

	(void)available;
	if (level == LAB_LEASE_LEVEL_NONE)
		guest->reclaim = 0;
}

struct client_events listener_events(struct hcall_guest *guest)
{
	return (struct client_events){.reclaim = on_reclaim,
				      .pressure = on_pressure,
				      .context = guest};
}

/*
 * The socket can be read; 0, or a negated errno once the broker is gone. A
 * release that finds `leasing` taken leaves its free leases to whoever has it,
 * so this thread has it under `lock` alone: no vCPU sees that.
 */
static int hear(struct listener *self)
{
	struct hcall_guest *guest = self->guest;
	struct pollfd stop = {.fd = self->stop, .events = POLLIN};
	struct err err;
	int r = 0;

	spin_lock(&guest->lock);
	if (pthread_mutex_trylock(&guest->leasing) != 0) {
		/* A vCPU asks, and reads what there is to read. */
		spin_unlock(&guest->lock);
		poll(&stop, 1, 1);
		return 0;
	}
	if (self->client->asked != 0) {
		/* What came too late for its vCPU is a lease all the same. */
		spin_unlock(&guest->lock);
		grant_late(guest);
		spin_lock(&guest->lock);
	} else {
		r = client_take_events(self->client, &err);
	}
	grant_answer_reclaim(guest);
	pthread_mutex_unlock(&guest->leasing);
	spin_unlock(&guest->lock);
	if (r < 0 && !atomic_load(&self->guest->over))
		log_warning("the broker is gone (%s): the guest goes on with "
			    "the leases that it holds",
			    err.text);
	return r;
}

static void *listen_on(void *context)
{
	struct listener *self = context;
	struct pollfd fds[] = {
		{.fd = self->client->socket, .events = POLLIN},
		{.fd = self->stop, .events = POLLIN},
	};

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[1].revents != 0)
			return NULL;
		if (fds[0].revents != 0 && hear(self) < 0)
			fds[0].fd = -1; /* nothing will come any more */
	}
}

int listener_start(struct listener *self, struct hcall_guest *guest,
		   struct client *client, struct err *err)
{
	pthread_attr_t attributes;

	self->guest = guest;
	self->client = client;
	self->stop = eventfd(0, EFD_CLOEXEC);
	if (self->stop < 0)
		return err_set(err, errno, "cannot listen to the broker");
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	int code = pthread_create(&self->thread, &attributes, listen_on, self);
	pthread_attr_destroy(&attributes);
	if (code == 0)
		return 0;
	close(self->stop);
	self->stop = -1;
	return err_set(err, code, "cannot start a thread for the broker");
}

void listener_stop(struct listener *self)
{
	if (self->stop < 0)
		return;
	eventfd_write(self->stop, 1);
	pthread_join(self->thread, NULL);
	close(self->stop);
	self->stop = -1;
}
