/* SPDX-License-Identifier: MIT */
/*
 * What the broker does about scarcity: serves those who wait in their order,
 * asks guests that hold more than their guarantee to give back, and tells
 * everybody how scarce it is. It asks; to take by force is not its business.
 */
#ifndef LABYRINTH_BROKER_SHORTAGE_H
#define LABYRINTH_BROKER_SHORTAGE_H

#include <stdint.h>

#include "broker/registry.h"

/* A request to give back lapses after so long (us), and may be repeated. */
#define SHORTAGE_PERIOD UINT64_C(1000000)

/* So often at most are others asked on behalf of one LEASE. */
#define SHORTAGE_ROUNDS 8

/* A level that was announced is not taken back for so long (us). */
#define SHORTAGE_HOLD UINT64_C(100000)

/*
 * Do all that is due in every pool at `now` (us, CLOCK_MONOTONIC); call it
 * after whatever happened. Returns when to call it again though nothing
 * happens: later than now, UINT64_MAX for never.
 */
uint64_t shortage_settle(struct registry *registry, uint64_t now);

#endif
