/* SPDX-License-Identifier: MIT */
/* Pools on the event loop: what is due, and when. */
#include <config.h>

#include "broker/broker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/probe.h"
#include "broker/adopt.h"
#include "broker/after.h"
#include "broker/backing.h"
#include "broker/connections.h"
#include "broker/guest_memfd.h"
#include "broker/listener.h"
#include "broker/scrubber.h"
#include "broker/shortage.h"
#include "broker/snapshot.h"

#define US_PER_S UINT64_C(1000000)

/* How long to leave a pool alone that has no memory for fresh leases. */
#define RETRY_PERIOD (2 * US_PER_S)

/* How often to look whether those who are awaited still live. */
#define AWAIT_PERIOD (US_PER_S / 10)

/* Descriptors beside those of leases: each client has its socket, and may have
 * brought a file; and loop, logs, viewers. */
#define DESCRIPTORS_SPARE (2 * BROKER_CLIENTS_MAX + 512)

struct broker {
	sd_event *event;
	struct registry registry;
	struct scrubber scrubber;
	struct connections connections;
	int lock;
	char dir[256];	/* the run directory, once claimed; else empty */
	char path[512]; /* of the socket, likewise */
	bool inherited; /* the socket: its file stays */
	uint64_t await; /* us that guests of the broker before have */
	uint64_t await_end;
	sd_event_source *scrub; /* runs while there is something to scrub */
	sd_event_source *watch; /* after each event: is there? */
	sd_event_source *retry; /* armed while a pool is short of memory */
	sd_event_source *due;	/* armed for the next deadline of a shortage */
	sd_event_source *awaited; /* armed while guests are awaited */
};

/*
 * Scrubbing: in the background, one lease of each pool a turn. It has the
 * priority of clients, so that neither can keep the other from its turn.
 */

static void arm_retry(struct broker *self)
{
	bool ailing = false;

	for (size_t i = 0; i < self->registry.npools; i++)
		ailing = ailing || pool_ailing(self->registry.pools[i]);
	int enabled = SD_EVENT_OFF;
	sd_event_source_get_enabled(self->retry, &enabled);
	if (!ailing || enabled != SD_EVENT_OFF)
		return;
	sd_event_source_set_time_relative(self->retry, RETRY_PERIOD);
	sd_event_source_set_enabled(self->retry, SD_EVENT_ONESHOT);
}

static int on_retry(sd_event_source *source, uint64_t now, void *context)
{
	struct broker *self = context;
	(void)source, (void)now;

	for (size_t i = 0; i < self->registry.npools; i++)
		pool_retry(self->registry.pools[i]);
	return 0;
}

/* Nothing to do but to wake: what is due is done after each event. */
static int on_due(sd_event_source *source, uint64_t now, void *context)
{
	(void)source, (void)now, (void)context;
	return 0;
}

static void settle(struct broker *self)
{
	uint64_t now = connections_now(&self->connections);
	uint64_t due = shortage_settle(&self->registry, now);
	uint64_t scrub = scrubber_due(&self->scrubber, &self->registry, now);

	if (scrub <= now)
		sd_event_source_set_enabled(self->scrub, SD_EVENT_ONESHOT);
	else if (scrub < due)
		due = scrub;
	if (due == UINT64_MAX) {
		sd_event_source_set_enabled(self->due, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(self->due, due);
	sd_event_source_set_enabled(self->due, SD_EVENT_ONESHOT);
}

/*
 * After whatever happened: who is served by it, is something dirty, or out of
 * service?
 */
static int on_watch(sd_event_source *source, void *context)
{
	struct broker *self = context;
	(void)source;

	arm_retry(self);
	settle(self);
	return 0;
}

/* Guests of the broker before: who has ended, or had time enough? */
static int on_awaited(sd_event_source *source, uint64_t now, void *context)
{
	struct broker *self = context;

	if (adopt_settle(&self->registry, now >= self->await_end) == 0)
		return 0;
	sd_event_source_set_time_relative(source, AWAIT_PERIOD);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static int on_scrub(sd_event_source *source, void *context)
{
	struct broker *self = context;
	(void)source;

	scrubber_run(&self->scrubber, &self->registry,
		     connections_now(&self->connections), scrubber_cpu);
	return 0;
}

/* Life */

static int add_sources(struct broker *self)
{
	int r = sd_event_add_defer(self->event, &self->scrub, on_scrub, self);
	if (r >= 0)
		r = sd_event_source_set_enabled(self->scrub, SD_EVENT_OFF);
	if (r >= 0)
		r = after_add(self->event, &self->watch, on_watch, self);
	if (r >= 0)
		r = sd_event_add_time_relative(self->event, &self->retry,
					       CLOCK_MONOTONIC, RETRY_PERIOD, 0,
					       on_retry, self);
	if (r >= 0)
		r = sd_event_source_set_enabled(self->retry, SD_EVENT_OFF);
	/* Accurate to 1 us: deadlines end in the order in which they are. */
	if (r >= 0)
		r = sd_event_add_time(self->event, &self->due, CLOCK_MONOTONIC,
				      0, 1, on_due, self);
	if (r >= 0)
		r = sd_event_source_set_enabled(self->due, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(self->event, &self->awaited,
				      CLOCK_MONOTONIC, 0, 0, on_awaited, self);
	if (r >= 0)
		r = sd_event_source_set_enabled(self->awaited, SD_EVENT_OFF);
	return r;
}

int broker_new(struct broker **out, sd_event *event, struct err *err)
{
	struct broker *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return err_set(err, ENOMEM, "make a broker");
	self->event = sd_event_ref(event);
	self->lock = -1;
	connections_init(&self->connections, self->event, &self->registry);
	self->await = BROKER_AWAIT_MS * US_PER_S / 1000;
	self->scrubber.budget.percent = SCRUBBER_PERCENT;
	int r = add_sources(self);
	if (r < 0) {
		broker_free(self);
		return err_set(err, -r, "prepare the event loop");
	}
	*out = self;
	return 0;
}

void broker_free(struct broker *self)
{
	if (self == NULL)
		return;
	if (connections_close(&self->connections) && !self->inherited)
		unlink(self->path);
	sd_event_source_disable_unref(self->scrub);
	sd_event_source_disable_unref(self->watch);
	sd_event_source_disable_unref(self->retry);
	sd_event_source_disable_unref(self->due);
	sd_event_source_disable_unref(self->awaited);
	registry_clear(&self->registry);
	if (self->lock >= 0)
		close(self->lock);
	sd_event_unref(self->event);
	free(self);
}

int broker_claim(struct broker *self, const char *run_dir, struct err *err)
{
	int lock = listener_lock(run_dir, BROKER_LOCK_NAME, err);

	if (lock < 0)
		return lock;
	self->lock = lock;
	snprintf(self->dir, sizeof(self->dir), "%s", run_dir);
	snprintf(self->path, sizeof(self->path), "%s/%s", run_dir,
		 BROKER_SOCKET_NAME);
	return 0;
}

/*
 * How many files at most, with another size of one pool? (NULL and 0: as they
 * are.)
 */
static uint64_t descriptors(const struct registry *registry,
			    const struct pool *pool, uint64_t leases)
{
	uint64_t sum = DESCRIPTORS_SPARE + leases;

	for (size_t i = 0; i < registry->npools; i++) {
		const struct ledger *ledger = pool_ledger(registry->pools[i]);
		if (registry->pools[i] != pool)
			sum += ledger_size(ledger);
		sum += ledger_surplus(ledger);
	}
	return sum;
}

/* Opened, what the broker before left restored. */
static int add_pool(struct broker *self, const struct pool_spec *spec,
		    struct pool **out, struct err *err)
{
	const char *dir = self->dir[0] != '\0' ? self->dir : NULL;
	struct pool *pool = NULL;

	int r = pool_open(&pool, spec, dir, err);
	if (r < 0)
		return r;
	r = registry_add_pool(&self->registry, pool, err);
	if (r < 0) {
		pool_free(pool);
		return r;
	}
	*out = pool;
	/* It may be larger than asked for: a size that was set lasts. */
	r = backing_reserve_descriptors(descriptors(&self->registry, NULL, 0),
					err);
	/* Before the first file of a guest is looked at, old or new. */
	if (r == 0 && pool_takes_files(pool)) {
		r = guest_memfd_prepare(err);
		if (r < 0)
			return err_wrap(err, "pool %s", pool_name(pool));
	}
	if (r == 0)
		r = adopt_restore(&self->registry, pool, err);
	return r;
}

int broker_add_pools(struct broker *self, const struct pool_spec *specs,
		     size_t count, struct err *err)
{
	uint64_t descriptors = DESCRIPTORS_SPARE;

	for (size_t i = 0; i < count; i++)
		descriptors += specs[i].leases;
	int r = backing_reserve_descriptors(descriptors, err);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct pool *pool;
		r = add_pool(self, &specs[i], &pool, err);
		if (r == 0)
			r = pool_fill(pool, err);
	}
	return r;
}

/* Nobody has anything of it: its memory and its journal go. */
static int drop_pool(struct broker *self, struct pool *pool, struct err *err)
{
	int r = registry_remove_pool(&self->registry, pool, err);

	if (r < 0)
		return r;
	if (pool_journal(pool) != NULL)
		journal_forget(pool_journal(pool));
	pool_free(pool);
	return 0;
}

int broker_start_pool(struct broker *self, const struct pool_spec *spec,
		      bool at_once, struct err *err)
{
	struct pool *pool = NULL;
	struct err other;

	int r = add_pool(self, spec, &pool, err);
	if (r == 0 && at_once) {
		if (pool_fill(pool, err) < 0)
			log_warning("%s; what it lacks comes later", err->text);
		return 0;
	}
	/* To the size that it is to have anyway: from none. */
	if (r == 0)
		r = pool_resize(pool, ledger_size(pool_ledger(pool)), err);
	if (r == 0)
		return 0;
	if (pool != NULL)
		(void)drop_pool(self, pool, &other);
	return r;
}

int broker_stop_pool(struct broker *self, const char *name, struct err *err)
{
	struct pool *pool = registry_find_pool(&self->registry, name);

	if (pool == NULL)
		return err_say(err, ENOENT, "there is no pool named %s", name);
	int r = drop_pool(self, pool, err);
	if (r == 0)
		log_info("pool %s is stopped", name);
	return r;
}

void broker_await(struct broker *self, uint64_t ms)
{
	self->await = ms * (US_PER_S / 1000);
}

/* From now on they can come. */
static void await(struct broker *self)
{
	size_t awaited = adopt_settle(&self->registry, false);

	if (awaited == 0)
		return;
	log_info("%zu guests of the broker before are awaited", awaited);
	self->await_end = connections_now(&self->connections) + self->await;
	sd_event_source_set_time_relative(self->awaited, 0);
	sd_event_source_set_enabled(self->awaited, SD_EVENT_ONESHOT);
}

int broker_listen(struct broker *self, int listener, struct err *err)
{
	cleanup_close int fd =
		listener >= 0 ? listener : listener_open(self->path, err);

	if (fd < 0)
		return fd;
	int r = connections_listen(&self->connections, fd);
	if (r < 0) {
		if (listener < 0)
			unlink(self->path);
		return err_set(err, -r, "wait for clients on %s", self->path);
	}
	steal_fd(&fd);
	self->inherited = listener >= 0;
	PROBE(broker_listening, self->registry.npools);
	await(self);
	return 0;
}

void broker_scrub_share(struct broker *self, unsigned int percent)
{
	self->scrubber.budget.percent = percent;
}

void broker_take_after(struct broker *self, uint64_t us)
{
	self->registry.take_after = us;
}

int broker_adopt_connection(struct broker *self, int socket, struct err *err)
{
	return connections_add(&self->connections, socket, err);
}

void broker_exit_when_alone(struct broker *self)
{
	connections_exit_when_alone(&self->connections);
}

void broker_tell(struct broker *self, const struct view_listener *listener)
{
	self->registry.listener = listener;
}

struct registry *broker_registry(struct broker *self)
{
	return &self->registry;
}

struct view *broker_view_take(void *broker)
{
	const struct broker *self = broker;

	return snapshot_take(&self->registry);
}

size_t broker_view_leases(void *broker, uint32_t guest, struct view_lease *to,
			  size_t most, uint64_t *left)
{
	const struct broker *self = broker;

	return snapshot_leases(&self->registry, guest, to, most, left);
}

int broker_view_resize(void *broker, const char *name, uint64_t leases,
		       struct err *err)
{
	struct broker *self = broker;
	struct pool *pool = registry_find_pool(&self->registry, name);

	if (pool == NULL)
		return err_say(err, ENOENT, "there is no pool named %s", name);
	/* What no pool has is refused by the pool, as any number is. */
	if (leases > UINT32_MAX)
		leases = UINT32_MAX;
	if (leases <= POOL_LEASES_MAX) {
		int r = backing_reserve_descriptors(
			descriptors(&self->registry, pool, leases), err);
		if (r < 0)
			return err_wrap(err, "pool %s", name);
	}
	return pool_resize(pool, (uint32_t)leases, err);
}
