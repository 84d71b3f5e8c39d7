/* SPDX-License-Identifier: MIT */
/*
 * Leases that the broker is about to take: nothing is granted in them any more,
 * the guest is told which, and what is empty goes back before it is taken; or
 * one that lies idle goes back in its place. guest->lock is held by every
 * caller.
 */
#ifndef LABYRINTH_HCALL_NOTICE_H
#define LABYRINTH_HCALL_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "hcall/guest.h"

/*
 * The lease of this extent of the guest's memory (boot RAM or window) will be
 * taken in so many ms.
 */
void notice_add(struct hcall_guest *guest, uint64_t lease, uint32_t extent,
		uint32_t ms);

/* It stays after all: it may be granted from again. */
void notice_call_off(struct hcall_guest *guest, uint64_t lease);

/* It is gone, given back or taken. Nothing happens if there was no notice. */
void notice_end(struct hcall_guest *guest, uint64_t lease);

/* The broker that wanted them is no more. */
void notice_forget_all(struct hcall_guest *guest);

/*
 * The extent of the window whose lease should go back for a notice: one that
 * will be taken and is empty, else one that lies idle. 0, or -ENOENT.
 */
int notice_answer(const struct hcall_guest *guest, uint32_t *extent);

/* The lease of this extent, of which notice_answer() said so, goes back. */
void notice_given(struct hcall_guest *guest, uint32_t extent);

#endif
