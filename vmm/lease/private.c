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
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PROGRAM	  "labyrinthd"
#define SOCKET_FD 3 /* in the child, which inherits nothing above it */

extern char **environ;

/* The folder of the running program; empty when the kernel does not tell. */
static void own_folder(char *folder, size_t bytes)
{
	ssize_t length = readlink("/proc/self/exe", folder, bytes - 1);

	folder[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
}

static int runnable(const char *path)
{
	return access(path, X_OK) == 0;
}

static int find_program(char *path, size_t bytes, struct err *err)
{
	char folder[PATH_MAX - sizeof("/../sbin/" PROGRAM)];
	const char *named = getenv("LABYRINTHD");

	if (named != NULL && named[0] != '\0') {
		snprintf(path, bytes, "%s", named);
		return 0;
	}
	own_folder(folder, sizeof(folder));
	snprintf(path, bytes, "%s/" PROGRAM, folder);
	if (runnable(path))
		return 0;
	snprintf(path, bytes, "%s/../sbin/" PROGRAM, folder);
	if (runnable(path))
		return 0;
	snprintf(path, bytes, SBINDIR "/" PROGRAM);
	if (runnable(path))
		return 0;
	return err_say(err, ENOENT,
		       PROGRAM " is neither in %s nor in " SBINDIR
			       ": install it, or name it in LABYRINTHD",
		       folder);
}

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
	char *const argv[] = {(char[]){PROGRAM},
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

	int r = find_program(path, sizeof(path), err);
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
