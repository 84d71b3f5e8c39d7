/* SPDX-License-Identifier: MIT */
/* Below lab_pressure() and the shrinkers: what the VMM tells by itself. */
#ifndef GUEST_PRESSURE_H
#define GUEST_PRESSURE_H

#include <labyrinth/guest.h>

/*
 * Say where events go: to a page of our own, and if there is an APIC, to
 * processor 0. Again after somebody else said so. Panics if it is refused.
 */
void pressure_init(void);

/* The page that the VMM writes. */
const struct lab_status *pressure_status(void);

#endif
