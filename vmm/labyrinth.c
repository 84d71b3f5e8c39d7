/* SPDX-License-Identifier: MIT */
/* The program `labyrinth`: from a subcommand's name to its function. */
#include <config.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/program.h"
#include "base/standard.h"
#include "revoke.h"
#include "run.h"

/* Exit status when an audit could not be; labyrinth-audit's own. */
#define EXIT_NOT_AUDITED 2

/* A program of its own: what it links would make every VMM larger. */
static int audit_main(int argc, char **argv)
{
	static const struct program audit = {
		.name = "labyrinth-audit",
		.variable = "LABYRINTH_AUDIT",
		.relative = "../libexec",
		.installed = LIBEXECDIR,
	};
	char path[PATH_MAX];
	struct err err;
	(void)argc;

	int r = program_find(&audit, path, sizeof(path), &err);
	if (r == 0) {
		execv(path, argv);
		err_set(&err, errno, "start %s", path);
	}
	log_error("could not audit: %s", err.text);
	return EXIT_NOT_AUDITED;
}

static const struct command {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *what;
} commands[] = {
	{"run", run_main, "start a guest and run it to its end"},
	{"revoke", revoke_main, "take leases from a guest"},
	{"audit", audit_main, "prove that each lease is its guest's alone"},
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	fprintf(out, "usage: labyrinth COMMAND [OPTION...]\n\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].what);
	fprintf(out, "\n`labyrinth COMMAND --help` tells more; "
		     "see also labyrinth(1).\n");
}

int main(int argc, char **argv)
{
	standard_prepare();
	log_init("labyrinth");
	if (argc < 2) {
		usage(stderr);
		return EXIT_NOT_STARTED;
	}
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	if (strcmp(argv[1], "--version") == 0) {
		printf("labyrinth %s\n", PACKAGE_VERSION);
		return 0;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return 0;
	}
	log_error("no command `%s`: see labyrinth --help", argv[1]);
	return EXIT_NOT_STARTED;
}
