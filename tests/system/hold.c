/* SPDX-License-Identifier: MIT */
/*
 * hold THREAD...: stop threads where they are, one by one and not the rest of
 * their process, say "held", and let them go at the end of the input.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int hold(pid_t thread)
{
	int status;

	if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) < 0 ||
	    ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) < 0)
		return -1;
	return waitpid(thread, &status, __WALL) == thread && WIFSTOPPED(status)
		       ? 0
		       : -1;
}

int main(int argc, char **argv)
{
	char byte;

	for (int i = 1; i < argc; i++) {
		if (hold((pid_t)strtol(argv[i], NULL, 10)) < 0) {
			perror("hold");
			return 1;
		}
	}
	puts("held");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	/* The kernel lets go of them with us. */
	return 0;
}
