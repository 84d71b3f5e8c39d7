/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "hcall/rejoin.h"

#include <errno.h>
#include <inttypes.h>

#include "base/log.h"

bool rejoin_begin(struct rejoin *self)
{
	self->next = 0;
	self->asked = false;
	return self->path != NULL;
}

/* Say HELLO, when it is time to: 0, or -EAGAIN. */
static int knock(struct rejoin *self, uint64_t now)
{
	struct err err;

	if (now < self->next)
		return -EAGAIN;
	self->next = now + REJOIN_PERIOD;
	if (client_rejoin(self->client, self->path, self->request, &err) < 0)
		return -EAGAIN;
	self->asked = true;
	return 0;
}

static void say_found(uint64_t known, uint64_t held)
{
	if (known == held)
		log_info("the broker is back, and knows all %" PRIu64
			 " leases of the guest",
			 held);
	else
		log_warning("the broker is back, and knows %" PRIu64
			    " leases of the guest, which holds %" PRIu64,
			    known, held);
}

int rejoin_step(struct rejoin *self, uint64_t now, uint64_t held)
{
	struct client_welcome welcome;
	struct err err;

	int r = self->asked ? 0 : knock(self, now);
	if (r == 0)
		r = client_welcomed(self->client, &welcome, &err);
	if (r == -EAGAIN)
		return r;
	self->asked = false;
	/* This one went as well; or it has no memory for us at the moment. */
	if (r == -EPIPE || r == -ENOMEM)
		return -EAGAIN;
	if (r == 0)
		say_found(welcome.held, held);
	else
		log_warning("the guest goes on without a broker: %s", err.text);
	return r;
}

int rejoin_patience(const struct rejoin *self, uint64_t now)
{
	if (self->asked)
		return -1;
	return self->next < now ? 0 : (int)(self->next - now) + 1;
}
