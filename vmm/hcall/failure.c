/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/failure.h"

#include <labyrinth/hypercall.h>

#include "base/log.h"

/* DEFAULT_RATELIMIT_BURST, and _INTERVAL in ms. */
#define BURST	 10
#define INTERVAL 5000

bool failure_counts(uint64_t gfp)
{
	return !(gfp & (LAB_GFP_NOWARN | LAB_GFP_NOWAIT));
}

void failure_end(struct failure_log *self, const char *guest)
{
	if (self->unsaid > 0)
		log_warning("guest `%s`: %llu failures more", guest,
			    (unsigned long long)self->unsaid);
	self->unsaid = 0;
}

void failure_say(struct failure_log *self, const struct failure *failure,
		 const char *guest, uint64_t now)
{
	if (self->period == 0 || now - self->period >= INTERVAL) {
		failure_end(self, guest);
		*self = (struct failure_log){.period = now};
	}
	self->unsaid += failure->more;
	if (self->said == BURST) {
		self->unsaid++;
		return;
	}
	self->said++;
	log_warning("guest `%s`: page allocation failure: %llu of order %llu, "
		    "mode %#llx (%s): %llu pages free, min %llu, %llu of %llu "
		    "leases",
		    guest, (unsigned long long)failure->count,
		    (unsigned long long)failure->order,
		    (unsigned long long)failure->gfp,
		    failure->gfp & LAB_GFP_ATOMIC ? "GFP_ATOMIC" : "GFP_KERNEL",
		    (unsigned long long)failure->free,
		    (unsigned long long)failure->min,
		    (unsigned long long)failure->leases,
		    (unsigned long long)failure->limit);
}
