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
#include "base/size.h"
#include "base/standard.h"
#include "broker/backing.h"
#include "broker/broker.h"
#include "rpc/server.h"

const char *argp_program_version = "labyrinthd (Labyrinth) " PACKAGE_VERSION;

struct options {
	struct pool_spec pools[REGISTRY_POOLS_MAX];
	size_t npools;
	const char *run_dir;
	const char *libvirt_dir; /* NULL: no libvirt endpoint */
	int serve_fd;		 /* -1: serve whoever connects */
	uint64_t take_after;	 /* ms; 0: never */
	uint64_t await;		 /* ms */
};

/* An hour, in ms. */
#define TIMEOUT_MAX 3600000u
#define TAKE_AFTER  5000 /* ms, unless told otherwise */

enum option_key {
	OPTION_POOL = 'p',
	OPTION_RUN_DIR = 'r',
	OPTION_LIBVIRT_DIR = 'l',
	OPTION_TAKE_AFTER = 't',
	OPTION_SERVE_FD = 0x100,
	OPTION_ADOPT_TIMEOUT,
};

static const struct argp_option option_table[] = {
	{"pool", OPTION_POOL, "NAME=SIZE[,backing=B]", 0,
	 "Own a pool of that size, in leases of 2M; may be given several "
	 "times (default: default=256M). B is hugetlb, shmem or guest_memfd "
	 "(default: the first that the host has)",
	 0},
	{"run-dir", OPTION_RUN_DIR, "DIR", 0,
	 "Listen for guests in DIR (default: /run/labyrinth)", 0},
	{"libvirt-dir", OPTION_LIBVIRT_DIR, "DIR", 0,
	 "Listen for libvirt clients in DIR (default: /run/libvirt; none: "
	 "do not)",
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
	{"serve-fd", OPTION_SERVE_FD, "FD", 0,
	 "Serve only the VMM at the other end of the connected socket FD, "
	 "and end when it does",
	 0},
	{0},
};

/* ,backing=NAME or nothing (NULL: the best). */
static enum lab_backing parse_backing(const char *text,
				      struct argp_state *state)
{
	static const char key[] = ",backing=";

	if (text == NULL)
		return 0;
	enum lab_backing backing = strncmp(text, key, strlen(key)) == 0
					   ? pages_by_name(text + strlen(key))
					   : 0;
	if (backing == 0)
		argp_error(state, "--pool ...%s: write %s and %s", text, key,
			   pages_names());
	return backing;
}

/* NAME=SIZE[,backing=NAME]; prints what is wrong with it and exits, as argp
 * does. */
static void parse_pool(struct options *self, const char *text,
		       struct argp_state *state)
{
	const char *equals = strchr(text, '=');
	char size[32];
	uint64_t leases;
	struct err err;

	if (self->npools == REGISTRY_POOLS_MAX)
		argp_error(state, "there can be %d pools at most",
			   REGISTRY_POOLS_MAX);
	struct pool_spec *spec = &self->pools[self->npools];
	size_t length = equals != NULL ? (size_t)(equals - text) : 0;
	if (length >= sizeof(spec->name))
		argp_error(state, "the name of pool %s is too long", text);
	memcpy(spec->name, text, length);
	spec->name[length] = '\0';
	if (!registry_name_valid(spec->name))
		argp_error(state,
			   "--pool %s: write NAME=SIZE, like default=256M, the "
			   "name of letters, digits, dots, dashes and "
			   "underscores",
			   text);
	for (size_t i = 0; i < self->npools; i++) {
		if (strcmp(self->pools[i].name, spec->name) == 0)
			argp_error(state, "there are two pools named %s",
				   spec->name);
	}
	snprintf(size, sizeof(size), "%.*s", (int)strcspn(equals + 1, ","),
		 equals + 1);
	spec->backing = parse_backing(strchr(equals, ','), state);
	if (size_parse_leases(size, &leases, &err) < 0)
		argp_error(state, "--pool %s: %s", text, err.text);
	if (leases == 0 || leases > POOL_LEASES_MAX)
		argp_error(state, "--pool %s: a pool has 2M to %uG", text,
			   POOL_LEASES_MAX / 512);
	spec->leases = (uint32_t)leases;
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

static uint64_t parse_ms(const char *option, const char *text,
			 struct argp_state *state)
{
	uint64_t ms;

	if (number_parse(text, 10, 0, TIMEOUT_MAX, &ms) < 0)
		argp_error(state, "--%s %s: write 0 to %u, in ms", option, text,
			   TIMEOUT_MAX);
	return ms;
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
	case OPTION_TAKE_AFTER:
		self->take_after = parse_ms("take-after", argument, state);
		return 0;
	case OPTION_ADOPT_TIMEOUT:
		self->await = parse_ms("adopt-timeout", argument, state);
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

static void say_ready(const struct options *options,
		      const struct broker *broker)
{
	const struct registry *registry = broker_registry(broker);
	const char *socket =
		options->serve_fd >= 0 ? "inherited" : options->run_dir;

	for (size_t i = 0; i < registry->npools; i++) {
		const struct pool *pool = registry->pools[i];
		uint32_t leases = ledger_total(pool_ledger(pool));
		char size[32];

		print_size(size, sizeof(size), leases);
		log_info("ready: pool %s %s, %u leases of 2M, backing %s; "
			 "socket %s%s",
			 pool_name(pool), size, leases,
			 pages_title(pool_backing(pool)), socket,
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

static int serve_viewers_too(const struct options *options,
			     const struct activation *sockets,
			     struct broker *broker, sd_event *event,
			     struct err *err)
{
	const struct view_source source = {.take = broker_view_take,
					   .context = broker};
	struct rpc_server *server = NULL;

	if (options->libvirt_dir != NULL) {
		int r = rpc_server_on(&server, event, options->libvirt_dir,
				      sockets->libvirt, sockets->libvirt_ro,
				      &source, err);
		if (r < 0)
			return r;
	}
	/* The manager's word for how long a turn of the loop may take. */
	if (sd_event_set_watchdog(event, true) < 0)
		log_warning("the service manager's watchdog is not served");
	say_ready(options, broker);
	sd_notify(0, "READY=1");
	int r = loop(event, err);
	sd_notify(0, "STOPPING=1");
	if (server != NULL)
		rpc_server_free(server);
	return r;
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
	if (r == 0)
		r = watch_signals(event, false, err);
	if (r == 0)
		r = broker_listen(broker, sockets.lease, err);
	return r < 0 ? r
		     : serve_viewers_too(options, &sockets, broker, event, err);
}

static int serve(const struct options *options, struct err *err)
{
	sd_event *event = NULL;
	struct broker *broker = NULL;

	int r = sd_event_new(&event);
	if (r < 0)
		return err_set(err, -r, "make an event loop");
	r = broker_new(&broker, event, err);
	if (r == 0)
		broker_take_after(broker, options->take_after * 1000);
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
		.serve_fd = -1,
		.take_after = TAKE_AFTER,
		.await = BROKER_AWAIT_MS,
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
