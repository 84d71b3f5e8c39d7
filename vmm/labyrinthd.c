/* SPDX-License-Identifier: MIT */
/*
 * labyrinthd, the broker's program: options, then a broker and a libvirt
 * endpoint on one event loop. The only file that knows both.
 */
#include <config.h>

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "activation.h"
#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include "base/pages.h"
#include "base/standard.h"
#include "broker/broker.h"
#include "broker/pool_option.h"
#include "broker/scrubber.h"
#include "guests/guests.h"
#include "guests/pools.h"
#include "rpc/server.h"

const char *argp_program_version = "labyrinthd (Labyrinth) " PACKAGE_VERSION;

struct options {
	struct pool_spec pools[REGISTRY_POOLS_MAX];
	size_t npools;
	const char *run_dir;
	const char *libvirt_dir; /* NULL: no libvirt endpoint */
	const char *state_dir;	 /* NULL: nothing is kept */
	bool state_named;
	int serve_fd;		  /* -1: serve whoever connects */
	uint64_t take_after;	  /* ms; 0: never */
	uint64_t await;		  /* ms */
	unsigned int scrub_share; /* percent */
};

/* An hour, in ms. */
#define TIMEOUT_MAX 3600000u
#define TAKE_AFTER  5000 /* ms, unless told otherwise */

enum option_key {
	OPTION_POOL = 'p',
	OPTION_RUN_DIR = 'r',
	OPTION_LIBVIRT_DIR = 'l',
	OPTION_STATE_DIR = 's',
	OPTION_TAKE_AFTER = 't',
	OPTION_SERVE_FD = 0x100,
	OPTION_ADOPT_TIMEOUT,
	OPTION_SCRUB_SHARE,
};

static const struct argp_option option_table[] = {
	{"pool", OPTION_POOL, "NAME=SIZE[,backing=B][,node=N]", 0,
	 "Own a pool of that size, in leases of 2M; may be given several "
	 "times (default: default=256M). B is hugetlb, thp, shmem (default: "
	 "the first of these that the host has) or guest_memfd; N a NUMA node "
	 "that all of it is of",
	 0},
	{"run-dir", OPTION_RUN_DIR, "DIR", 0,
	 "Listen for guests in DIR (default: /run/labyrinth)", 0},
	{"libvirt-dir", OPTION_LIBVIRT_DIR, "DIR", 0,
	 "Listen for libvirt clients in DIR (default: /run/libvirt; none: "
	 "do not)",
	 0},
	{"state-dir", OPTION_STATE_DIR, "DIR", 0,
	 "Keep defined domains and pools in DIR (default: /var/lib/labyrinth; "
	 "none: keep "
	 "none)",
	 0},
	{"take-after", OPTION_TAKE_AFTER, "MS", 0,
	 "Take leases from a guest that holds more than its guarantee and "
	 "for so long gave back nothing that others wait for (default: 5000; "
	 "0: never)",
	 0},
	{"adopt-timeout", OPTION_ADOPT_TIMEOUT, "MS", 0,
	 "How long guests of a broker before this one may take to come back "
	 "(default: 10000)",
	 0},
	{"scrub-share", OPTION_SCRUB_SHARE, "PERCENT", 0,
	 "Of one core, for leases that nobody waits for: to scrub them, and to "
	 "make or give up those of a pool that grows or shrinks (default: 50)",
	 0},
	{"serve-fd", OPTION_SERVE_FD, "FD", 0,
	 "Serve only the VMM at the other end of the connected socket FD, "
	 "and end when it does",
	 0},
	{0},
};

/* Prints what is wrong with it and exits, as argp does. */
static void parse_pool(struct options *self, const char *text,
		       struct argp_state *state)
{
	struct err err;

	if (self->npools == REGISTRY_POOLS_MAX)
		argp_error(state, "there can be %d pools at most",
			   REGISTRY_POOLS_MAX);
	struct pool_spec *spec = &self->pools[self->npools];
	if (pool_option_parse(spec, text, &err) < 0)
		argp_error(state, "--pool %s: %s", text, err.text);
	for (size_t i = 0; i < self->npools; i++) {
		if (strcmp(self->pools[i].name, spec->name) == 0)
			argp_error(state, "there are two pools named %s",
				   spec->name);
	}
	self->npools++;
}

static int parse_fd(const char *text, struct argp_state *state)
{
	uint64_t fd;

	if (number_parse(text, 10, 0, 1 << 20, &fd) < 0)
		argp_error(state, "--serve-fd %s: not a descriptor", text);
	/* Now, before that number becomes one of our own files. */
	if (fcntl((int)fd, F_GETFD) < 0)
		argp_error(state, "--serve-fd %s: no such open descriptor",
			   text);
	return (int)fd;
}

static unsigned int parse_number(const char *option, const char *text,
				 unsigned int least, unsigned int most,
				 const char *unit, struct argp_state *state)
{
	uint64_t number = 0;

	if (number_parse(text, 10, least, most, &number) < 0)
		argp_error(state, "--%s %s: write %u to %u, in %s", option,
			   text, least, most, unit);
	return (unsigned int)number;
}

static unsigned int parse_ms(const char *option, const char *text,
			     struct argp_state *state)
{
	return parse_number(option, text, 0, TIMEOUT_MAX, "ms", state);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct options *self = state->input;

	switch (key) {
	case OPTION_POOL:
		parse_pool(self, argument, state);
		return 0;
	case OPTION_RUN_DIR:
		self->run_dir = argument;
		return 0;
	case OPTION_LIBVIRT_DIR:
		self->libvirt_dir =
			strcmp(argument, "none") == 0 ? NULL : argument;
		return 0;
	case OPTION_STATE_DIR:
		self->state_dir =
			strcmp(argument, "none") == 0 ? NULL : argument;
		self->state_named = true;
		return 0;
	case OPTION_TAKE_AFTER:
		self->take_after = parse_ms("take-after", argument, state);
		return 0;
	case OPTION_ADOPT_TIMEOUT:
		self->await = parse_ms("adopt-timeout", argument, state);
		return 0;
	case OPTION_SCRUB_SHARE:
		self->scrub_share = parse_number("scrub-share", argument, 1,
						 100, "percent", state);
		return 0;
	case OPTION_SERVE_FD:
		self->serve_fd = parse_fd(argument, state);
		return 0;
	case ARGP_KEY_END:
		if (self->npools == 0)
			self->pools[self->npools++] = (struct pool_spec){
				.name = "default",
				.leases = 128,
			};
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse_option,
	.doc = "Own pools of host memory and lease it, 2 MiB at a time, each "
	       "lease to exactly one guest.\v"
	       "It stays in the foreground, logs to standard error, and ends "
	       "on SIGTERM or SIGINT; its guests run on with what they hold.",
};

/* 256M, 3G, 2T: the largest unit that divides it. */
static void print_size(char *text, size_t bytes, uint64_t leases)
{
	static const char units[] = "MGT";
	uint64_t size = leases * 2;
	int unit = 0;

	for (; units[unit + 1] != '\0' && size % 1024 == 0; unit++)
		size /= 1024;
	snprintf(text, bytes, "%" PRIu64 "%c", size, units[unit]);
}

static void say_ready(const struct options *options, struct broker *broker)
{
	const struct registry *registry = broker_registry(broker);
	const char *socket =
		options->serve_fd >= 0 ? "inherited" : options->run_dir;

	for (size_t i = 0; i < registry->npools; i++) {
		const struct pool *pool = registry->pools[i];
		uint32_t leases = ledger_size(pool_ledger(pool));
		char size[32], node[32] = "";

		print_size(size, sizeof(size), leases);
		if (pool_node(pool) != NUMA_ANY)
			snprintf(node, sizeof(node), " on NUMA node %d",
				 pool_node(pool));
		log_info("ready: pool %s %s, %u leases of 2M, backing %s%s; "
			 "socket %s%s",
			 pool_name(pool), size, leases,
			 pages_title(pool_backing(pool)), node, socket,
			 options->serve_fd >= 0 ? "" : "/" BROKER_SOCKET_NAME);
	}
}

/* Signals become events; before this they end the program as they always do. */
static int watch_signals(sd_event *event, bool private, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	if (!private)
		sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_set(err, errno, "block signals");
	int r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0 && !private)
		r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
	return r < 0 ? err_set(err, -r, "watch for signals") : 0;
}

static int loop(sd_event *event, struct err *err)
{
	int r = sd_event_loop(event);

	return r < 0 ? err_set(err, -r, "run the event loop") : 0;
}

/* The broker of one guest: no files, no listeners, no terminal's ^C. */
static int serve_one(const struct options *options, struct broker *broker,
		     sd_event *event, struct err *err)
{
	signal(SIGINT, SIG_IGN); /* that is for the VMM; we end with it */
	int r = broker_add_pools(broker, options->pools, options->npools, err);
	if (r == 0)
		r = watch_signals(event, true, err);
	if (r == 0)
		r = broker_adopt_connection(broker, options->serve_fd, err);
	if (r < 0)
		return r;
	broker_exit_when_alone(broker);
	return loop(event, err);
}

/* All is there: say so, and go on until the end. */
static int serve_guests(const struct options *options, struct guests *guests,
			struct broker *broker, sd_event *event, struct err *err)
{
	/* The manager's word for how long a turn of the loop may take. */
	if (sd_event_set_watchdog(event, true) < 0)
		log_warning("the service manager's watchdog is not served");
	say_ready(options, broker);
	sd_notify(0, "READY=1");
	guests_autostart(guests);
	int r = loop(event, err);
	sd_notify(0, "STOPPING=1");
	return r;
}

static int serve_libvirt(const struct options *options,
			 const struct activation *sockets,
			 struct guests *guests, struct broker *broker,
			 sd_event *event, struct err *err)
{
	const struct view_source source = guests_view(guests);
	const struct act_source acts = guests_acts(guests);
	struct rpc_server *server;

	int r = rpc_server_on(&server, event, options->libvirt_dir,
			      sockets->libvirt, sockets->libvirt_ro, &source,
			      err);
	if (r < 0)
		return r;
	rpc_server_act(server, &acts);
	broker_tell(broker,
		    guests_listener(guests, rpc_server_listener(server)));
	r = serve_guests(options, guests, broker, event, err);
	broker_tell(broker, NULL);
	rpc_server_free(server);
	return r;
}

static int serve_viewers_too(const struct options *options,
			     const struct activation *sockets,
			     struct pools *pools, struct broker *broker,
			     sd_event *event, struct err *err)
{
	const struct guests_terms terms = {
		.event = event,
		.registry = broker_registry(broker),
		.source = {.take = broker_view_take,
			   .resize = broker_view_resize,
			   .leases = broker_view_leases,
			   .context = broker},
		.pools = pools,
		.run_dir = options->run_dir,
		.state_dir = options->state_dir,
		.state_required = options->state_named,
	};
	struct guests *guests;

	int r = guests_new(&guests, &terms, err);
	if (r < 0)
		return r;
	r = options->libvirt_dir != NULL
		    ? serve_libvirt(options, sockets, guests, broker, event,
				    err)
		    : serve_guests(options, guests, broker, event, err);
	guests_free(guests);
	return r;
}

static int keep_pools(const struct options *options, struct broker *broker,
		      sd_event *event, struct pools **out, struct err *err)
{
	const struct pools_terms terms = {
		.event = event,
		.broker = broker,
		.run_dir = options->run_dir,
		.state_dir = options->state_dir,
		.state_required = options->state_named,
		.given = options->pools,
		.ngiven = options->npools,
	};

	return pools_new(out, &terms, err);
}

static int serve_all(const struct options *options, struct broker *broker,
		     sd_event *event, struct err *err)
{
	struct activation sockets;
	int r = activation_take(&sockets, err);

	if (r == 0)
		r = broker_claim(broker, options->run_dir, err);
	broker_await(broker, options->await);
	if (r == 0)
		r = broker_add_pools(broker, options->pools, options->npools,
				     err);
	struct pools *pools = NULL;
	if (r == 0)
		r = keep_pools(options, broker, event, &pools, err);
	if (r == 0)
		r = watch_signals(event, false, err);
	if (r == 0)
		r = broker_listen(broker, sockets.lease, err);
	if (r == 0)
		r = serve_viewers_too(options, &sockets, pools, broker, event,
				      err);
	pools_free(pools);
	return r;
}

static int serve(const struct options *options, struct err *err)
{
	sd_event *event = NULL;
	struct broker *broker = NULL;

	int r = sd_event_new(&event);
	if (r < 0)
		return err_set(err, -r, "make an event loop");
	r = broker_new(&broker, event, err);
	if (r == 0) {
		broker_take_after(broker, options->take_after * 1000);
		broker_scrub_share(broker, options->scrub_share);
	}
	if (r == 0 && options->serve_fd >= 0)
		r = serve_one(options, broker, event, err);
	else if (r == 0)
		r = serve_all(options, broker, event, err);
	broker_free(broker);
	sd_event_unref(event);
	return r;
}

int main(int argc, char **argv)
{
	struct options options = {
		.run_dir = "/run/labyrinth",
		.libvirt_dir = "/run/libvirt",
		.state_dir = "/var/lib/labyrinth",
		.serve_fd = -1,
		.take_after = TAKE_AFTER,
		.await = BROKER_AWAIT_MS,
		.scrub_share = SCRUBBER_PERCENT,
	};
	struct err err;

	standard_prepare();
	log_init("labyrinthd");
	argp_parse(&parser, argc, argv, 0, NULL, &options);
	if (options.serve_fd >= 0)
		log_quiet();
	if (serve(&options, &err) < 0) {
		log_error("%s", err.text);
		return 1;
	}
	return 0;
}
