/* SPDX-License-Identifier: MIT */
/* Who owns what: states and lists. No system calls. */
#include <config.h>

#include "broker/ledger_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const bool legal[EXTENT_STATES][EXTENT_STATES] = {
	[EXTENT_WITHDRAWN][EXTENT_DIRTY] = true,
	[EXTENT_DIRTY][EXTENT_BLANK] = true,
	[EXTENT_DIRTY][EXTENT_WITHDRAWN] = true,
	[EXTENT_BLANK][EXTENT_WITHDRAWN] = true,
	[EXTENT_BLANK][EXTENT_LEASED] = true,
	[EXTENT_LEASED][EXTENT_REVOKING] = true,
	[EXTENT_REVOKING][EXTENT_DIRTY] = true,
};

const char *ledger_state_name(enum extent_state state)
{
	static const char *const names[EXTENT_STATES] = {
		[EXTENT_WITHDRAWN] = "withdrawn", [EXTENT_DIRTY] = "dirty",
		[EXTENT_BLANK] = "blank",	  [EXTENT_LEASED] = "leased",
		[EXTENT_REVOKING] = "revoking",
	};

	return state < EXTENT_STATES ? names[state] : "unknown";
}

void ledger_insist(bool holds, uint32_t extent, const char *rule)
{
	if (holds)
		return;
	fprintf(stderr, "ledger: bug in the broker, extent %u: not so: %s\n",
		extent, rule);
	abort();
}

struct ledger *ledger_new(uint32_t total)
{
	struct ledger *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	for (int state = 0; state < EXTENT_STATES; state++)
		self->lists[state] = (struct extent_list){LEDGER_NO_EXTENT,
							  LEDGER_NO_EXTENT};
	if (ledger_resize(self, total) == 0)
		return self;
	ledger_free(self);
	return NULL;
}

void ledger_free(struct ledger *self)
{
	if (self != NULL)
		free(self->extents);
	free(self);
}

/* Lists */

static void list_append(struct ledger *self, struct extent_list *list,
			uint32_t index)
{
	struct extent *extent = &self->extents[index];

	extent->prev = list->last;
	extent->next = LEDGER_NO_EXTENT;
	if (list->last != LEDGER_NO_EXTENT)
		self->extents[list->last].next = index;
	else
		list->first = index;
	list->last = index;
}

static void list_remove(struct ledger *self, struct extent_list *list,
			uint32_t index)
{
	const struct extent *extent = &self->extents[index];

	if (extent->prev != LEDGER_NO_EXTENT)
		self->extents[extent->prev].next = extent->next;
	else
		list->first = extent->next;
	if (extent->next != LEDGER_NO_EXTENT)
		self->extents[extent->next].prev = extent->prev;
	else
		list->last = extent->prev;
}

static struct extent_list *list_of(struct ledger *self, enum extent_state state,
				   struct account *account)
{
	return state == EXTENT_LEASED ? &account->leases : &self->lists[state];
}

/* Size */

/* More extents, withdrawn as every one is at first. */
static int extend(struct ledger *self, uint32_t total)
{
	struct extent *extents =
		realloc(self->extents, (size_t)total * sizeof(*extents));

	if (extents == NULL)
		return -ENOMEM;
	self->extents = extents;
	for (uint32_t i = self->total; i < total; i++) {
		extents[i] = (struct extent){.state = EXTENT_WITHDRAWN};
		list_append(self, &self->lists[EXTENT_WITHDRAWN], i);
	}
	self->counts[EXTENT_WITHDRAWN] += total - self->total;
	self->total = total;
	return 0;
}

int ledger_resize(struct ledger *self, uint32_t size)
{
	ledger_insist(size > 0 && size < LEDGER_NO_EXTENT, size,
		      "a pool has 1 to 2^32-2 extents");
	ledger_insist(size >= self->guaranteed, size,
		      "a pool has what it promised");
	int r = size > self->total ? extend(self, size) : 0;
	if (r == 0)
		self->size = size;
	return r;
}

/* Transitions */

static void set_held(struct ledger *self, struct account *account,
		     uint32_t held)
{
	self->promised -= ledger_unmet(account);
	account->held = held;
	self->promised += ledger_unmet(account);
}

static void check_move(const struct ledger *self, uint32_t index,
		       enum extent_state to, const struct account *account)
{
	ledger_insist(index < self->total, index, "the extent is of this pool");
	const struct extent *extent = &self->extents[index];
	bool gives = extent->state == EXTENT_LEASED;

	ledger_insist(to < EXTENT_STATES && legal[extent->state][to], index,
		      "the transition is legal");
	ledger_insist((account != NULL) == (gives || to == EXTENT_LEASED),
		      index, "an account moves what becomes or was its own");
	ledger_insist(!gives || extent->owner == account->id, index,
		      "only its owner's account gives a lease up");
	ledger_insist(extent->state != EXTENT_WITHDRAWN || ledger_due(self) > 0,
		      index, "no more come into service than are due");
	ledger_insist(to != EXTENT_LEASED ||
			      ledger_may_lease(self, account) == LEDGER_NOW,
		      index, "the account may get one more lease");
}

static void move(struct ledger *self, uint32_t index, enum extent_state to,
		 struct account *account)
{
	struct extent *extent = &self->extents[index];
	enum extent_state from = extent->state;

	list_remove(self, list_of(self, from, account), index);
	list_append(self, list_of(self, to, account), index);
	self->counts[from]--;
	self->counts[to]++;
	extent->state = (uint8_t)to;
	if (from == EXTENT_LEASED) {
		extent->owner = 0;
		set_held(self, account, account->held - 1);
	}
	if (to == EXTENT_LEASED) {
		extent->owner = account->id;
		set_held(self, account, account->held + 1);
	}
}

void ledger_move(struct ledger *self, uint32_t index, enum extent_state to,
		 struct account *account)
{
	check_move(self, index, to, account);
	struct extent *extent = &self->extents[index];

	move(self, index, to, account);
	if (to == EXTENT_LEASED && ++extent->generation == 0)
		extent->generation = 1;
}

void ledger_restore(struct ledger *self, uint32_t index, uint32_t generation,
		    struct account *account)
{
	ledger_insist(index < self->total, index, "the extent is of this pool");
	struct extent *extent = &self->extents[index];

	ledger_insist(extent->state == EXTENT_WITHDRAWN &&
			      extent->generation == 0,
		      index, "what is restored has not begun");
	ledger_insist(account == NULL || (generation > 0 &&
					  account->held < account->maximum),
		      index,
		      "what is leased has a generation, within the limit");
	extent->generation = generation;
	if (account != NULL)
		move(self, index, EXTENT_LEASED, account);
}

/* Questions */

uint32_t ledger_first(const struct ledger *self, enum extent_state state)
{
	return self->lists[state].first;
}

uint64_t ledger_lease_id(const struct ledger *self, uint32_t extent)
{
	ledger_insist(extent < self->total, extent,
		      "the extent is of this pool");
	return (uint64_t)self->extents[extent].generation << 32 | extent;
}

int ledger_find(const struct ledger *self, uint64_t lease,
		const struct account *account, uint32_t *extent)
{
	uint32_t index = (uint32_t)lease;

	if (index >= self->total)
		return -EINVAL;
	if (self->extents[index].generation != lease >> 32)
		return -ESTALE;
	if (self->extents[index].owner != account->id)
		return -EPERM;
	*extent = index;
	return 0;
}

enum extent_state ledger_state(const struct ledger *self, uint32_t extent)
{
	ledger_insist(extent < self->total, extent,
		      "the extent is of this pool");
	return self->extents[extent].state;
}

uint32_t ledger_owner(const struct ledger *self, uint32_t extent)
{
	ledger_insist(extent < self->total, extent,
		      "the extent is of this pool");
	return self->extents[extent].owner;
}

uint32_t ledger_count(const struct ledger *self, enum extent_state state)
{
	return self->counts[state];
}

uint32_t ledger_generation(const struct ledger *self, uint32_t extent)
{
	ledger_insist(extent < self->total, extent,
		      "the extent is of this pool");
	return self->extents[extent].generation;
}

uint32_t ledger_next(const struct ledger *self, uint32_t extent)
{
	ledger_insist(extent < self->total, extent,
		      "the extent is of this pool");
	return self->extents[extent].next;
}

uint32_t ledger_previous(const struct ledger *self, uint32_t extent)
{
	ledger_insist(extent < self->total, extent,
		      "the extent is of this pool");
	return self->extents[extent].prev;
}

uint32_t ledger_total(const struct ledger *self)
{
	return self->total;
}

uint32_t ledger_size(const struct ledger *self)
{
	return self->size;
}

uint32_t ledger_missing(const struct ledger *self)
{
	uint32_t in_service = self->total - self->counts[EXTENT_WITHDRAWN];

	return self->size > in_service ? self->size - in_service : 0;
}

uint32_t ledger_surplus(const struct ledger *self)
{
	uint32_t in_service = self->total - self->counts[EXTENT_WITHDRAWN];

	return in_service > self->size ? in_service - self->size : 0;
}

uint32_t ledger_guaranteed(const struct ledger *self)
{
	return self->guaranteed;
}

uint32_t ledger_promised(const struct ledger *self)
{
	return self->promised;
}
