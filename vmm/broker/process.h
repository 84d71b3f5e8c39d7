/* SPDX-License-Identifier: MIT */
/* Which process a number means: numbers are used again. */
#ifndef LABYRINTH_BROKER_PROCESS_H
#define LABYRINTH_BROKER_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * When the process of this number began, in the kernel's ticks (above 0), by
 * which it differs from any that had the number before. 0, or a negated errno:
 * -ESRCH when there is none, or nothing is left of it but its exit status;
 * others when that could not be seen, though it was tried more than once.
 */
int process_look(pid_t pid, uint64_t *start);

/* The same, 0 for any failure. */
uint64_t process_start(pid_t pid);

/*
 * Send a signal to the process of this number that began at `start`, and to no
 * other, whatever becomes of the number meanwhile. 0, or a negated errno:
 * -ESRCH when there is none such, as process_look() has it.
 */
int process_signal(pid_t pid, uint64_t start, int signal);

#endif
