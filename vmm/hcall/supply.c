/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/supply.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "hcall/balance.h"
#include "hcall/heard.h"
#include "machine/gpa.h"

#define STACK_BYTES (128 * 1024)

/* Ends of wants; guest->lock held. */

static void finish(struct hcall_guest *guest, struct want *want, int error)
{
	want->error = error;
	want_leave(&guest->wants, want);
	if (want->looks != NULL)
		want_tell(want);
	else if (!want->announced)
		event_raise(&guest->events, LAB_EVENT_REFUSED);
	want->count = 0;
}

/* It is there; and stays for as long as it would have been waited for. */
static void announce(struct hcall_guest *guest, struct want *want, uint64_t now)
{
	want->announced = true;
	want->deadline = now + guest->kernel_timeout;
	event_raise(&guest->events, LAB_EVENT_READY);
}

/* What was asked for will not come. */
static void refused(struct supply *self, int error)
{
	struct hcall_guest *guest = self->guest;
	struct want *want = guest->wants.first;

	guest->busy = false;
	guest->dry = true;
	if (self->asked_for == 0)
		guest->held_off = true;
	while (want != NULL && want->id != self->asked_for)
		want = want->next;
	/* It may have been served meanwhile by what others released. */
	if (want != NULL)
		finish(guest, want, error == -EDQUOT ? -EDQUOT : -ENOMEM);
	balance_changed(guest);
}

static void broker_gone(struct supply *self)
{
	struct hcall_guest *guest = self->guest;
	bool returns = rejoin_begin(&self->rejoin);

	self->socket = -1;
	spin_lock(&guest->lock);
	guest->busy = false;
	bool over = atomic_load(&guest->over);
	guest->away = returns;
	guest->gone = !returns;
	balance_changed(guest);
	spin_unlock(&guest->lock);
	if (!over)
		log_warning("the broker is gone: the guest goes on with the "
			    "leases that it holds%s",
			    returns ? ", until there is another" : "");
	heard_hangup(guest, &self->source);
}

/* There is a broker again (r == 0), or will be none. */
static void broker_found(struct supply *self, int r)
{
	struct hcall_guest *guest = self->guest;

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
	/* It may have hung up before it took them. */
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

/* Leases that come. */

static int map_lease(struct supply *self, struct lease *lease, bool fails)
{
	struct hcall_guest *guest = self->guest;
	uint32_t absent;
	struct err err;

	spin_lock(&guest->lock);
	int r = frames_absent(guest->frames, &absent);
	spin_unlock(&guest->lock);
	if (r < 0 || fails) {
		close(lease->fd);
		return -ENOMEM;
	}
	r = memory_map(guest->memory,
		       memory_window_extent(guest->memory, absent), lease,
		       &err);
	if (r < 0) {
		log_warning("a lease is given back: %s", err.text);
		return -ENOMEM;
	}
	vm_pre_fault(guest->vm, gpa_of_page(absent * LAB_EXTENT_PAGES),
		     LAB_EXTENT_SIZE);
	spin_lock(&guest->lock);
	frames_add(guest->frames, absent);
	guest->counts.refills += self->asked_for == 0;
	guest->busy = false;
	guest->dry = false;
	balance_changed(guest);
	spin_unlock(&guest->lock);
	return 0;
}

static void arrived(struct supply *self, struct lease *lease)
{
	struct hcall_guest *guest = self->guest;

	spin_lock(&guest->lock);
	bool fails = fail_should(&guest->fail, LAB_FAIL_MAP, LAB_MAX_ORDER,
				 self->asked_for != 0);
	spin_unlock(&guest->lock);
	if (map_lease(self, lease, fails) == 0)
		return;
	self->source.put(self->source.context, lease->id);
	spin_lock(&guest->lock);
	refused(self, -ENOMEM);
	spin_unlock(&guest->lock);
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
			arrived(self, &lease);
			continue;
		}
		spin_lock(&guest->lock);
		refused(self, r);
		spin_unlock(&guest->lock);
	}
}

/* What is to be done; decided with guest->lock held, done without. */
struct task {
	enum { NOTHING, GIVE, ASK } what;
	uint32_t extent;  /* GIVE: of the window */
	uint32_t wait_ms; /* ASK */
};

/* An answer to what was asked for it may still come, if there is who answers.
 */
#define GRACE (UINT64_C(1000) * CLIENT_DEADLINE)

/* What the broker has, it gives within so many ms. */
#define PROMPT 100

/*
 * When a want need not be thought of any more. Whose time is over does not
 * wait along with one who has more of it, and whose question is under way.
 */
static uint64_t end_of(const struct supply *self, const struct want *want)
{
	const struct hcall_guest *guest = self->guest;
	uint64_t prompt = self->asked_at + PROMPT;
	bool behind = guest->busy && self->patient &&
		      want->id != self->asked_for;

	if (!behind || want->announced)
		return want_end(want, guest->away ? 0 : GRACE);
	return want->deadline > prompt ? want->deadline : prompt;
}

static bool fits(const struct hcall_guest *guest, const struct want *want)
{
	return balance_fits(guest, want->order, want->count, guest->marks.min);
}

/* Tell each want that can be served, or whose time is over. */
static void serve(struct supply *self, uint64_t now)
{
	struct hcall_guest *guest = self->guest;
	struct want *next;

	for (struct want *w = guest->wants.first; w != NULL; w = next) {
		next = w->next;
		if (w->count == 0) {
			if (!guest->busy)
				finish(guest, w, 0);
		} else if ((guest->gone && !fits(guest, w)) ||
			   now > end_of(self, w)) {
			finish(guest, w, -ENOMEM);
		} else if (fits(guest, w)) {
			want_tell(w);
			if (w->looks == NULL && !w->announced)
				announce(guest, w, now);
		}
	}
}

/* The first want that what is held does not serve. */
static struct want *first_unmet(const struct hcall_guest *guest)
{
	struct want *w = guest->wants.first;

	while (w != NULL && (w->announced || w->count == 0 || fits(guest, w)))
		w = w->next;
	return w;
}

/* Ask on behalf of this want, if it does not come to its end instead. */
static void ask_for(struct supply *self, struct want *want, uint64_t now,
		    struct task *task)
{
	struct hcall_guest *guest = self->guest;
	int error = 0;

	if (balance_at_limit(guest))
		error = -EDQUOT;
	else if (fail_should(&guest->fail, LAB_FAIL_LEASE, LAB_MAX_ORDER, true))
		error = -ENOMEM;
	if (error != 0) {
		finish(guest, want, error);
		return;
	}
	uint64_t left = want->deadline > now ? want->deadline - now : 0;
	*task = (struct task){.what = ASK, .wait_ms = (uint32_t)left};
	self->asked_for = want->id;
	self->asked_at = now;
	self->patient = left > 0;
}

static void ask_ahead(struct supply *self, struct task *task)
{
	struct hcall_guest *guest = self->guest;

	self->asked_for = 0;
	self->patient = false;
	if (fail_should(&guest->fail, LAB_FAIL_REFILL, LAB_MAX_ORDER, false) ||
	    fail_should(&guest->fail, LAB_FAIL_LEASE, LAB_MAX_ORDER, false))
		refused(self, -ENOMEM);
	else
		*task = (struct task){.what = ASK};
}

static struct task decide(struct supply *self)
{
	struct hcall_guest *guest = self->guest;
	struct task task = {.what = NOTHING};
	uint64_t now = want_now();
	struct want *unmet;

	serve(self, now);
	if (guest->busy)
		return task;
	if (balance_has_surplus(guest) &&
	    frames_spare(guest->frames, &task.extent) == 0) {
		/* No longer granted nor free: nobody touches it any more. */
		frames_remove(guest->frames, task.extent);
		task.what = GIVE;
	}
	while (task.what == NOTHING && !guest->gone && !guest->away &&
	       (unmet = first_unmet(guest)) != NULL)
		ask_for(self, unmet, now, &task);
	if (task.what == NOTHING && balance_wants_refill(guest))
		ask_ahead(self, &task);
	guest->busy = task.what != NOTHING;
	return task;
}

static void give(struct supply *self, uint32_t extent)
{
	struct hcall_guest *guest = self->guest;
	uint64_t id = memory_unmap(guest->memory,
				   memory_window_extent(guest->memory, extent));

	self->source.put(self->source.context, id);
	spin_lock(&guest->lock);
	guest->busy = false;
	if (guest->reclaim > 0)
		guest->reclaim--;
	balance_changed(guest);
	spin_unlock(&guest->lock);
}

static void ask(struct supply *self, uint32_t wait_ms)
{
	int r = self->source.ask(self->source.context, wait_ms);

	if (r == -EPIPE) {
		broker_gone(self);
	} else if (r < 0) {
		spin_lock(&self->guest->lock);
		refused(self, r);
		spin_unlock(&self->guest->lock);
	}
}

/* One thing at a time, until there is nothing left to do. */
static void work(struct supply *self)
{
	struct task task;

	do {
		spin_lock(&self->guest->lock);
		task = decide(self);
		spin_unlock(&self->guest->lock);
		if (task.what == GIVE)
			give(self, task.extent);
		else if (task.what == ASK)
			ask(self, task.wait_ms);
	} while (task.what != NOTHING);
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
	uint64_t end = UINT64_MAX, now = want_now();

	spin_lock(&guest->lock);
	int knock = guest->away ? rejoin_patience(&self->rejoin, now) : -1;
	for (const struct want *w = guest->wants.first; w != NULL; w = w->next)
		if (w->count > 0 && end_of(self, w) < end)
			end = end_of(self, w);
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

static void *run(void *context)
{
	struct supply *self = context;
	struct hcall_guest *guest = self->guest;

	while (!atomic_load(&self->stop)) {
		eventfd_t ignored;
		spin_lock(&guest->lock);
		guest->woken = false;
		spin_unlock(&guest->lock);
		hear(self);
		heard_losses(guest, &self->source);
		look_for_broker(self);
		work(self);
		interrupt(guest);
		log_failure(self);
		struct pollfd fds[] = {
			{.fd = guest->wake, .events = POLLIN},
			{.fd = door(self), .events = POLLIN},
		};
		poll(fds, 2, patience(self));
		if (fds[0].revents != 0)
			eventfd_read(guest->wake, &ignored);
	}
	/* No vCPU runs any more: what is untold now would stay so. */
	log_failure(self);
	failure_end(&self->failures, guest->name);
	return NULL;
}

/* Up to the marks before the guest begins, so that it begins without pressure.
 */
static void prime(struct supply *self)
{
	struct hcall_guest *guest = self->guest;
	struct lease lease;

	balance_changed(guest);
	while (balance_wants_refill(guest)) {
		bool fails = fail_should(&guest->fail, LAB_FAIL_REFILL,
					 LAB_MAX_ORDER, false);
		int r = -ENOMEM;
		if (!fails)
			r = self->source.get(self->source.context, &lease);
		if (r == 0)
			arrived(self, &lease);
		else
			refused(self, r);
	}
}

int supply_start(struct supply *self, struct hcall_guest *guest,
		 const struct rejoin *rejoin, struct err *err)
{
	pthread_attr_t attributes;

	*self = (struct supply){.guest = guest,
				.source = client_source(rejoin->client),
				.rejoin = *rejoin,
				.socket = rejoin->client->socket};
	guest->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (guest->wake < 0)
		return err_set(err, errno, "cannot wake the supplier");
	prime(self);
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
	eventfd_write(self->guest->wake, 1);
	pthread_join(self->thread, NULL);
	close(self->guest->wake);
	self->running = false;
}
