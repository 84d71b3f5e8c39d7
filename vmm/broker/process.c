/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"

/* PID (NAME) STATE, and 18 numbers before the one that is wanted. */
#define BEFORE_START                                       \
	"%*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u " \
	"%*d %*d %*d %*d %*d %*d "

/* So often it is looked: who is taken for dead loses what it has. */
#define TRIES 4

static int look(pid_t pid, uint64_t *start)
{
	char path[32], text[1024], state = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	ssize_t bytes = read(fd, text, sizeof(text) - 1);
	if (bytes < 0)
		return -errno;
	text[bytes] = '\0';
	/* The name is what its process likes, parentheses included. */
	const char *rest = strrchr(text, ')');
	if (rest == NULL || sscanf(rest + 1, " %c " BEFORE_START "%" SCNu64,
				   &state, start) != 2)
		return -ESRCH;
	return state == 'Z' || state == 'X' || *start == 0 ? -ESRCH : 0;
}

int process_look(pid_t pid, uint64_t *start)
{
	int r = -ESRCH;

	for (int tries = 0; pid > 0 && tries < TRIES; tries++) {
		r = look(pid, start);
		if (r == 0 || r == -ESRCH)
			return r;
	}
	return r;
}

uint64_t process_start(pid_t pid)
{
	uint64_t start;

	return process_look(pid, &start) == 0 ? start : 0;
}

int process_signal(pid_t pid, uint64_t start, int signal)
{
	cleanup_close int fd = pid > 0 ? pidfd_open(pid, 0) : -1;

	if (fd < 0)
		return pid > 0 ? -errno : -ESRCH;
	/* The descriptor means one process; now see whether it is that one. */
	uint64_t seen;
	int r = process_look(pid, &seen);
	if (r < 0)
		return r;
	if (start != seen)
		return -ESRCH;
	return pidfd_send_signal(fd, signal, NULL, 0) < 0 ? -errno : 0;
}
