/* SPDX-License-Identifier: MIT */
/*
 * Guests of the broker before, which died or was upgraded while they ran: what
 * the journal says of them, and what proves it. Until such a guest comes back
 * it is awaited: it is listed, it holds what it held and is promised what it
 * was promised, but no session speaks for it.
 */
#ifndef LABYRINTH_BROKER_ADOPT_H
#define LABYRINTH_BROKER_ADOPT_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/registry.h"

/*
 * Put back what a pool's journal says, and find the files of its guests. The
 * pool has been opened and not been filled. 0, or -EUCLEAN and a sentence when
 * the journal contradicts itself.
 */
int adopt_restore(struct registry *registry, struct pool *pool,
		  struct err *err);

/*
 * A HELLO says LAB_HELLO_ADOPT. 0 and the guest, who holds exactly what is
 * proven now: the rest of what the journal had as its own is taken back. Or a
 * refusal, which changes nothing: -ESTALE when no guest of this name is
 * awaited, -EEXIST when it came back already, -EPERM when this is not the
 * process that was admitted, or not as it was, -EACCES when nothing can be
 * proven.
 */
int adopt_return(struct registry *registry, const struct lab_lease_msg *hello,
		 pid_t pid, struct guest **out, struct err *err);

/*
 * Take back what those held whose process is gone; and, when it is `late`, of
 * all that are awaited what can be found. How many guests are still to be
 * looked at: awaited, or in a process that may yet receive a lease.
 */
size_t adopt_settle(struct registry *registry, bool late);

#endif
