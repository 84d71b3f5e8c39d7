/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "tracee.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
		strerror(errno));
	exit(2);
}

int tracee_open(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd = open(path, flags | O_CLOEXEC);
	must(fd >= 0, path);
	return fd;
}

static uint64_t entry_in_memory(pid_t pid)
{
	cleanup_close int fd = tracee_open(pid, "auxv", O_RDONLY);
	Elf64_auxv_t auxv;

	while (read(fd, &auxv, sizeof(auxv)) == sizeof(auxv)) {
		if (auxv.a_type == AT_ENTRY)
			return auxv.a_un.a_val;
	}
	must(false, "no entry in auxv");
	return 0;
}

static uint64_t entry_in_file(pid_t pid)
{
	cleanup_close int fd = tracee_open(pid, "exe", O_RDONLY);
	Elf64_Ehdr header;

	must(read(fd, &header, sizeof(header)) == sizeof(header), "its header");
	return header.e_entry;
}

uint64_t tracee_bias(pid_t pid)
{
	return entry_in_memory(pid) - entry_in_file(pid);
}

bool tracee_seize(pid_t thread, long options)
{
	return ptrace(PTRACE_SEIZE, thread, NULL, options) == 0;
}

int tracee_signal(int status)
{
	int signal = WSTOPSIG(status);

	return status >> 16 != 0 || signal == SIGTRAP ||
			       signal == (SIGTRAP | 0x80)
		       ? 0
		       : signal;
}

void tracee_resume(pid_t thread, int status, int how)
{
	bool group = status >> 16 == PTRACE_EVENT_STOP &&
		     WSTOPSIG(status) != SIGTRAP;

	if (group)
		ptrace(PTRACE_LISTEN, thread, NULL, NULL);
	else
		ptrace(how, thread, NULL, (long)tracee_signal(status));
}

void tracee_become(char **program, long options, FILE *report,
		   void (*trace)(pid_t pid))
{
	pid_t pid = getpid();
	int ready[2];
	char byte;

	must(pipe(ready) == 0, "pipe");
	pid_t child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		if (fork() != 0)
			_exit(0);
		must(tracee_seize(pid, options), "attach");
		must(write(ready[1], "", 1) == 1, "pipe");
		close(ready[0]);
		close(ready[1]);
		trace(pid);
	}
	waitpid(child, NULL, 0);
	close(ready[1]);
	must(read(ready[0], &byte, 1) == 1, "the tracer has failed");
	close(ready[0]);
	fcntl(fileno(report), F_SETFD, FD_CLOEXEC);
	execv(program[0], program);
	must(false, program[0]);
	abort();
}
