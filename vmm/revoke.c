/* SPDX-License-Identifier: MIT */
/* `labyrinth revoke`: from the command line to the broker, and its answer. */
#include <config.h>

#include "revoke.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/number.h"
#include "lease/client_admin.h"
#include "run_options.h"

struct options {
	const char *broker;
	const char *guest;
	uint64_t leases; /* 0: all above the guarantee */
};

static const struct argp_option known[] = {
	{"broker", 'b', "SOCKET", 0,
	 "socket of the broker (default: " RUN_DEFAULT_BROKER ")", 0},
	{"leases", 'n', "N", 0,
	 "take so many, the guarantee not spared (default: all that it holds "
	 "above its guarantee)",
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

int revoke_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = known,
		.parser = parse_option,
		.args_doc = "GUEST",
		.doc = "Take leases from a guest, the newest first, whatever "
		       "it "
		       "and its VMM do. A guest that touches one of them "
		       "afterwards is stopped with a report.",
	};
	static char program[] = "labyrinth revoke";
	struct options options = {.broker = RUN_DEFAULT_BROKER};
	uint64_t taken;
	struct err err;

	argp_err_exit_status = 1;
	argv[0] = program;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (client_revoke(options.broker, options.guest, options.leases, &taken,
			  &err) < 0) {
		log_error("nothing was taken from `%s`: %s", options.guest,
			  err.text);
		return 1;
	}
	printf("%" PRIu64 " leases taken from %s\n", taken, options.guest);
	return 0;
}
