/* SPDX-License-Identifier: MIT */
/* Who owns what: states, lists, accounts. No system calls. */
#include <config.h>

#include "broker/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct extent {
	uint32_t next; /* in its state's list, or in its owner's when leased */
	uint32_t prev;
	uint32_t generation; /* of its latest lease; 0 before the first */
	uint32_t owner;	     /* account id; 0 unless leased */
	uint8_t state;	     /* enum extent_state */
};

_Static_assert(sizeof(struct extent) <= 24, "ledger: bytes for an extent");

struct ledger {
	uint32_t total;
	uint32_t guaranteed; /* sum of guarantees */
	uint32_t promised;   /* sum of what is missing to the guarantees */
	uint32_t counts[EXTENT_STATES];
	struct extent_list lists[EXTENT_STATES]; /* leased: see the accounts */
	struct account *accounts;
	struct extent extents[];
};

static const bool legal[EXTENT_STATES][EXTENT_STATES] = {
	[EXTENT_WITHDRAWN][EXTENT_DIRTY] = true,
	[EXTENT_DIRTY][EXTENT_BLANK] = true,
	[EXTENT_DIRTY][EXTENT_WITHDRAWN] = true,
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

/* Our own bug: better no broker than one that hands a page out twice. */
static void insist(bool holds, uint32_t extent, const char *rule)
{
	if (holds)
		return;
	fprintf(stderr, "ledger: bug in the broker, extent %u: not so: %s\n",
		extent, rule);
	abort();
}

struct ledger *ledger_new(uint32_t total)
{
	insist(total > 0 && total < LEDGER_NO_EXTENT, total,
	       "a pool has 1 to 2^32-2 extents");
	struct ledger *self = calloc(
		1, sizeof(*self) + (size_t)total * sizeof(struct extent));
	if (self == NULL)
		return NULL;
	self->total = total;
	for (int state = 0; state < EXTENT_STATES; state++)
		self->lists[state] = (struct extent_list){LEDGER_NO_EXTENT,
							  LEDGER_NO_EXTENT};
	self->counts[EXTENT_WITHDRAWN] = total;
	self->lists[EXTENT_WITHDRAWN] = (struct extent_list){0, total - 1};
	for (uint32_t i = 0; i < total; i++) {
		self->extents[i].prev = i > 0 ? i - 1 : LEDGER_NO_EXTENT;
		self->extents[i].next =
			i + 1 < total ? i + 1 : LEDGER_NO_EXTENT;
	}
	return self;
}

void ledger_free(struct ledger *self)
{
	free(self);
}

/* Accounts */

static uint32_t unmet(const struct account *account)
{
	return account->guarantee > account->held
		       ? account->guarantee - account->held
		       : 0;
}

/* What could still be lent: blank, or blank after a scrub. */
static uint32_t lendable(const struct ledger *self)
{
	return self->counts[EXTENT_BLANK] + self->counts[EXTENT_DIRTY];
}

uint32_t ledger_spare(const struct ledger *self)
{
	uint32_t all = lendable(self);

	return all > self->promised ? all - self->promised : 0;
}

static const struct account *account_by_id(const struct ledger *self,
					   uint32_t id)
{
	const struct account *account = self->accounts;

	while (account != NULL && account->id != id)
		account = account->next;
	return account;
}

static void check_terms(const struct ledger *self, uint32_t id,
			uint32_t guarantee, uint32_t limit)
{
	insist(id > 0 && account_by_id(self, id) == NULL, id,
	       "a new account has an id of its own");
	insist(guarantee > 0 && guarantee <= limit && limit <= self->total, id,
	       "0 < guarantee <= limit <= pool");
}

static void open_account(struct ledger *self, struct account *account,
			 uint32_t id, uint32_t guarantee, uint32_t limit)
{
	*account = (struct account){
		.id = id,
		.guarantee = guarantee,
		.limit = limit,
		.leases = {LEDGER_NO_EXTENT, LEDGER_NO_EXTENT},
		.next = self->accounts,
	};
	if (self->accounts != NULL)
		self->accounts->prev = account;
	self->accounts = account;
	self->guaranteed += guarantee;
	self->promised += guarantee;
}

int ledger_admit(struct ledger *self, struct account *account, uint32_t id,
		 uint32_t guarantee, uint32_t limit, struct err *err)
{
	check_terms(self, id, guarantee, limit);
	if (guarantee > self->total - self->guaranteed)
		return err_say(err, ENOMEM,
			       "a guarantee of %u leases is more than the pool "
			       "can promise: it has %u, of which %u are "
			       "promised to other guests",
			       guarantee, self->total, self->guaranteed);
	if (lendable(self) < self->promised ||
	    guarantee > lendable(self) - self->promised)
		return err_say(err, ENOMEM,
			       "a guarantee of %u leases cannot be kept now: "
			       "of the pool's %u, %u are lent, %u of the rest "
			       "are promised to other guests, %u are out of "
			       "service",
			       guarantee, self->total,
			       self->counts[EXTENT_LEASED], self->promised,
			       self->counts[EXTENT_WITHDRAWN] +
				       self->counts[EXTENT_REVOKING]);
	open_account(self, account, id, guarantee, limit);
	return 0;
}

int ledger_restore_account(struct ledger *self, struct account *account,
			   uint32_t id, uint32_t guarantee, uint32_t limit,
			   struct err *err)
{
	check_terms(self, id, guarantee, limit);
	insist(lendable(self) == 0, id, "accounts are restored first");
	if (guarantee > self->total - self->guaranteed)
		return err_say(err, EUCLEAN,
			       "guarantees of %u leases and %u more are more "
			       "than the pool's %u",
			       self->guaranteed, guarantee, self->total);
	open_account(self, account, id, guarantee, limit);
	return 0;
}

void ledger_dismiss(struct ledger *self, struct account *account)
{
	insist(account->held == 0, account->leases.first,
	       "an account that is closed holds nothing");
	self->guaranteed -= account->guarantee;
	self->promised -= account->guarantee;
	if (account->next != NULL)
		account->next->prev = account->prev;
	if (account->prev != NULL)
		account->prev->next = account->next;
	else
		self->accounts = account->next;
	account->next = account->prev = NULL;
}

enum ledger_answer ledger_may_lease(const struct ledger *self,
				    const struct account *account)
{
	if (account->held >= account->limit)
		return LEDGER_LIMIT;
	if (account->held >= account->guarantee && ledger_spare(self) == 0)
		return LEDGER_NONE;
	if (self->counts[EXTENT_BLANK] > 0)
		return LEDGER_NOW;
	return self->counts[EXTENT_DIRTY] > 0 ? LEDGER_LATER : LEDGER_NONE;
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

/* Transitions */

static void set_held(struct ledger *self, struct account *account,
		     uint32_t held)
{
	self->promised -= unmet(account);
	account->held = held;
	self->promised += unmet(account);
}

static void check_move(const struct ledger *self, uint32_t index,
		       enum extent_state to, const struct account *account)
{
	insist(index < self->total, index, "the extent is of this pool");
	const struct extent *extent = &self->extents[index];
	bool gives = extent->state == EXTENT_LEASED;

	insist(to < EXTENT_STATES && legal[extent->state][to], index,
	       "the transition is legal");
	insist((account != NULL) == (gives || to == EXTENT_LEASED), index,
	       "an account moves what becomes or was its own");
	insist(!gives || extent->owner == account->id, index,
	       "only its owner's account gives a lease up");
	insist(to != EXTENT_LEASED ||
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
	insist(index < self->total, index, "the extent is of this pool");
	struct extent *extent = &self->extents[index];

	insist(extent->state == EXTENT_WITHDRAWN && extent->generation == 0,
	       index, "what is restored has not begun");
	insist(account == NULL ||
		       (generation > 0 && account->held < account->limit),
	       index, "what is leased has a generation, within the limit");
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
	insist(extent < self->total, extent, "the extent is of this pool");
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
	insist(extent < self->total, extent, "the extent is of this pool");
	return self->extents[extent].state;
}

uint32_t ledger_owner(const struct ledger *self, uint32_t extent)
{
	insist(extent < self->total, extent, "the extent is of this pool");
	return self->extents[extent].owner;
}

uint32_t ledger_count(const struct ledger *self, enum extent_state state)
{
	return self->counts[state];
}

uint32_t ledger_generation(const struct ledger *self, uint32_t extent)
{
	insist(extent < self->total, extent, "the extent is of this pool");
	return self->extents[extent].generation;
}

uint32_t ledger_next(const struct ledger *self, uint32_t extent)
{
	insist(extent < self->total, extent, "the extent is of this pool");
	return self->extents[extent].next;
}

uint32_t ledger_total(const struct ledger *self)
{
	return self->total;
}

uint32_t ledger_guaranteed(const struct ledger *self)
{
	return self->guaranteed;
}

uint32_t ledger_promised(const struct ledger *self)
{
	return self->promised;
}

/* Validation */

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
		if (a->held > a->limit)
			return err_say(err, EUCLEAN,
				       "account %u holds %u, limit %u", a->id,
				       a->held, a->limit);
		guaranteed += a->guarantee;
		promised += unmet(a);
		held += a->held;
	}
	if (guaranteed != self->guaranteed || promised != self->promised ||
	    held != self->counts[EXTENT_LEASED])
		return err_say(err, EUCLEAN,
			       "accounts sum to %u guaranteed, %u promised, "
			       "%u held; the ledger says %u, %u, %u",
			       guaranteed, promised, held, self->guaranteed,
			       self->promised, self->counts[EXTENT_LEASED]);
	if (guaranteed > self->total || promised > self->total - held)
		return err_say(err, EUCLEAN,
			       "%u guaranteed and %u promised of %u, %u held",
			       guaranteed, promised, self->total, held);
	return 0;
}
