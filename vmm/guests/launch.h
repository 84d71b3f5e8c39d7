/* SPDX-License-Identifier: MIT */
/*
 * Starting a VMM: `labyrinth run` in a process and a session of its own, which
 * goes on when we end. It has this daemon's user and rights; of its files it
 * has none.
 */
#ifndef LABYRINTH_GUESTS_LAUNCH_H
#define LABYRINTH_GUESTS_LAUNCH_H

#include <sys/types.h>

#include "base/err.h"
#include "guests/domain.h"

/*
 * Start a domain's VMM, whose broker listens at `socket` and whose outputs go
 * to `console`. *ready becomes the end of a pipe, the caller's, in which one
 * byte comes when the guest is about to run its first instruction; its end
 * without a byte says that it will not. *pid is the process, to be waited for.
 */
int launch_vmm(const struct domain *domain, const char *socket, int console,
	       pid_t *pid, int *ready, struct err *err);

#endif
