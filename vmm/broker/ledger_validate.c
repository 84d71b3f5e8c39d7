/* SPDX-License-Identifier: MIT */
/* All that the ledger says, computed again from the extents alone. */
#include <config.h>

#include <errno.h>
#include <stddef.h>

#include "broker/ledger_private.h"

/* A list's length, or UINT32_MAX when a link, state or owner is not right. */
static uint32_t list_length(const struct ledger *self,
			    const struct extent_list *list,
			    enum extent_state state, uint32_t owner)
{
	uint32_t length = 0;
	uint32_t before = LEDGER_NO_EXTENT;

	for (uint32_t i = list->first; i != LEDGER_NO_EXTENT;
	     i = self->extents[i].next) {
		if (i >= self->total || self->extents[i].prev != before ||
		    self->extents[i].state != state ||
		    self->extents[i].owner != owner || length == self->total)
			return UINT32_MAX;
		before = i;
		length++;
	}
	return list->last == before ? length : UINT32_MAX;
}

static int validate_states(const struct ledger *self, struct err *err)
{
	uint32_t counts[EXTENT_STATES] = {0};

	for (uint32_t i = 0; i < self->total; i++) {
		const struct extent *extent = &self->extents[i];
		if (extent->state >= EXTENT_STATES)
			return err_say(err, EUCLEAN, "extent %u: state %u", i,
				       extent->state);
		if ((extent->owner != 0) != (extent->state == EXTENT_LEASED) ||
		    (extent->owner != 0 && extent->generation == 0))
			return err_say(err, EUCLEAN,
				       "extent %u: %s, owner %u, generation %u",
				       i, ledger_state_name(extent->state),
				       extent->owner, extent->generation);
		counts[extent->state]++;
	}
	for (enum extent_state s = 0; s < EXTENT_STATES; s++) {
		if (counts[s] != self->counts[s])
			return err_say(err, EUCLEAN, "%s: %u extents, not %u",
				       ledger_state_name(s), counts[s],
				       self->counts[s]);
		if (s != EXTENT_LEASED &&
		    list_length(self, &self->lists[s], s, 0) != counts[s])
			return err_say(err, EUCLEAN,
				       "the list of %s extents is broken",
				       ledger_state_name(s));
	}
	return 0;
}

int ledger_validate(const struct ledger *self, struct err *err)
{
	uint32_t guaranteed = 0, promised = 0, held = 0;

	int r = validate_states(self, err);
	if (r < 0)
		return r;
	for (const struct account *a = self->accounts; a != NULL; a = a->next) {
		if (list_length(self, &a->leases, EXTENT_LEASED, a->id) !=
		    a->held)
			return err_say(err, EUCLEAN,
				       "the list of account %u is broken",
				       a->id);
		if (a->held > a->maximum)
			return err_say(err, EUCLEAN,
				       "account %u holds %u, at most %u", a->id,
				       a->held, a->maximum);
		guaranteed += a->guarantee;
		promised += ledger_unmet(a);
		held += a->held;
	}
	if (guaranteed != self->guaranteed || promised != self->promised ||
	    held != self->counts[EXTENT_LEASED])
		return err_say(err, EUCLEAN,
			       "accounts sum to %u guaranteed, %u promised, "
			       "%u held; the ledger says %u, %u, %u",
			       guaranteed, promised, held, self->guaranteed,
			       self->promised, self->counts[EXTENT_LEASED]);
	if (guaranteed > self->size || self->size > self->total ||
	    promised > self->total - held)
		return err_say(err, EUCLEAN,
			       "%u guaranteed and %u promised of %u, of %u "
			       "extents %u held",
			       guaranteed, promised, self->size, self->total,
			       held);
	return 0;
}
