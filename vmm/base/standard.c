/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/standard.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

void standard_prepare(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* The lowest free number is this one: those below are taken. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			abort(); /* and nothing could say so */
	}
	signal(SIGPIPE, SIG_IGN);
}
