/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/balloons.h"

#include <stdlib.h>

void balloons_compare(struct balloons *self, const struct view *view,
		      void (*changed)(void *context,
				      const struct view_guest *guest),
		      void *context)
{
	struct balloon *all = calloc(view->nguests + 1, sizeof(*all));
	size_t at = 0;

	/* Without memory what is known stays, and the next look tells. */
	if (all == NULL)
		return;
	for (size_t i = 0; i < view->nguests; i++) {
		const struct view_guest *guest = &view->guests[i];
		all[i] = (struct balloon){guest->id, guest->leases};
		while (at < self->count && self->all[at].id < guest->id)
			at++;
		if (changed != NULL && at < self->count &&
		    self->all[at].id == guest->id &&
		    self->all[at].leases != guest->leases)
			changed(context, guest);
	}
	free(self->all);
	self->all = all;
	self->count = view->nguests;
}

bool balloons_known(const struct balloons *self)
{
	return self->all != NULL;
}

void balloons_forget(struct balloons *self)
{
	free(self->all);
	*self = (struct balloons){0};
}
