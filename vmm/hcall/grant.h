/* SPDX-License-Identifier: MIT */
/* What granting one block and many have in common. */
#ifndef LABYRINTH_HCALL_GRANT_H
#define LABYRINTH_HCALL_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "hcall/guest.h"
#include "machine/vcpu.h"

/* 0, or -EINVAL for flags that are incoherent or unknown. */
int grant_check_flags(uint64_t gfp);

/*
 * 0, -EDEADLK for a call that may wait from a context that cannot sleep, or
 * -EINVAL for one that wants an event sent to nowhere.
 */
int grant_check_context(const struct hcall_guest *guest,
			const struct vcpu_call *call, uint64_t gfp);

/*
 * Is this grant of count blocks to fail by injection? Any of its blocks may
 * be the one. It has then been counted as refused; answer -ENOMEM.
 */
bool grant_injected(struct hcall_guest *guest, uint64_t gfp, uint64_t order,
		    uint64_t count);

/*
 * Take the blocks as demand_take() does; one that is refused is counted, and
 * noted for the log.
 */
int grant_take(struct hcall_guest *guest, uint64_t gfp, uint64_t order,
	       uint64_t count, uint32_t *pages);

/* Zero the pages if the flags ask for it; they are granted. */
void grant_prepare(struct hcall_guest *guest, uint64_t gfp, uint32_t page,
		   unsigned int order);

/*
 * The window page of a release, or -ERANGE, -ENXIO, -EDOM by that order of
 * checks.
 */
int64_t grant_page_of(const struct hcall_guest *guest, uint64_t gpa,
		      uint64_t order);

#endif
