/* SPDX-License-Identifier: MIT */
/* Finds and starts labyrinthd on one end of a socket pair. */
#include <config.h>

#include "lease/private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/program.h"

#define SOCKET_FD 3 /* in the child, which inherits nothing above it */

extern char **environ;

static const struct program daemon_program = {
	.name = "labyrinthd",
	.variable = "LABYRINTHD",
	.relative = "../sbin",
	.installed = SBINDIR,
};

/* What the child gets: no input, our outputs, its socket, nothing else. */
static int describe_files(posix_spawn_file_actions_t *files, int socket)
{
	int r = posix_spawn_file_actions_addopen(files, STDIN_FILENO,
						 "/dev/null", O_RDONLY, 0);

	if (r == 0)
		r = posix_spawn_file_actions_adddup2(files, socket, SOCKET_FD);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(files,
							     SOCKET_FD + 1);
	return r;
}

static int spawn(const char *path, const char *pool, uint64_t leases,
		 int socket, pid_t *pid)
{
	char spec[128], number[8];
	char *const argv[] = {(char[]){"labyrinthd"},
			      (char[]){"--pool"},
			      spec,
			      (char[]){"--serve-fd"},
			      number,
			      NULL};
	posix_spawn_file_actions_t files;

	snprintf(spec, sizeof(spec), "%s=%" PRIu64 "M", pool, leases * 2);
	snprintf(number, sizeof(number), "%d", SOCKET_FD);
	int r = posix_spawn_file_actions_init(&files);
	if (r != 0)
		return r;
	r = describe_files(&files, socket);
	if (r == 0)
		r = posix_spawn(pid, path, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

int private_broker_start(const char *pool, uint64_t leases, int *socket,
			 pid_t *pid, struct err *err)
{
	char path[PATH_MAX];
	int pair[2];

	int r = program_find(&daemon_program, path, sizeof(path), err);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(err, errno, "make a socket pair");
	cleanup_close int ours = pair[0];
	cleanup_close int theirs = pair[1];
	r = spawn(path, pool, leases, theirs, pid);
	if (r != 0)
		return err_set(err, r, "start a private broker, %s", path);
	*socket = steal_fd(&ours);
	return 0;
}
