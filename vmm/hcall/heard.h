/* SPDX-License-Identifier: MIT */
/*
 * What the broker says by itself: that it wants leases back, how scarce they
 * are, and which it took. Noted as it is heard; what follows is the supplier's.
 */
#ifndef LABYRINTH_HCALL_HEARD_H
#define LABYRINTH_HCALL_HEARD_H

#include "hcall/guest.h"
#include "lease/client.h"
#include "mem/source.h"

/*
 * The events of a client whose guest is `guest`, for client_hello(); by the
 * thread that reads the socket.
 */
struct client_events heard_events(struct hcall_guest *guest);

/*
 * Let go of the leases that were taken, and tell the broker by `source`. On the
 * thread that maps and unmaps, guest->lock not held.
 */
void heard_losses(struct hcall_guest *guest, const struct lease_source *source);

/*
 * The broker has hung up: was it that it let this guest go, and took all? Looks
 * at every lease, and lets go of what is not there any more.
 */
void heard_hangup(struct hcall_guest *guest, const struct lease_source *source);

#endif
