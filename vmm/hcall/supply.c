/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/supply.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/probe.h"
#include "hcall/balance.h"
#include "hcall/heard.h"
#include "hcall/notice.h"
#include "hcall/transfer.h"

#define STACK_BYTES (128 * 1024)

static void broker_gone(struct supply *self)
{
	struct hcall_guest *guest = self->guest;
	bool returns = rejoin_begin(&self->rejoin);

	PROBE(supply_alone, returns);

	self->socket = -1;
	spin_lock(&guest->lock);
	guest->busy = false;
	bool over = atomic_load(&guest->over);
	guest->away = returns;
	guest->gone = !returns;
	notice_forget_all(guest);
	balance_changed(guest);
	spin_unlock(&guest->lock);
	if (!over)
		log_warning("the broker is gone: the guest goes on with the "
			    "leases that it holds%s",
			    returns ? ", until there is another" : "");
	/*
	 * Whether or not there will be another: what this one took, and had no
	 * time to tell, no other tells either; and a vCPU that touches it waits
	 * for as long as it is mapped.
	 */
	heard_hangup(guest, &self->source);
}

/* There is a broker again (r == 0), or will be none. */
static void broker_found(struct supply *self, int r)
{
	struct hcall_guest *guest = self->guest;

	PROBE(supply_found, r);
	if (r == 0)
		self->socket = self->rejoin.client->socket;
	spin_lock(&guest->lock);
	guest->away = false;
	guest->gone = r < 0;
	guest->dry = false;
	guest->held_off = false;
	/* What the one before wanted; this one says it itself. */
	guest->reclaim = 0;
	guest->pool_level = LAB_LEASE_LEVEL_NONE;
	balance_changed(guest);
	spin_unlock(&guest->lock);
	/* The one that hung up may live, and have taken them since. */
	if (r < 0)
		heard_hangup(guest, &self->source);
}

/* Look for the next broker, while there is none. */
static void look_for_broker(struct supply *self)
{
	if (!self->guest->away)
		return;
	int r = rejoin_step(&self->rejoin, want_now(),
			    self->guest->memory->held);
	if (r != -EAGAIN)
		broker_found(self, r);
}

/* Take all that the broker has sent. */
static void hear(struct supply *self)
{
	struct hcall_guest *guest = self->guest;

	while (self->socket >= 0) {
		struct lease lease;
		int r = self->source.take(self->source.context, &lease);
		if (r == -EAGAIN)
			return;
		if (r == -EPIPE) {
			broker_gone(self);
			return;
		}
		if (r == 0) {
			transfer_in(&self->plan, &self->source, &lease);
			continue;
		}
		spin_lock(&guest->lock);
		plan_refused(&self->plan, r);
		spin_unlock(&guest->lock);
	}
}

static void ask(struct supply *self, uint32_t wait_ms)
{
	int r = self->source.ask(self->source.context, wait_ms);

	if (r == -EPIPE) {
		broker_gone(self);
	} else if (r < 0) {
		spin_lock(&self->guest->lock);
		plan_refused(&self->plan, r);
		spin_unlock(&self->guest->lock);
	}
}

/* One thing at a time, until there is nothing left to do; was there one? */
static bool work(struct supply *self)
{
	struct task task;
	bool any = false;

	do {
		spin_lock(&self->guest->lock);
		task = plan_next(&self->plan, want_now());
		spin_unlock(&self->guest->lock);
		if (task.what == GIVE)
			transfer_out(&self->plan, &self->source, &task);
		else if (task.what == ASK)
			ask(self, task.wait_ms);
		any = any || task.what != NOTHING;
	} while (task.what != NOTHING);
	return any;
}

/* The interrupt that no vCPU waits for. */
static void interrupt(struct hcall_guest *guest)
{
	struct err err;

	spin_lock(&guest->lock);
	struct events events = guest->events;
	guest->events.untold = false;
	spin_unlock(&guest->lock);
	if (events.untold &&
	    vm_interrupt(guest->vm, events.cpu, events.vector, &err) < 0)
		log_warning("guest `%s`: %s", guest->name, err.text);
}

/* What failed since the last look, for who runs the guest. */
static void log_failure(struct supply *self)
{
	struct hcall_guest *guest = self->guest;

	spin_lock(&guest->lock);
	struct failure failure = guest->failure;
	guest->failure.untold = false;
	spin_unlock(&guest->lock);
	if (failure.untold)
		failure_say(&self->failures, &failure, guest->name, want_now());
}

/* ms until some want's time is over, or another try is due; -1 without any. */
static int patience(struct supply *self)
{
	struct hcall_guest *guest = self->guest;
	uint64_t now = want_now();

	spin_lock(&guest->lock);
	int knock = guest->away ? rejoin_patience(&self->rejoin, now) : -1;
	uint64_t end = plan_end(&self->plan);
	spin_unlock(&guest->lock);
	if (end == UINT64_MAX)
		return knock;
	int left = end < now ? 0 : (int)(end - now) + 1;
	return knock >= 0 && knock < left ? knock : left;
}

/* Where the next word of a broker comes. */
static int door(const struct supply *self)
{
	return self->guest->away ? self->rejoin.client->socket : self->socket;
}

/* Whoever wakes it from now on is heard, also by a look at `stop`. */
static bool goes_on(struct supply *self)
{
	spin_lock(&self->guest->lock);
	self->guest->woken = false;
	spin_unlock(&self->guest->lock);
	return !atomic_load(&self->stop);
}

static void *run(void *context)
{
	struct supply *self = context;
	struct hcall_guest *guest = self->guest;
	bool kicked = false;

	while (goes_on(self)) {
		eventfd_t ignored;
		hear(self);
		heard_losses(guest, &self->source);
		look_for_broker(self);
		if (!work(self) && kicked)
			kicks_idle(&guest->kicks, want_now());
		interrupt(guest);
		log_failure(self);
		int ms = patience(self);
		struct pollfd fds[] = {
			{.fd = guest->wake, .events = POLLIN},
			{.fd = door(self), .events = POLLIN},
			{.fd = kicks_listen(&guest->kicks, want_now(), &ms),
			 .events = POLLIN},
		};
		poll(fds, 3, ms);
		if (fds[0].revents != 0)
			eventfd_read(guest->wake, &ignored);
		kicked = fds[2].revents != 0 && kicks_take(&guest->kicks);
	}
	/* No vCPU runs any more: what is untold now would stay so. */
	log_failure(self);
	failure_end(&self->failures, guest->name);
	return NULL;
}

int supply_start(struct supply *self, struct hcall_guest *guest,
		 const struct rejoin *rejoin, struct err *err)
{
	pthread_attr_t attributes;

	*self = (struct supply){.guest = guest,
				.plan = {.guest = guest},
				.source = client_source(rejoin->client),
				.rejoin = *rejoin,
				.socket = rejoin->client->socket};
	guest->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (guest->wake < 0)
		return err_set(err, errno, "cannot wake the supplier");
	int r = kicks_open(&guest->kicks, err);
	if (r < 0)
		return r;
	transfer_prime(&self->plan, &self->source);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	int code = pthread_create(&self->thread, &attributes, run, self);
	pthread_attr_destroy(&attributes);
	self->running = code == 0;
	if (code == 0)
		return 0;
	return err_set(err, code, "cannot start a thread for the broker");
}

void supply_stop(struct supply *self)
{
	if (!self->running)
		return;
	atomic_store(&self->stop, true);
	spin_lock(&self->guest->lock);
	balance_wake(self->guest);
	spin_unlock(&self->guest->lock);
	pthread_join(self->thread, NULL);
	close(self->guest->wake);
	kicks_close(&self->guest->kicks);
	self->running = false;
}
