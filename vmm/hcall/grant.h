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
 * May this call, with these flags, wait? 1 or 0, or -EDEADLK for one that
 * says it may, from a context that cannot sleep.
 */
int grant_may_wait(const struct vcpu_call *call, uint64_t gfp);

/*
 * Bring one more lease into the window, asking the broker and waiting for
 * it; guest->lock is let go of meanwhile. 0 (others may have used it up by
 * then), -ENOMEM, or -EDQUOT at the guest's limit.
 */
int grant_lease(struct hcall_guest *guest, struct vcpu *vcpu);

/*
 * Take the lease that a vCPU no longer waits for, now that it is there; and
 * give back what the broker asked for. For the thread that hears the broker:
 * guest->leasing held; guest->lock held for the second alone, which lets go of
 * it meanwhile.
 */
void grant_late(struct hcall_guest *guest);
void grant_answer_reclaim(struct hcall_guest *guest);

/*
 * Is this grant of count blocks to fail by injection? Any of its blocks may
 * be the one. It has then been counted as refused; answer -ENOMEM.
 */
bool grant_injected(struct hcall_guest *guest, uint64_t gfp, uint64_t order,
		    uint64_t count);

/* The answer when no held lease has room and the context may not wait. */
int grant_dry(const struct hcall_guest *guest);

/* Zero the pages if the flags ask for it; they are granted. */
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
 * one: the spare that keeps a guest at the border from flapping, and goes too
 * while the broker asks for leases. Lets go of
 * guest->lock meanwhile. Never waits: where another vCPU speaks with the
 * broker, that one does it when it is done.
 */
void grant_give_back(struct hcall_guest *guest);

#endif
