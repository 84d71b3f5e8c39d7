/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "guests/guests.h"

#include "broker/command.h"

static int destroy(void *context, uint32_t id, struct err *err)
{
	struct guests *self = context;

	return command_destroy(self->registry, id, err);
}

static int ask_to_end(void *context, uint32_t id, struct err *err)
{
	struct guests *self = context;

	return command_shutdown(self->registry, id, err);
}

struct act_source guests_acts(struct guests *self)
{
	return (struct act_source){
		.destroy = destroy,
		.shutdown = ask_to_end,
		.context = self,
	};
}
