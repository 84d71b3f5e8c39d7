/* SPDX-License-Identifier: MIT */
/* Below register_revoke_notifier(): notices that the VMM wrote. */
#ifndef GUEST_NOTICE_H
#define GUEST_NOTICE_H

#include <labyrinth/guest.h>

/* Before any of it: where the VMM writes. */
void notice_init(const struct lab_status *at);

/* Call who is registered for each notice that is new. In a handler. */
void notice_event(void);

#endif
