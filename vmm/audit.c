/* SPDX-License-Identifier: MIT */
/*
 * labyrinth-audit, which `labyrinth audit` becomes: options, then looks until
 * they agree. A program of its own for its libraries' sake: the VMM links libc
 * alone.
 */
#include <config.h>

#include <argp.h>
#include <stdbool.h>
#include <string.h>

#include "audit/print.h"
#include "audit/rounds.h"
#include "base/log.h"
#include "base/standard.h"
#include "run_options.h"

const char *argp_program_version =
	"labyrinth audit (Labyrinth) " PACKAGE_VERSION;

/* Exit statuses: of an audit that found nothing, something, or could not be. */
enum verdict {
	VERDICT_CLEAN = 0,
	VERDICT_DIFFERENT = 1,
	VERDICT_UNKNOWN = 2,
};

struct options {
	const char *broker;
	const char *pool; /* NULL: all of them */
	bool json;
};

enum option_key {
	OPTION_BROKER = 'b',
	OPTION_JSON = 'j',
};

static const struct argp_option option_table[] = {
	{"broker", OPTION_BROKER, "SOCKET", 0,
	 "Socket of the broker (default: " RUN_DEFAULT_BROKER ")", 0},
	{"json", OPTION_JSON, NULL, 0, "Print JSON", 0},
	{0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct options *self = state->input;

	switch (key) {
	case OPTION_BROKER:
		self->broker = argument;
		return 0;
	case OPTION_JSON:
		self->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (self->pool != NULL)
			argp_error(state, "one POOL at most");
		self->pool = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse_option,
	.args_doc = "[POOL]",
	.doc = "Compare the broker's ledger, what the VMMs have mapped, and "
	       "the kernel's page frames; print every difference.\v"
	       "Exit status: 0 without a difference, 1 with one, 2 when "
	       "something could not be looked at. Needs root.",
};

static enum verdict audit(const struct options *options)
{
	struct rounds rounds;
	struct err err;

	if (rounds_run(&rounds, options->broker, options->pool, &err) < 0) {
		log_error("could not audit: %s", err.text);
		return VERDICT_UNKNOWN;
	}
	enum verdict verdict = rounds.last.differences.count > 0
				       ? VERDICT_DIFFERENT
				       : VERDICT_CLEAN;
	int r = options->json ? print_json(&rounds, stdout)
			      : print_text(&rounds, stdout);
	if (r < 0) {
		log_error("could not write what was found: %s", strerror(-r));
		verdict = VERDICT_UNKNOWN;
	}
	rounds_free(&rounds);
	return verdict;
}

int main(int argc, char **argv)
{
	struct options options = {.broker = RUN_DEFAULT_BROKER};
	static char program[] = "labyrinth audit";

	standard_prepare();
	log_init("labyrinth audit");
	argp_err_exit_status = VERDICT_UNKNOWN;
	if (argc > 0)
		argv[0] = program;
	argp_parse(&parser, argc, argv, 0, NULL, &options);
	return (int)audit(&options);
}
