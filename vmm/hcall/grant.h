/* SPDX-License-Identifier: MIT */
/* What granting one block and many have in common. */
#ifndef LABYRINTH_HCALL_GRANT_H
#define LABYRINTH_HCALL_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "hcall/guest.h"

/* 0, or -EINVAL for flags that are incoherent or unknown. */
int grant_check_flags(uint64_t gfp);

/*
 * Bring one more lease into the window, asking the broker and waiting for
 * it. 0, -ENOMEM, or -EDQUOT at the guest's limit.
 */
int grant_lease(struct hcall_guest *guest);

/*
 * Is this grant of count blocks to fail by injection? Any of its blocks may
 * be the one. It has then been counted as refused; answer -ENOMEM.
 */
bool grant_injected(struct hcall_guest *guest, uint64_t gfp, uint64_t order,
		    uint64_t count);

/* The answer when no held lease has room and the context may not wait. */
int grant_dry(const struct hcall_guest *guest);

/* Zero the pages if the flags ask for it. */
void grant_prepare(struct hcall_guest *guest, uint64_t gfp, uint32_t page,
		   unsigned int order);

/*
 * The window page of a release, or -ERANGE, -ENXIO, -EDOM by that order of
 * checks.
 */
int64_t grant_page_of(const struct hcall_guest *guest, uint64_t gpa,
		      uint64_t order);

/*
 * Give wholly free leases above the guarantee back to the broker, all but
 * one: the spare that keeps a guest at the border from flapping.
 */
void grant_give_back(struct hcall_guest *guest);

#endif
