/* SPDX-License-Identifier: MIT */
/* What an administrator may have done to a living guest, by its id. */
#ifndef LABYRINTH_BROKER_COMMAND_H
#define LABYRINTH_BROKER_COMMAND_H

#include <stdint.h>

#include "base/err.h"
#include "broker/registry.h"

/* The guest of this id, or NULL. */
struct guest *command_find(const struct registry *registry, uint32_t id);

/*
 * End a guest: its VMM's process is killed, and when this returns all its
 * leases are taken back and its name is free. 0, or a refusal: -ENOENT without
 * such a guest, -ESRCH when its process is gone (and it will be, too), or what
 * the kernel says.
 */
int command_destroy(struct registry *registry, uint32_t id, struct err *err);

/*
 * Ask a guest to end: SIGTERM to its VMM's process. It may live on for a
 * while. Refused like command_destroy().
 */
int command_shutdown(struct registry *registry, uint32_t id, struct err *err);

/*
 * Move a guest's limit, for as long as it lives, also under the next broker.
 * What it holds above that it is to give back, and loses in the end: see
 * broker/taking.h. -ERANGE and a sentence for one below its guarantee or above
 * its maximum.
 */
int command_limit(struct registry *registry, uint32_t id, uint64_t leases,
		  struct err *err);

#endif
