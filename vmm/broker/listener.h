/* SPDX-License-Identifier: MIT */
/* A run directory with one living broker, and its listening socket there. */
#ifndef LABYRINTH_BROKER_LISTENER_H
#define LABYRINTH_BROKER_LISTENER_H

#include "base/err.h"

/*
 * Make the directory and take its lock file. Returns the lock's descriptor
 * (close it to let go), or a negated errno: -EBUSY when another process holds
 * it.
 */
int listener_lock(const char *dir, const char *lock_name, struct err *err);

/*
 * Make a listening SOCK_SEQPACKET socket at `path`, for owner and group, in
 * place of one that was left there; nothing but a socket is replaced. Needs
 * the lock. Returns it (nonblocking, close-on-exec), or a negated errno.
 */
int listener_open(const char *path, struct err *err);

#endif
