/* SPDX-License-Identifier: MIT */
/* What each guest is promised, and who gets one more. */
#include <config.h>

#include <errno.h>
#include <stddef.h>

#include "broker/ledger_private.h"

/* What could still be lent: blank, or blank after a scrub. */
static uint32_t lendable(const struct ledger *self)
{
	return self->counts[EXTENT_BLANK] + self->counts[EXTENT_DIRTY];
}

/* Of these, what no guest may claim. */
static uint32_t unclaimed(const struct ledger *self)
{
	uint32_t all = lendable(self);

	return all > self->promised ? all - self->promised : 0;
}

uint32_t ledger_spare(const struct ledger *self)
{
	uint32_t all = unclaimed(self), surplus = ledger_surplus(self);

	return all > surplus ? all - surplus : 0;
}

uint32_t ledger_due(const struct ledger *self)
{
	uint32_t free_now = lendable(self), due = ledger_missing(self);
	uint32_t out = self->counts[EXTENT_WITHDRAWN];

	if (self->promised > free_now && self->promised - free_now > due)
		due = self->promised - free_now;
	return due < out ? due : out;
}

uint32_t ledger_excess(const struct ledger *self)
{
	uint32_t all = unclaimed(self), surplus = ledger_surplus(self);

	return all < surplus ? all : surplus;
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
	ledger_insist(id > 0 && account_by_id(self, id) == NULL, id,
		      "a new account has an id of its own");
	ledger_insist(guarantee > 0 && guarantee <= limit &&
			      limit <= self->total,
		      id, "0 < guarantee <= limit <= pool");
}

static void open_account(struct ledger *self, struct account *account,
			 uint32_t id, uint32_t guarantee, uint32_t limit)
{
	*account = (struct account){
		.id = id,
		.guarantee = guarantee,
		.limit = limit,
		.maximum = limit,
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
	if (guarantee > self->size - self->guaranteed)
		return err_say(err, ENOMEM,
			       "a guarantee of %u leases is more than the pool "
			       "can promise: it has %u, of which %u are "
			       "promised to other guests",
			       guarantee, self->size, self->guaranteed);
	if (guarantee > ledger_spare(self))
		return err_say(err, ENOMEM,
			       "a guarantee of %u leases cannot be kept now: "
			       "of the pool's %u, %u are lent, %u of the rest "
			       "are promised to other guests, %u are out of "
			       "service",
			       guarantee, self->size,
			       self->counts[EXTENT_LEASED], self->promised,
			       ledger_missing(self) +
				       self->counts[EXTENT_REVOKING]);
	open_account(self, account, id, guarantee, limit);
	return 0;
}

int ledger_restore_account(struct ledger *self, struct account *account,
			   uint32_t id, uint32_t guarantee, uint32_t limit,
			   struct err *err)
{
	check_terms(self, id, guarantee, limit);
	ledger_insist(lendable(self) == 0, id, "accounts are restored first");
	if (guarantee > self->size - self->guaranteed)
		return err_say(err, EUCLEAN,
			       "guarantees of %u leases and %u more are more "
			       "than the pool's %u",
			       self->guaranteed, guarantee, self->size);
	open_account(self, account, id, guarantee, limit);
	return 0;
}

void ledger_dismiss(struct ledger *self, struct account *account)
{
	ledger_insist(account->held == 0, account->leases.first,
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

void ledger_set_limit(struct account *account, uint32_t limit)
{
	ledger_insist(limit >= account->guarantee && limit <= account->maximum,
		      account->id, "guarantee <= limit <= maximum");
	account->limit = limit;
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
