/* SPDX-License-Identifier: MIT */
/* Which process a number means: numbers are used again. */
#ifndef LABYRINTH_BROKER_PROCESS_H
#define LABYRINTH_BROKER_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * When the process of this number began, in the kernel's ticks (above 0), by
 * which it differs from any that had the number before. 0 when there is none,
 * or nothing is left of it but its exit status.
 */
uint64_t process_start(pid_t pid);

/* Kill the process of this number and start, if it is there; never ourselves.
 */
void process_kill(pid_t pid, uint64_t start);

#endif
