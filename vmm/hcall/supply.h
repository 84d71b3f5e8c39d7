/* SPDX-License-Identifier: MIT */
/*
 * The supplier: the one thread of the VMM that is not a vCPU. It alone speaks
 * with the broker and maps and unmaps leases: for vCPUs that wait, ahead of
 * demand, and back to the broker. It sends the guest's interrupts, and logs
 * what failed. It waits for nothing but news.
 */
#ifndef LABYRINTH_HCALL_SUPPLY_H
#define LABYRINTH_HCALL_SUPPLY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "hcall/guest.h"
#include "hcall/plan.h"
#include "hcall/rejoin.h"
#include "lease/client.h"
#include "mem/source.h"

struct supply {
	struct hcall_guest *guest;
	struct plan plan;
	struct lease_source source;
	struct rejoin rejoin;
	int socket; /* readable when the broker has said something */
	struct failure_log failures;
	pthread_t thread;
	atomic_bool stop;
	bool running;
};

/*
 * Start the thread, which has the client for itself from then on. When its
 * broker goes it looks for the next one at rejoin->path. guest, client and
 * what rejoin names outlive it.
 */
int supply_start(struct supply *self, struct hcall_guest *guest,
		 const struct rejoin *rejoin, struct err *err);

/* End the thread, and wait for it. */
void supply_stop(struct supply *self);

#endif
