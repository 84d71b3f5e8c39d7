/* SPDX-License-Identifier: MIT */
/*
 * A program that is traced from its first instruction on, or from now on; what
 * kill-at and fault-at have in common.
 */
#ifndef TESTS_SYSTEM_TRACEE_H
#define TESTS_SYSTEM_TRACEE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* End with status 2 and `what`, and errno's text, unless it holds. */
void must(bool holds, const char *what);

/* A file of /proc/PID. */
int tracee_open(pid_t pid, const char *name, int flags);

/* What is to be added to the file's addresses in the process. */
uint64_t tracee_bias(pid_t pid);

/* Follow a thread; false if it is followed already, or gone. */
bool tracee_seize(pid_t thread, long options);

/* The signal that this stop of waitpid() is about: none if ptrace's own. */
int tracee_signal(int status);

/* On, by PTRACE_CONT or PTRACE_SYSCALL; a thread that was told to stop stays.
 */
void tracee_resume(pid_t thread, int status, int how);

/*
 * Become `program`, whose tracer is a grandchild, so that this is whom our
 * caller started, and has no child that it does not know. The tracer calls
 * `trace`, with the process to trace, which follows it from its exec on and
 * does not return. `report` is not for the program.
 */
_Noreturn void tracee_become(char **program, long options, FILE *report,
			     void (*trace)(pid_t pid));

#endif
