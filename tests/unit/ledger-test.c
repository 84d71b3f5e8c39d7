/* SPDX-License-Identifier: MIT */
/* The ledger: transitions, promises, and a long random walk. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ledger-support.h"

static void starts_withdrawn(void **state)
{
	struct ledger *ledger = ledger_new(5);
	(void)state;

	assert_int_equal(ledger_total(ledger), 5);
	assert_int_equal(ledger_count(ledger, EXTENT_WITHDRAWN), 5);
	assert_int_equal(ledger_first(ledger, EXTENT_BLANK), LEDGER_NO_EXTENT);
	assert_valid(ledger);
	ledger_free(ledger);
}

/* Bring extent 0 of a ledger with one account into a state. */
static void bring(struct ledger *ledger, struct account *account,
		  enum extent_state to)
{
	static const enum extent_state way[] = {EXTENT_DIRTY, EXTENT_BLANK,
						EXTENT_LEASED, EXTENT_REVOKING};

	for (int i = 0; ledger_state(ledger, 0) != to; i++)
		ledger_move(ledger, 0, way[i],
			    way[i] == EXTENT_LEASED || way[i] == EXTENT_REVOKING
				    ? account
				    : NULL);
}

struct move {
	enum extent_state from;
	enum extent_state to;
};

static void make_move(void *context)
{
	const struct move *move = context;
	struct ledger *ledger = ledger_new(3);
	struct account account = {.id = 0};
	struct err err;

	for (uint32_t i = 1; i < 3; i++) {
		ledger_move(ledger, i, EXTENT_DIRTY, NULL);
		ledger_move(ledger, i, EXTENT_BLANK, NULL);
	}
	if (ledger_admit(ledger, &account, 1, 1, 3, &err) < 0)
		_exit(2);
	bring(ledger, &account, move->from);
	ledger_move(ledger, 0, move->to,
		    move->to == EXTENT_LEASED || move->from == EXTENT_LEASED
			    ? &account
			    : NULL);
	if (ledger_state(ledger, 0) != move->to ||
	    ledger_validate(ledger, &err) < 0)
		raise(SIGKILL);
	ledger_free(ledger);
}

static void only_legal_transitions(void **state)
{
	static const struct move legal[] = {
		{EXTENT_WITHDRAWN, EXTENT_DIRTY},
		{EXTENT_DIRTY, EXTENT_BLANK},
		{EXTENT_DIRTY, EXTENT_WITHDRAWN},
		{EXTENT_BLANK, EXTENT_WITHDRAWN},
		{EXTENT_BLANK, EXTENT_LEASED},
		{EXTENT_LEASED, EXTENT_REVOKING},
		{EXTENT_REVOKING, EXTENT_DIRTY},
	};
	(void)state;

	for (enum extent_state from = 0; from < EXTENT_STATES; from++) {
		/* One past the last state, too. */
		for (enum extent_state to = 0; to <= EXTENT_STATES; to++) {
			struct move move = {from, to};
			int expected = SIGABRT;
			for (size_t i = 0; i < sizeof(legal) / sizeof(legal[0]);
			     i++) {
				if (legal[i].from == from && legal[i].to == to)
					expected = 0;
			}
			if (signal_of(make_move, &move) != expected)
				fail_msg("%s to %s", ledger_state_name(from),
					 ledger_state_name(to));
		}
	}
}

static void lease_without_account(void *context)
{
	(void)context;
	ledger_move(blank_ledger(2), 0, EXTENT_LEASED, NULL);
}

static void scrub_with_account(void *context)
{
	struct ledger *ledger = ledger_new(1);
	struct account account = {.id = 1};
	(void)context;

	ledger_move(ledger, 0, EXTENT_DIRTY, &account);
}

static void take_from_another(void *context)
{
	struct ledger *ledger = blank_ledger(4);
	struct account a, b;
	(void)context;

	admit(ledger, &a, 1, 1, 4);
	admit(ledger, &b, 2, 1, 4);
	ledger_move(ledger, lease(ledger, &a), EXTENT_REVOKING, &b);
}

static void lease_over_limit(void *context)
{
	struct ledger *ledger = blank_ledger(4);
	struct account a;
	(void)context;

	admit(ledger, &a, 1, 1, 1);
	lease(ledger, &a);
	lease(ledger, &a);
}

static void lease_the_promised(void *context)
{
	struct ledger *ledger = blank_ledger(2);
	struct account a, b;
	(void)context;

	admit(ledger, &a, 1, 1, 2);
	admit(ledger, &b, 2, 1, 2);
	lease(ledger, &a);
	lease(ledger, &a);
}

static void move_a_stranger(void *context)
{
	(void)context;
	ledger_move(blank_ledger(2), 2, EXTENT_DIRTY, NULL);
}

static void close_with_leases(void *context)
{
	struct ledger *ledger = blank_ledger(2);
	struct account a;
	(void)context;

	admit(ledger, &a, 1, 1, 2);
	lease(ledger, &a);
	ledger_dismiss(ledger, &a);
}

static void more_than_its_size(void *context)
{
	struct ledger *ledger = ledger_new(2);
	(void)context;

	ledger_resize(ledger, 1);
	ledger_move(ledger, 0, EXTENT_DIRTY, NULL);
	ledger_move(ledger, 1, EXTENT_DIRTY, NULL);
}

static void less_than_it_promised(void *context)
{
	struct ledger *ledger = blank_ledger(4);
	struct account a;
	(void)context;

	admit(ledger, &a, 1, 3, 4);
	ledger_resize(ledger, 2);
}

static void our_bugs_abort(void **state)
{
	(void)state;
	assert_int_equal(signal_of(lease_without_account, NULL), SIGABRT);
	assert_int_equal(signal_of(scrub_with_account, NULL), SIGABRT);
	assert_int_equal(signal_of(take_from_another, NULL), SIGABRT);
	assert_int_equal(signal_of(lease_over_limit, NULL), SIGABRT);
	assert_int_equal(signal_of(lease_the_promised, NULL), SIGABRT);
	assert_int_equal(signal_of(move_a_stranger, NULL), SIGABRT);
	assert_int_equal(signal_of(close_with_leases, NULL), SIGABRT);
	assert_int_equal(signal_of(more_than_its_size, NULL), SIGABRT);
	assert_int_equal(signal_of(less_than_it_promised, NULL), SIGABRT);
}

static void promises_fit_the_pool(void **state)
{
	struct ledger *ledger = blank_ledger(10);
	struct account a, b, c;
	struct err err;
	(void)state;

	admit(ledger, &a, 1, 6, 10);
	assert_int_equal(ledger_admit(ledger, &b, 2, 5, 10, &err), -ENOMEM);
	assert_said(&err, "5 leases");
	assert_said(&err, "it has 10, of which 6");
	admit(ledger, &b, 2, 3, 10);
	assert_int_equal(ledger_guaranteed(ledger), 9);
	assert_int_equal(ledger_promised(ledger), 9);
	assert_valid(ledger);

	/* One that is lent above a guarantee cannot be promised again. */
	lease(ledger, &b);
	lease(ledger, &b);
	lease(ledger, &b);
	lease(ledger, &b);
	assert_int_equal(ledger_promised(ledger), 6);
	assert_int_equal(ledger_admit(ledger, &c, 3, 1, 10, &err), -ENOMEM);
	assert_said(&err, "4 are lent, 6 of the rest are promised");
	assert_valid(ledger);
	ledger_free(ledger);
}

static void withdrawn_is_not_promised(void **state)
{
	struct ledger *ledger = blank_ledger(4);
	struct account a, b;
	struct err err;
	(void)state;

	admit(ledger, &a, 1, 1, 4);
	uint32_t extent = lease(ledger, &a);
	ledger_move(ledger, extent, EXTENT_REVOKING, &a);
	/* What is being revoked may never come back, so it is not counted. */
	assert_int_equal(ledger_admit(ledger, &b, 2, 3, 4, &err), -ENOMEM);
	assert_said(&err, "1 are out of service");
	ledger_move(ledger, extent, EXTENT_DIRTY, NULL);
	ledger_move(ledger, extent, EXTENT_WITHDRAWN, NULL);
	assert_int_equal(ledger_admit(ledger, &b, 2, 3, 4, &err), -ENOMEM);
	admit(ledger, &b, 2, 2, 4);
	assert_valid(ledger);
	ledger_free(ledger);
}

static void a_burst_spares_guarantees(void **state)
{
	struct ledger *ledger = blank_ledger(10);
	struct account a, b;
	int got = 0;
	(void)state;

	admit(ledger, &a, 1, 1, 10);
	admit(ledger, &b, 2, 5, 6);
	for (; ledger_may_lease(ledger, &a) == LEDGER_NOW; got++)
		lease(ledger, &a);
	assert_int_equal(got, 5);
	assert_int_equal(ledger_may_lease(ledger, &a), LEDGER_NONE);
	for (got = 0; ledger_may_lease(ledger, &b) == LEDGER_NOW; got++)
		lease(ledger, &b);
	assert_int_equal(got, 5);
	assert_int_equal(ledger_may_lease(ledger, &b), LEDGER_NONE);

	/* One comes back: it is there for whoever is first, once scrubbed. */
	uint32_t extent = a.leases.first;
	ledger_move(ledger, extent, EXTENT_REVOKING, &a);
	assert_int_equal(ledger_may_lease(ledger, &b), LEDGER_NONE);
	ledger_move(ledger, extent, EXTENT_DIRTY, NULL);
	assert_int_equal(ledger_may_lease(ledger, &b), LEDGER_LATER);
	ledger_move(ledger, extent, EXTENT_BLANK, NULL);
	assert_int_equal(ledger_may_lease(ledger, &b), LEDGER_NOW);
	lease(ledger, &b);
	assert_int_equal(ledger_may_lease(ledger, &b), LEDGER_LIMIT);
	assert_valid(ledger);
	ledger_free(ledger);
}

static void names_are_of_one_lease(void **state)
{
	struct ledger *ledger = blank_ledger(2);
	struct account a, b;
	uint32_t found;
	(void)state;

	admit(ledger, &a, 1, 1, 2);
	admit(ledger, &b, 2, 1, 2);
	uint32_t extent = lease(ledger, &a);
	uint64_t id = ledger_lease_id(ledger, extent);
	assert_int_equal(id >> 32, 1);
	assert_int_equal(ledger_find(ledger, id, &a, &found), 0);
	assert_int_equal(found, extent);
	assert_int_equal(ledger_find(ledger, id, &b, &found), -EPERM);
	assert_int_equal(ledger_find(ledger, id ^ 1ull << 40, &a, &found),
			 -ESTALE);
	assert_int_equal(ledger_find(ledger, 2, &a, &found), -EINVAL);
	assert_int_equal(ledger_find(ledger, UINT64_MAX, &a, &found), -EINVAL);

	ledger_move(ledger, extent, EXTENT_REVOKING, &a);
	assert_int_equal(ledger_find(ledger, id, &a, &found), -EPERM);
	ledger_move(ledger, extent, EXTENT_DIRTY, NULL);
	ledger_move(ledger, extent, EXTENT_BLANK, NULL);
	lease(ledger, &b); /* the other one, which waited for longer */
	assert_int_equal(lease(ledger, &a), extent);
	assert_int_equal(ledger_find(ledger, id, &a, &found), -ESTALE);
	assert_int_equal(ledger_lease_id(ledger, extent) >> 32, 2);
	ledger_free(ledger);
}

static void the_validator_sees(void **state)
{
	struct ledger *ledger = blank_ledger(4);
	struct account a;
	struct err err;
	(void)state;

	admit(ledger, &a, 1, 2, 4);
	lease(ledger, &a);
	lease(ledger, &a);
	struct account good = a;
	a.held = 1;
	assert_int_equal(ledger_validate(ledger, &err), -EUCLEAN);
	a = good;
	a.guarantee = 3;
	assert_int_equal(ledger_validate(ledger, &err), -EUCLEAN);
	a = good;
	a.maximum = 1;
	assert_int_equal(ledger_validate(ledger, &err), -EUCLEAN);
	a = good;
	a.leases.first = a.leases.last;
	assert_int_equal(ledger_validate(ledger, &err), -EUCLEAN);
	a = good;
	a.id = 2;
	assert_int_equal(ledger_validate(ledger, &err), -EUCLEAN);
	a = good;
	assert_valid(ledger);
	ledger_free(ledger);
}

/* A random walk: any guest, any legal thing, validated after each step. */

#define WALK_EXTENTS 61
#define WALK_GUESTS  7

struct walk {
	struct ledger *ledger;
	struct account accounts[WALK_GUESTS];
	bool living[WALK_GUESTS];
	uint32_t ids;
	uint32_t random;
};

static uint32_t draw(struct walk *walk, uint32_t below)
{
	walk->random = walk->random * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(walk->random >> 8) * below >> 24);
}

static void walk_admit(struct walk *walk, uint32_t slot)
{
	uint32_t guarantee = 1 + draw(walk, 20);
	uint32_t limit = guarantee + draw(walk, WALK_EXTENTS - guarantee + 1);
	struct err err;

	walk->living[slot] =
		ledger_admit(walk->ledger, &walk->accounts[slot], ++walk->ids,
			     guarantee, limit, &err) == 0;
}

static void walk_guest(struct walk *walk, uint32_t slot, uint32_t dice)
{
	struct account *account = &walk->accounts[slot];
	struct ledger *ledger = walk->ledger;

	if (dice < 60) {
		enum ledger_answer may = ledger_may_lease(ledger, account);
		/* A guarantee is kept: at most it waits for a scrub. */
		if (account->held < account->guarantee &&
		    ledger_due(ledger) == 0)
			assert_true(may == LEDGER_NOW || may == LEDGER_LATER);
		if (may == LEDGER_NOW)
			lease(ledger, account);
	} else if (dice < 97) {
		if (account->held > 0) {
			uint32_t extent = account->leases.first;
			ledger_move(ledger, extent, EXTENT_REVOKING, account);
			ledger_move(ledger, extent, EXTENT_DIRTY, NULL);
		}
	} else {
		while (account->held > 0) {
			uint32_t extent = account->leases.last;
			ledger_move(ledger, extent, EXTENT_REVOKING, account);
			ledger_move(ledger, extent, EXTENT_DIRTY, NULL);
		}
		ledger_dismiss(ledger, account);
		walk->living[slot] = false;
	}
}

static void walk_scrub(struct walk *walk)
{
	uint32_t dirty = ledger_first(walk->ledger, EXTENT_DIRTY);
	uint32_t blank = ledger_first(walk->ledger, EXTENT_BLANK);
	uint32_t out = ledger_first(walk->ledger, EXTENT_WITHDRAWN);
	bool fails = draw(walk, 50) == 0;

	if (ledger_excess(walk->ledger) > 0)
		ledger_move(walk->ledger,
			    dirty != LEDGER_NO_EXTENT ? dirty : blank,
			    EXTENT_WITHDRAWN, NULL);
	else if (dirty != LEDGER_NO_EXTENT)
		ledger_move(walk->ledger, dirty,
			    fails ? EXTENT_WITHDRAWN : EXTENT_BLANK, NULL);
	if (ledger_due(walk->ledger) > 0 && draw(walk, 4) == 0)
		ledger_move(walk->ledger, out, EXTENT_DIRTY, NULL);
}

/* Any size that keeps what is promised; the ledger follows by walk_scrub(). */
static void walk_resize(struct walk *walk)
{
	uint32_t size = 1 + draw(walk, 2 * WALK_EXTENTS);
	uint32_t guaranteed = ledger_guaranteed(walk->ledger);

	if (size < guaranteed)
		size = guaranteed;
	assert_int_equal(ledger_resize(walk->ledger, size), 0);
}

static void random_walk(void **state)
{
	struct walk walk = {.ledger = blank_ledger(WALK_EXTENTS),
			    .random = 20250101};
	(void)state;

	for (int step = 0; step < 20000; step++) {
		uint32_t slot = draw(&walk, WALK_GUESTS);
		if (draw(&walk, 3) == 0)
			walk_scrub(&walk);
		else if (draw(&walk, 50) == 0)
			walk_resize(&walk);
		else if (walk.living[slot])
			walk_guest(&walk, slot, draw(&walk, 100));
		else
			walk_admit(&walk, slot);
		assert_valid(walk.ledger);
		uint32_t sum = 0;
		for (enum extent_state s = 0; s < EXTENT_STATES; s++)
			sum += ledger_count(walk.ledger, s);
		assert_int_equal(sum, ledger_total(walk.ledger));
	}
	assert_true(walk.ids > 100); /* it was a walk with many guests */
	assert_true(ledger_total(walk.ledger) > WALK_EXTENTS);
	ledger_free(walk.ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_withdrawn),
		cmocka_unit_test(only_legal_transitions),
		cmocka_unit_test(our_bugs_abort),
		cmocka_unit_test(promises_fit_the_pool),
		cmocka_unit_test(withdrawn_is_not_promised),
		cmocka_unit_test(a_burst_spares_guarantees),
		cmocka_unit_test(names_are_of_one_lease),
		cmocka_unit_test(the_validator_sees),
		cmocka_unit_test(random_walk),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
