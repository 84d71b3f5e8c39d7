/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/kicks.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define US_PER_MS UINT64_C(1000)

int kicks_open(struct kicks *self, struct err *err)
{
	*self = (struct kicks){
		.idle = {.period = KICKS_PERIOD * US_PER_MS,
			 .burst = KICKS_BURST},
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	return self->fd < 0 ? err_set(err, errno, "hear a guest's kicks") : 0;
}

void kicks_close(struct kicks *self)
{
	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
}

int kicks_listen(const struct kicks *self, uint64_t now, int *ms)
{
	if (now >= self->deaf_till)
		return self->fd;
	int left = (int)(self->deaf_till - now);
	if (*ms < 0 || left < *ms)
		*ms = left;
	return -1;
}

bool kicks_take(struct kicks *self)
{
	eventfd_t many;

	return eventfd_read(self->fd, &many) == 0;
}

void kicks_idle(struct kicks *self, uint64_t now)
{
	uint64_t ignored;

	if (!meter_pass(&self->idle, now * US_PER_MS, &ignored))
		self->deaf_till = now + KICKS_PERIOD;
}
