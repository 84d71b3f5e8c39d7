/* SPDX-License-Identifier: MIT */
/*
 * first-line ROUNDS COMMAND [ARGUMENT]...: from the fork to the first byte that
 * the command writes to its standard output, which is its guest's; then it is
 * killed. Prints the median in nanoseconds.
 */
#include <config.h>

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define MOST 1000

static void run(char **command, int output)
{
	int null = open("/dev/null", O_RDWR);

	/* None may outlive us: it would run on beside the next figure. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	execvp(command[0], command);
	err(127, "%s", command[0]);
}

static uint64_t first_byte(char **command)
{
	char byte;
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC) < 0)
		err(1, "pipe");
	uint64_t start = bench_now();
	pid_t child = fork();
	if (child < 0)
		err(1, "fork");
	if (child == 0)
		run(command, pipes[1]);
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 1)
		errx(1, "%s wrote nothing", command[0]);
	uint64_t took = bench_now() - start;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(pipes[0]);
	return took;
}

int main(int argc, char **argv)
{
	uint64_t samples[MOST];

	if (argc < 3)
		errx(2, "usage: first-line ROUNDS COMMAND [ARGUMENT]...");
	unsigned int rounds = bench_number(argv[1], MOST);
	for (unsigned int i = 0; i < rounds; i++)
		samples[i] = first_byte(argv + 2);
	printf("first_line_ns %" PRIu64 "\n", bench_median(samples, rounds));
	return 0;
}
