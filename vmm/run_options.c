/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "run_options.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <labyrinth/bootinfo.h>
#include <labyrinth/hypercall.h>

#include "base/number.h"
#include "base/size.h"

/* An hour, in ms: what waits longer is not waiting for memory. */
#define TIMEOUT_MAX 3600000

/* A window of 1 TiB: what a guest's page tables and ours are made for. */
#define LIMIT_MAX UINT64_C(524288)

enum option_key {
	KEY_NAME = 'n',
	KEY_MEMORY = 'm',
	KEY_GUARANTEE = 'g',
	KEY_LIMIT = 'l',
	KEY_MAXIMUM = 'x',
	KEY_POOL = 'p',
	KEY_BROKER = 'b',
	KEY_CPUS = 'c',
	KEY_OUTPUT = 'o',
	KEY_TIMEOUT = 'k',
	KEY_TRANSPORT = 't',
	KEY_VERSION = 'V',
	KEY_FAIL = 0x100, /* no letter */
	KEY_GRANTS,
	KEY_FAIL_SEED,
	KEY_READY_FD,
};

static const struct argp_option known[] = {
	{"name", KEY_NAME, "NAME", 0, "name of the guest (default: guest-PID)",
	 0},
	{"memory", KEY_MEMORY, "SIZE", 0,
	 "guest RAM at start, whole leases of 2M (default: 4M)", 0},
	{"guarantee", KEY_GUARANTEE, "SIZE", 0,
	 "what the pool must always have for this guest, RAM included "
	 "(default: as --memory)",
	 0},
	{"limit", KEY_LIMIT, "SIZE", 0,
	 "the most that it may ever hold (default: the guarantee and 64M)", 0},
	{"maximum", KEY_MAXIMUM, "SIZE", 0,
	 "what its limit may be raised to while it runs (default: the limit)",
	 0},
	{"pool", KEY_POOL, "NAME", 0, "pool to lease from (default: default)",
	 0},
	{"broker", KEY_BROKER, "SOCKET", 0,
	 "socket of the broker (default: " RUN_DEFAULT_BROKER
	 ", and a private broker where there is none)",
	 0},
	{"cpus", KEY_CPUS, "N", 0,
	 "processors of the guest, 1 to 64 (default: 1)", 0},
	{"kernel-timeout", KEY_TIMEOUT, "MS", 0,
	 "how long a GFP_KERNEL grant may wait for other guests to give back, "
	 "0 to 3600000 (default: 1000)",
	 0},
	{"output", KEY_OUTPUT, "FILE", 0,
	 "file for what the guest hands over (default: none is taken)", 0},
	{"transport", KEY_TRANSPORT, "auto|port|vmcall", 0,
	 "how hypercalls travel (default: auto, vmcall where the kernel has "
	 "it)",
	 0},
	{"grants", KEY_GRANTS, "shared|hypercall", 0,
	 "whether the guest may grant itself pages of what it holds, or makes "
	 "a call for each (default: shared)",
	 0},
	{"fail", KEY_FAIL, "PATH:ATTRIBUTE=NUMBER[,...]", 0,
	 "make calls fail on purpose; PATH: hypercall, local, lease, map or "
	 "refill; ATTRIBUTE: "
	 "probability, interval, times, space, nth, min-order, "
	 "ignore-gfp-wait; see labyrinth(1)",
	 0},
	{"fail-seed", KEY_FAIL_SEED, "NUMBER", 0,
	 "the chances of --fail follow from it (default: 0)", 0},
	{"ready-fd", KEY_READY_FD, "FD", 0,
	 "write a byte to the inherited descriptor FD when the guest is about "
	 "to run, and close it",
	 0},
	{"version", KEY_VERSION, NULL, 0, "print the version", -1},
	{0},
};

/* Option texts as given; sizes are worked out when all are known. */
struct parse {
	struct run_options *options;
	struct err *err;
	int failed; /* negated errno of the first failure */
};

static int parse_size(struct parse *parse, const char *option, const char *text,
		      uint64_t *leases)
{
	int r = size_parse_leases(text, leases, parse->err);

	return r < 0 ? err_wrap(parse->err, "--%s", option) : 0;
}

static int parse_name(struct parse *parse, const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	size_t length = strlen(name);

	if (length == 0 || length >= LAB_NAME_MAX ||
	    strspn(name, allowed) != length)
		return err_say(parse->err, EINVAL,
			       "--name: `%s` is no name: 1 to %d letters, "
			       "digits, `.`, `_`, `-`",
			       name, LAB_NAME_MAX - 1);
	memcpy(parse->options->name, name, length + 1);
	return 0;
}

static int parse_transport(struct parse *parse, const char *name)
{
	static const char *const names[] = {
		[0] = "auto",
		[LAB_TRANSPORT_PORT] = "port",
		[LAB_TRANSPORT_VMCALL] = "vmcall",
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			parse->options->transport = i;
			return 0;
		}
	}
	return err_say(parse->err, EINVAL,
		       "--transport: `%s` is none of auto, port, vmcall", name);
}

static int parse_grants(struct parse *parse, const char *name)
{
	parse->options->share = strcmp(name, "shared") == 0;
	if (parse->options->share || strcmp(name, "hypercall") == 0)
		return 0;
	return err_say(parse->err, EINVAL,
		       "--grants: `%s` is none of shared, hypercall", name);
}

static int parse_number(struct parse *parse, const char *option,
			const char *text, unsigned int least, unsigned int most,
			unsigned int *number)
{
	uint64_t value;

	if (number_parse(text, 10, least, most, &value) < 0)
		return err_say(parse->err, EINVAL,
			       "--%s: `%s` is no number from %u to %u", option,
			       text, least, most);
	*number = (unsigned int)value;
	return 0;
}

static int parse_ready_fd(struct parse *parse, const char *text)
{
	unsigned int fd = 0;

	int r = parse_number(parse, "ready-fd", text, 3, 1 << 20, &fd);
	if (r < 0)
		return r;
	/* Now, before that number becomes one of our own files. */
	if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_say(parse->err, EINVAL,
			       "--ready-fd: %u is no open descriptor", fd);
	parse->options->ready_fd = (int)fd;
	return 0;
}

static int parse_fail(struct parse *parse, const char *text)
{
	int r = fail_parse(&parse->options->fail, text, parse->err);

	return r < 0 ? err_wrap(parse->err, "--fail") : 0;
}

static int parse_fail_seed(struct parse *parse, const char *text)
{
	uint64_t seed;

	if (number_parse(text, 0, 0, UINT64_MAX, &seed) < 0)
		return err_say(parse->err, EINVAL,
			       "--fail-seed: `%s` is no number of 64 bits",
			       text);
	fail_seed(&parse->options->fail, seed);
	return 0;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct run_options *o = parse->options;
	int r = 0;

	switch (key) {
	case KEY_NAME:
		r = parse_name(parse, text);
		break;
	case KEY_MEMORY:
		r = parse_size(parse, "memory", text, &o->memory);
		break;
	case KEY_GUARANTEE:
		r = parse_size(parse, "guarantee", text, &o->guarantee);
		break;
	case KEY_LIMIT:
		r = parse_size(parse, "limit", text, &o->limit);
		break;
	case KEY_MAXIMUM:
		r = parse_size(parse, "maximum", text, &o->maximum);
		break;
	case KEY_POOL:
		o->pool = text;
		break;
	case KEY_BROKER:
		o->broker = text;
		break;
	case KEY_CPUS:
		r = parse_number(parse, "cpus", text, 1, LAB_CPUS_MAX,
				 &o->cpus);
		break;
	case KEY_TIMEOUT:
		r = parse_number(parse, "kernel-timeout", text, 0, TIMEOUT_MAX,
				 &o->kernel_timeout);
		break;
	case KEY_OUTPUT:
		o->output = text;
		break;
	case KEY_TRANSPORT:
		r = parse_transport(parse, text);
		break;
	case KEY_GRANTS:
		r = parse_grants(parse, text);
		break;
	case KEY_FAIL:
		r = parse_fail(parse, text);
		break;
	case KEY_FAIL_SEED:
		r = parse_fail_seed(parse, text);
		break;
	case KEY_READY_FD:
		r = parse_ready_fd(parse, text);
		break;
	case KEY_VERSION:
		printf("labyrinth %s\n", PACKAGE_VERSION);
		exit(0);
	case ARGP_KEY_ARG:
		/* The kernel; all that follows is the guest's. */
		o->argv = &state->argv[state->next - 1];
		o->argc = state->argc - state->next + 1;
		state->next = state->argc;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (r < 0) {
		parse->failed = r;
		return -r;
	}
	return 0;
}

static int check_sizes(struct run_options *o, struct err *err)
{
	const uint64_t most = LAB_MEMORY_MAX / LAB_EXTENT_SIZE;

	if (o->memory < 1 || o->memory > most)
		return err_say(err, EINVAL, "--memory: 2M to 3G are possible");
	if (o->guarantee == 0)
		o->guarantee = o->memory;
	if (o->guarantee < o->memory)
		return err_say(err, EINVAL,
			       "--guarantee (%lluM) is less than --memory "
			       "(%lluM), which it includes",
			       (unsigned long long)o->guarantee * 2,
			       (unsigned long long)o->memory * 2);
	if (o->limit == 0)
		o->limit = o->guarantee + RUN_DEFAULT_GROWTH;
	if (o->limit < o->guarantee || o->limit > LIMIT_MAX)
		return err_say(err, EINVAL,
			       "--limit (%lluM) is not between the guarantee "
			       "(%lluM) and 1T",
			       (unsigned long long)o->limit * 2,
			       (unsigned long long)o->guarantee * 2);
	if (o->maximum == 0)
		o->maximum = o->limit;
	if (o->maximum < o->limit || o->maximum > LIMIT_MAX)
		return err_say(err, EINVAL,
			       "--maximum (%lluM) is not between the limit "
			       "(%lluM) and 1T",
			       (unsigned long long)o->maximum * 2,
			       (unsigned long long)o->limit * 2);
	return 0;
}

int run_options_parse(struct run_options *self, int argc, char **argv,
		      struct err *err)
{
	static const struct argp argp = {
		.options = known,
		.parser = parse_option,
		.args_doc = "KERNEL [ARG...]",
		.doc = "Start a guest in this process and run it to its end. "
		       "Its console is standard output.\v"
		       "Exit status: the guest's own (0 to 123), 125 when it "
		       "could not be started, 126 when it was stopped, with "
		       "the reason and its registers on standard error.",
	};
	static char program[] = "labyrinth run";
	struct parse parse = {.options = self, .err = err};

	*self = (struct run_options){.pool = "default",
				     .memory = RUN_DEFAULT_MEMORY,
				     .kernel_timeout = RUN_DEFAULT_TIMEOUT,
				     .cpus = 1,
				     .share = true,
				     .ready_fd = -1};
	snprintf(self->name, sizeof(self->name), "guest-%ld", (long)getpid());
	fail_seed(&self->fail, 0);
	argp_err_exit_status = 125;
	argv[0] = program;
	error_t code =
		argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &parse);
	if (parse.failed < 0)
		return parse.failed;
	if (code != 0)
		return err_set(err, code, "read the options");
	if (self->argc == 0)
		return err_say(err, EINVAL,
			       "no KERNEL was named: see labyrinth run --help");
	return check_sizes(self, err);
}
