/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/meter.h"

bool meter_pass(struct meter *self, uint64_t now, uint64_t *held)
{
	if (self->paid < now)
		self->paid = now;
	/* Each that passes uses up one period; a burst of them lies ahead. */
	if (self->paid - now > (self->burst - 1) * self->period) {
		self->held++;
		return false;
	}
	self->paid += self->period;
	*held = self->held;
	self->held = 0;
	return true;
}
