/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "guests/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/program.h"

#define READY_FD 3 /* in the child, which inherits nothing above it */

extern char **environ;

static const struct program vmm_program = {
	.name = "labyrinth",
	.variable = "LABYRINTH",
	.relative = "../bin",
	.installed = BINDIR,
};

/* A command line, and room for the texts that it is made of. */
struct line {
	char *argv[24 + DOMAIN_ARGS_MAX];
	size_t argc;
	char sizes[4][32]; /* memory, guarantee, limit, maximum */
	char numbers[2][16];
};

static void add(struct line *self, const char *word)
{
	self->argv[self->argc++] = (char *)(uintptr_t)word;
}

static void add_size(struct line *self, int i, const char *option,
		     uint64_t leases)
{
	snprintf(self->sizes[i], sizeof(self->sizes[i]), "%" PRIu64 "M",
		 leases * 2);
	add(self, option);
	add(self, self->sizes[i]);
}

static void add_number(struct line *self, int i, const char *option,
		       unsigned int number)
{
	snprintf(self->numbers[i], sizeof(self->numbers[i]), "%u", number);
	add(self, option);
	add(self, self->numbers[i]);
}

/* `words` is cut into its words, which stay in it; NULL: none. */
static void make_line(struct line *self, const struct domain *domain,
		      const char *socket, char *words)
{
	char *rest = NULL;

	add(self, "labyrinth");
	add(self, "run");
	add(self, "--broker");
	add(self, socket);
	add(self, "--name");
	add(self, domain->name);
	add(self, "--pool");
	add(self, domain->pool);
	add_size(self, 0, "--memory", domain->memory);
	add_size(self, 1, "--guarantee", domain->guarantee);
	add_size(self, 2, "--limit", domain->limit);
	add_size(self, 3, "--maximum", domain->maximum);
	add_number(self, 0, "--cpus", domain->cpus);
	add_number(self, 1, "--ready-fd", READY_FD);
	add(self, domain->kernel);
	if (words != NULL) {
		for (char *word = strtok_r(words, " \t\n", &rest); word != NULL;
		     word = strtok_r(NULL, " \t\n", &rest))
			add(self, word);
	}
	add(self, NULL);
}

static int describe_files(posix_spawn_file_actions_t *files, int console,
			  int ready)
{
	int r = posix_spawn_file_actions_addopen(files, STDIN_FILENO,
						 "/dev/null", O_RDONLY, 0);

	if (r == 0)
		r = posix_spawn_file_actions_adddup2(files, console,
						     STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(files, console,
						     STDERR_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(files, ready, READY_FD);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(files,
							     READY_FD + 1);
	return r;
}

/* A session of its own, and the signals as at any program's start. */
static int describe_process(posix_spawnattr_t *process)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	int r = posix_spawnattr_setsigdefault(process, &all);
	if (r == 0)
		r = posix_spawnattr_setsigmask(process, &none);
	if (r == 0)
		r = posix_spawnattr_setflags(
			process, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
					 POSIX_SPAWN_SETSIGMASK);
	return r;
}

static int spawn(const char *path, struct line *line, int console, int ready,
		 pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t process;

	int r = posix_spawn_file_actions_init(&files);
	if (r != 0)
		return r;
	r = posix_spawnattr_init(&process);
	if (r != 0) {
		posix_spawn_file_actions_destroy(&files);
		return r;
	}
	r = describe_files(&files, console, ready);
	if (r == 0)
		r = describe_process(&process);
	if (r == 0)
		r = posix_spawn(pid, path, &files, &process, line->argv,
				environ);
	posix_spawnattr_destroy(&process);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

int launch_vmm(const struct domain *domain, const char *socket, int console,
	       pid_t *pid, int *ready, struct err *err)
{
	struct line line = {.argc = 0};
	char path[PATH_MAX];
	int pair[2];

	int r = program_find(&vmm_program, path, sizeof(path), err);
	if (r < 0)
		return r;
	cleanup_free char *words =
		domain->cmdline != NULL ? strdup(domain->cmdline) : NULL;
	if (domain->cmdline != NULL && words == NULL)
		return err_set(err, ENOMEM, "start guest %s", domain->name);
	make_line(&line, domain, socket, words);
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set(err, errno, "make a pipe");
	cleanup_close int ours = pair[0];
	cleanup_close int theirs = pair[1];
	r = spawn(path, &line, console, theirs, pid);
	if (r != 0)
		return err_set(err, r, "start %s for guest %s", path,
			       domain->name);
	*ready = steal_fd(&ours);
	return 0;
}
