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

/* How to demand leases of a session's guest: session_demand(). */
typedef int admin_demand(struct session *session, struct session *asker,
			 uint32_t leases, uint64_t due, struct err *err);

/* Who asks. */
struct admin {
	struct registry *registry;
	admin_demand *demand;
	struct session *asker;
	uid_t uid;
	uint64_t now; /* us */
};

#define ADMIN_LATER 1

/*
 * Do what a user asks, and make the answer: its type and what belongs to it,
 * and a descriptor (the caller's) if one goes with it, else *fd stays. 0;
 * ADMIN_LATER when the answer is for others to send; or a negated errno and why
 * it is refused.
 */
int admin_answer(const struct admin *self, const struct lab_lease_msg *question,
		 struct lab_lease_msg *answer, int *fd, struct err *err);

#endif
