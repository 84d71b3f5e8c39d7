/* SPDX-License-Identifier: MIT */
/* Take pages until just so many are free. Refills must be off. */
#ifndef EXERCISE_DRAIN_H
#define EXERCISE_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Take free pages, by ATOMIC, until `free` are left; or give back what was
 * taken so until as many are. False, and the running case has failed, if that
 * is not to be had. The leases stay as they are as long as less is given back
 * than a lease holds.
 */
bool drain_to(uint64_t free);

/* Give back all that drain_to() took. */
void drain_off(void);

/* The free pages of now. */
uint64_t free_pages(void);

#endif
