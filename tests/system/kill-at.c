/* SPDX-License-Identifier: MIT */
/*
 * kill-at: SIGKILL a program at a probe, or so many instructions after it.
 *
 *   kill-at [OPTION]... ADDRESS,... PROGRAM [ARGUMENT]...
 *   kill-at -p PID [OPTION]... ADDRESS,...
 *
 * ADDRESS: of probes, as `readelf -n` of the program says. It becomes the
 * program, under the same process number, or attaches to one that runs.
 *
 *   -n HIT    at the HIT-th time that any of them is come by (1)
 *   -s STEPS  so many instructions after that (0)
 *   -k PID    kill this one as well, while the first stands still
 *   -o        kill only that other one; the first then runs on
 *   -r FILE   where to report, first `armed`, then one of
 *               hit ADDRESS    all that were to be killed are dead
 *               ended HITS     it ended before, after so many
 *
 * A probe is a nop. A breakpoint takes its place, so to go on is to go on.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tracee.h"

#define PLACES_MAX  64
#define THREADS_MAX 64
#define OPTIONS	    (PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

static const uint8_t nop = 0x90, int3 = 0xcc;

static struct {
	pid_t pid, other;
	unsigned long hit, steps;
	bool only_other;
	FILE *report;
	uint64_t places[PLACES_MAX]; /* as the file has them */
	size_t nplaces;
	uint64_t bias; /* what is added to them in the process */
	unsigned long hits;
} the;

/* The process's memory and what the kernel says of it. */

/* Put this byte where each probe is; there must be that one. */
static void replace(uint8_t old, uint8_t new)
{
	cleanup_close int fd = tracee_open(the.pid, "mem", O_RDWR);

	for (size_t i = 0; i < the.nplaces; i++) {
		off_t at = (off_t)(the.bias + the.places[i]);
		uint8_t byte = 0;
		must(pread(fd, &byte, 1, at) == 1 && byte == old,
		     "there is no probe at an address");
		must(pwrite(fd, &new, 1, at) == 1, "plant a breakpoint");
	}
}

static void report(const char *what, uint64_t number)
{
	fprintf(the.report, "%s %#" PRIx64 "\n", what, number);
	fflush(the.report);
}

static void plant(void)
{
	the.bias = tracee_bias(the.pid);
	replace(nop, int3);
	report("armed", the.nplaces);
}

/* Threads */

/* All of its threads; how many. More may come. */
static size_t threads(pid_t found[THREADS_MAX])
{
	char path[64];
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)the.pid);
	DIR *folder = opendir(path);
	for (const struct dirent *entry;
	     folder != NULL && (entry = readdir(folder)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		must(count < THREADS_MAX, "too many threads");
		found[count++] = atoi(entry->d_name);
	}
	if (folder != NULL)
		closedir(folder);
	return count;
}

/* Until a look finds none that is new; those of ours are refused. */
static void attach(void)
{
	pid_t found[THREADS_MAX];
	size_t fresh;

	must(tracee_seize(the.pid, OPTIONS), "attach");
	do {
		size_t count = threads(found);
		fresh = 0;
		for (size_t i = 0; i < count; i++)
			fresh += tracee_seize(found[i], OPTIONS);
	} while (fresh > 0);
}

/* The probe before which this thread stands, if it does by our breakpoint. */
static bool at_probe(pid_t thread, uint64_t *place)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, thread, NULL, &regs) < 0)
		return false;
	*place = regs.rip - 1 - the.bias;
	for (size_t i = 0; i < the.nplaces; i++) {
		if (the.places[i] == *place)
			return true;
	}
	return false;
}

/*
 * Is the signal of a breakpoint on its way to a thread that was stopped before
 * it came? It would be the death of one that nobody traces.
 */
static bool has_trap(pid_t thread)
{
	struct __ptrace_peeksiginfo_args first = {.nr = 8};
	siginfo_t pending[8];

	long count = ptrace(PTRACE_PEEKSIGINFO, thread, &first, pending);
	for (long i = 0; i < count; i++) {
		if (pending[i].si_signo == SIGTRAP)
			return true;
	}
	return false;
}

/* One thread is let go as it stands; each other at its next stop. */
static void detach(pid_t stopped)
{
	pid_t found[THREADS_MAX];
	int status;

	replace(int3, nop);
	size_t count = threads(found);
	for (size_t i = 0; i < count; i++)
		ptrace(PTRACE_INTERRUPT, found[i], NULL, NULL);
	must(ptrace(PTRACE_DETACH, stopped, NULL, NULL) == 0, "let go");
	for (pid_t thread; (thread = waitpid(-1, &status, __WALL)) > 0;) {
		if (!WIFSTOPPED(status))
			continue;
		ptrace(has_trap(thread) ? PTRACE_CONT : PTRACE_DETACH, thread,
		       NULL, (long)tracee_signal(status));
	}
}

/* The end */

/* Dead, and its descriptors closed: a reaper may be late. */
static void kill_other(void)
{
	struct pollfd fd = {
		.fd = (int)syscall(SYS_pidfd_open, the.other, 0),
		.events = POLLIN,
	};

	if (fd.fd < 0)
		return; /* it has ended by itself */
	kill(the.other, SIGKILL);
	while (poll(&fd, 1, -1) < 0 && errno == EINTR)
		;
	close(fd.fd);
}

static void kill_self(void)
{
	int status;

	kill(the.pid, SIGKILL);
	while (waitpid(-1, &status, __WALL) > 0)
		;
}

static void ended(void)
{
	report("ended", the.hits);
	exit(0);
}

/* Through so many instructions of one thread; the others go on meanwhile. */
static void step(pid_t thread)
{
	int status = 0;

	for (unsigned long i = 0; i < the.steps; i++) {
		ptrace(PTRACE_SINGLESTEP, thread, NULL,
		       (long)tracee_signal(status));
		pid_t stopped = waitpid(-1, &status, __WALL);
		for (; stopped > 0 && stopped != thread;
		     stopped = waitpid(-1, &status, __WALL)) {
			if (WIFSTOPPED(status))
				tracee_resume(stopped, status, PTRACE_CONT);
		}
		if (stopped < 0 || !WIFSTOPPED(status))
			ended();
	}
}

static void strike(pid_t thread, uint64_t place)
{
	step(thread);
	if (the.other != 0)
		kill_other();
	if (the.only_other)
		detach(thread);
	else
		kill_self();
	report("hit", place);
	exit(0);
}

static void trace(pid_t pid)
{
	uint64_t place;
	int status;

	the.pid = pid;
	for (pid_t thread; (thread = waitpid(-1, &status, __WALL)) > 0;) {
		if (!WIFSTOPPED(status))
			continue;
		if (status >> 16 == PTRACE_EVENT_EXEC)
			plant();
		else if (status >> 16 == 0 && WSTOPSIG(status) == SIGTRAP &&
			 at_probe(thread, &place) && ++the.hits == the.hit)
			strike(thread, place);
		tracee_resume(thread, status, PTRACE_CONT);
	}
	ended();
}

static void read_places(char *list)
{
	char *rest = NULL;

	for (char *word = strtok_r(list, ",", &rest); word != NULL;
	     word = strtok_r(NULL, ",", &rest)) {
		must(the.nplaces < PLACES_MAX, "too many addresses");
		the.places[the.nplaces++] = strtoull(word, NULL, 16);
	}
}

static void read_options(int argc, char **argv)
{
	the.hit = 1;
	for (int c; (c = getopt(argc, argv, "+p:n:s:k:or:")) != -1;) {
		if (c == 'p')
			the.pid = atoi(optarg);
		else if (c == 'n')
			the.hit = strtoul(optarg, NULL, 10);
		else if (c == 's')
			the.steps = strtoul(optarg, NULL, 10);
		else if (c == 'k')
			the.other = atoi(optarg);
		else if (c == 'o')
			the.only_other = true;
		else if (c == 'r')
			the.report = fopen(optarg, "we");
		else
			exit(2);
	}
	must(the.report != NULL, "open the report of -r");
	must(optind < argc, "an address, please");
	read_places(argv[optind]);
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	if (the.pid == 0)
		tracee_become(argv + optind + 1, OPTIONS, the.report, trace);
	attach();
	plant();
	trace(the.pid);
}
