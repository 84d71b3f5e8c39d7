/* SPDX-License-Identifier: MIT */
/* `labyrinth revoke`: from the command line to the broker, and its answer. */
#include <config.h>

#include "revoke.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>

#include <labyrinth/lease.h>

#include "base/log.h"
#include "base/number.h"
#include "lease/client_admin.h"
#include "run_options.h"

struct options {
	const char *broker;
	const char *guest;
	uint64_t leases; /* 0: all above the guarantee */
	uint64_t grace;	 /* ms */
};

static const struct argp_option known[] = {
	{"broker", 'b', "SOCKET", 0,
	 "socket of the broker (default: " RUN_DEFAULT_BROKER ")", 0},
	{"leases", 'n', "N", 0,
	 "take so many, the guarantee not spared (default: all that it holds "
	 "above its guarantee)",
	 0},
	{"grace", 'g', "MS", 0,
	 "so long the guest may take to give them up itself, 0 to 60000 "
	 "(default: 1000)",
	 0},
	{0},
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *self = state->input;

	switch (key) {
	case 'b':
		self->broker = text;
		return 0;
	case 'n':
		if (number_parse(text, 10, 1, UINT64_MAX, &self->leases) < 0)
			argp_error(state, "--leases: `%s` is no number from 1",
				   text);
		return 0;
	case 'g':
		if (number_parse(text, 10, 0, LAB_GRACE_MAX, &self->grace) < 0)
			argp_error(state,
				   "--grace: `%s` is no number from 0 to %d",
				   text, LAB_GRACE_MAX);
		return 0;
	case ARGP_KEY_ARG:
		if (self->guest != NULL)
			argp_error(state, "one GUEST at a time");
		self->guest = text;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no GUEST was named");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void say(const char *guest, const struct client_taken *taken)
{
	printf("%" PRIu64 " leases taken from %s", taken->leases - taken->given,
	       guest);
	if (taken->given > 0)
		printf(", %" PRIu64 " given up in time", taken->given);
	putchar('\n');
}

int revoke_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = known,
		.parser = parse_option,
		.args_doc = "GUEST",
		.doc = "Take leases from a guest, the newest first, whatever "
		       "it and its VMM do. The guest hears of it before, and "
		       "may give them up in time, or others in their place. If "
		       "it touches one that was taken it is stopped with a "
		       "report.",
	};
	static char program[] = "labyrinth revoke";
	struct options options = {.broker = RUN_DEFAULT_BROKER, .grace = 1000};
	struct client_taken taken;
	struct err err;

	argp_err_exit_status = 1;
	argv[0] = program;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (client_revoke(options.broker, options.guest, options.leases,
			  (uint32_t)options.grace, &taken, &err) < 0) {
		log_error("nothing was taken from `%s`: %s", options.guest,
			  err.text);
		return 1;
	}
	say(options.guest, &taken);
	return 0;
}
