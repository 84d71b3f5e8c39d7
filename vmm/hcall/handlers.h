/* SPDX-License-Identifier: MIT */
/*
 * One handler for each call: decode, check everything, then do. Each returns
 * what the guest finds in RAX. See docs/hypercalls.md for every answer.
 * A handler is called with guest->lock held and returns with it held; one that
 * may sleep lets go of it meanwhile.
 */
#ifndef LABYRINTH_HCALL_HANDLERS_H
#define LABYRINTH_HCALL_HANDLERS_H

#include <stdint.h>

#include "hcall/guest.h"
#include "machine/vcpu.h"

typedef int64_t hcall_handler(struct hcall_guest *guest,
			      const struct vcpu_call *call);

hcall_handler hcall_version;
hcall_handler hcall_features;
hcall_handler hcall_grant;
hcall_handler hcall_release;
hcall_handler hcall_grant_bulk;
hcall_handler hcall_release_bulk;
hcall_handler hcall_query;
hcall_handler hcall_inspect;
hcall_handler hcall_console;
hcall_handler hcall_exit;
hcall_handler hcall_fail;
hcall_handler hcall_output;
hcall_handler hcall_events;
hcall_handler hcall_stats;

/* While grants are to fail on purpose the guest makes a call for each: at its
 * start, and when it says so. */
void fail_calls(struct hcall_guest *guest);

#endif
