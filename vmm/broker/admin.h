/* SPDX-License-Identifier: MIT */
/*
 * What root, and the broker's own user, may ask in place of HELLO: the whole
 * ledger, and that leases be taken from a guest.
 */
#ifndef LABYRINTH_BROKER_ADMIN_H
#define LABYRINTH_BROKER_ADMIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <labyrinth/lease.h>

#include "base/err.h"
#include "broker/registry.h"

/* Is a message of this type such a question? */
bool admin_asks(uint16_t type);

/* How to take the newest lease of a session's guest. */
typedef void admin_take(struct session *session, enum lab_revoke_reason reason);

/*
 * Do what a user asks, and make the answer: its type and what belongs to it,
 * and a descriptor (the caller's) if one goes with it, else *fd stays. 0, or a
 * negated errno and why it is refused.
 */
int admin_answer(struct registry *registry, admin_take *take, uid_t uid,
		 const struct lab_lease_msg *question,
		 struct lab_lease_msg *answer, int *fd, struct err *err);

#endif
