/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"

/* PID (NAME) STATE, and 18 numbers before the one that is wanted. */
#define BEFORE_START                                       \
	"%*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u " \
	"%*d %*d %*d %*d %*d %*d "

uint64_t process_start(pid_t pid)
{
	char path[32], text[1024], state = 0;
	uint64_t start = 0;

	if (pid <= 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t bytes = read(fd, text, sizeof(text) - 1);
	if (bytes <= 0)
		return 0;
	text[bytes] = '\0';
	/* The name is what its process likes, parentheses included. */
	const char *rest = strrchr(text, ')');
	if (rest == NULL || sscanf(rest + 1, " %c " BEFORE_START "%" SCNu64,
				   &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

void process_kill(pid_t pid, uint64_t start)
{
	if (start == 0 || pid == getpid())
		return;
	/* What is open does not become another one; so is it the one meant? */
	cleanup_close int process = pidfd_open(pid, 0);
	if (process >= 0 && process_start(pid) == start)
		pidfd_send_signal(process, SIGKILL, NULL, 0);
}
