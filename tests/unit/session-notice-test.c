/* SPDX-License-Identifier: MIT */
/* What is said before leases are taken, and what a guest can do about it. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "broker/taking.h"
#include "shortage-support.h"

#define AFTER (3000 * MS)
#define GRACE 500 /* ms */

/* The first guest holds so many leases; the third peer administrates. */
static void hold(struct fixture *f, int leases, uint64_t *ids)
{
	f->now = 1000 * MS;
	listen_as(&f->peers[0], "ada", 1, 8);
	take(&f->peers[0], leases, ids);
	settle_unheard(f, &f->peers[0]);
}

static bool demand(struct fixture *f, uint64_t leases, uint32_t grace)
{
	struct lab_lease_msg m = message(&f->peers[2], LAB_LEASE_REVOKE);

	strcpy(m.revoke.name, "ada");
	m.revoke.leases = leases;
	m.revoke.grace_ms = grace;
	return sent(&f->peers[2], &m);
}

/* The next event but for the pool's level and requests. */
static struct lab_lease_msg next(struct fixture *f)
{
	struct lab_lease_msg m;

	do
		assert_int_equal(
			fd_receive(f->peers[0].socket, &m, sizeof(m), NULL, 0),
			sizeof(m));
	while (m.type == LAB_LEASE_PRESSURE || m.type == LAB_LEASE_RECLAIM);
	assert_int_equal(m.seq, 0);
	return m;
}

static void assert_revoking(struct fixture *f, uint64_t id,
			    enum lab_revoke_reason reason, uint32_t ms)
{
	struct lab_lease_msg m = next(f);

	assert_int_equal(m.type, LAB_LEASE_REVOKING);
	assert_int_equal(m.revoking.lease, id);
	assert_int_equal(m.revoking.reason, reason);
	assert_int_equal(m.revoking.ms, ms);
}

static void assert_revoked(struct fixture *f, uint64_t id)
{
	struct lab_lease_msg m = next(f);

	assert_int_equal(m.type, LAB_LEASE_REVOKED);
	assert_int_equal(m.revoked.lease, id);
}

/* The administrator has its answer, and its connection is over. */
static void assert_went(struct fixture *f, uint64_t leases, uint64_t given)
{
	struct lab_lease_msg m = received(&f->peers[2], NULL);

	assert_int_equal(m.type, LAB_LEASE_TAKEN);
	assert_int_equal(m.taken.leases, leases);
	assert_int_equal(m.taken.given, given);
	assert_false(session_receive(f->peers[2].session, f->now));
}

/* Of 4 that it holds one will be taken. */
static void demand_one(struct fixture *f, uint64_t ids[4])
{
	hold(f, 4, ids);
	assert_true(demand(f, 1, GRACE));
	settle(f);
	assert_revoking(f, ids[3], LAB_REVOKE_ADMIN, GRACE);
}

/* Of 6 leases one will be taken for who waits. */
static void owe_one(struct fixture *f, uint64_t ids[6])
{
	f->registry.take_after = AFTER;
	hold(f, 6, ids);
	admit(&f->peers[1], "one", 1, 8);
	lease(&f->peers[1], NULL);
	lease(&f->peers[1], NULL);
	ask(&f->peers[1], 60000);
	settle_unheard(f, &f->peers[0]);
	f->now += AFTER - TAKING_NOTICE;
	settle(f);
	assert_revoking(f, ids[5], LAB_REVOKE_RECLAIM, 1000);
}

static void given_up_in_time(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[4];

	hold(f, 4, ids);
	assert_true(demand(f, 2, GRACE));
	assert_int_equal(settle(f), f->now + GRACE * MS);
	/* The newest first; all of them are still its own. */
	assert_revoking(f, ids[3], LAB_REVOKE_ADMIN, GRACE);
	assert_revoking(f, ids[2], LAB_REVOKE_ADMIN, GRACE);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 4);
	assert_silent(&f->peers[2]);
	assert_true(give_back(&f->peers[0], ids[2]));
	settle(f);
	assert_silent(&f->peers[2]);
	assert_true(give_back(&f->peers[0], ids[3]));
	settle(f);
	assert_went(f, 2, 2);
	f->now += 2 * GRACE * MS;
	settle(f);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 2);
}

static void taken_at_the_deadline(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[4];

	hold(f, 4, ids);
	assert_true(demand(f, 0, GRACE));
	settle(f);
	for (int i = 3; i > 0; i--)
		assert_revoking(f, ids[i], LAB_REVOKE_ADMIN, GRACE);
	assert_true(give_back(&f->peers[0], ids[2]));
	f->now += GRACE * MS - 1;
	settle(f);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 3);
	f->now += 1;
	settle(f);
	assert_revoked(f, ids[3]);
	assert_revoked(f, ids[1]);
	assert_went(f, 3, 1);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 1);
}

/* And not what came since. */
static void what_was_named_is_taken(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[4];

	demand_one(f, ids);
	lease(&f->peers[0], NULL);
	f->now += GRACE * MS;
	settle(f);
	assert_revoked(f, ids[3]);
	assert_went(f, 1, 0);
}

static void at_once_without_grace(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[4];

	hold(f, 4, ids);
	assert_true(demand(f, 1, 0));
	settle(f);
	assert_revoked(f, ids[3]);
	assert_went(f, 1, 0);
}

static void at_once_from_who_does_not_listen(void **state)
{
	struct fixture *f = *state;

	admit(&f->peers[0], "ada", 1, 8);
	lease(&f->peers[0], NULL);
	lease(&f->peers[0], NULL);
	assert_true(demand(f, 0, GRACE));
	settle(f);
	assert_went(f, 1, 0);
	assert_silent(&f->peers[0]);
}

/* It gives what it can spare: that lease stays, and it hears so. */
static void another_does_as_well(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[4];

	demand_one(f, ids);
	assert_true(give_back(&f->peers[0], ids[1]));
	settle(f);
	assert_revoking(f, ids[3], LAB_REVOKE_NONE, 0);
	assert_went(f, 1, 1);
	f->now += 2 * GRACE * MS;
	settle(f);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 3);
}

/* One that it did not hear of yet is called off in silence. */
static void called_off_untold(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[4];

	hold(f, 4, ids);
	assert_true(demand(f, 1, GRACE));
	assert_true(give_back(&f->peers[0], ids[0]));
	settle(f);
	assert_went(f, 1, 1);
	assert_silent(&f->peers[0]);
}

static void one_demand_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct lab_lease_msg m = message(&f->peers[1], LAB_LEASE_REVOKE);
	uint64_t ids[2];

	hold(f, 2, ids);
	assert_true(demand(f, 1, GRACE));
	strcpy(m.revoke.name, "ada");
	m.revoke.grace_ms = LAB_GRACE_MAX + 1;
	assert_false(sent(&f->peers[1], &m));
	assert_refused(&f->peers[1], EINVAL, "60000 ms at most");
	m.seq = ++f->peers[1].seq;
	m.revoke.grace_ms = LAB_GRACE_MAX;
	assert_false(sent(&f->peers[1], &m));
	assert_refused(&f->peers[1], EBUSY, "ada already");
	/* Nor may who waits say more. */
	assert_false(demand(f, 1, GRACE));
}

static void who_demanded_goes(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[3];

	hold(f, 3, ids);
	assert_true(demand(f, 1, GRACE));
	settle(f);
	session_end(f->peers[2].session);
	f->now += GRACE * MS;
	settle(f);
	assert_silent(&f->peers[2]);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 2);
}

static void who_is_demanded_of_goes(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[3];

	hold(f, 3, ids);
	assert_true(demand(f, 2, GRACE));
	settle(f);
	session_end(f->peers[0].session);
	assert_went(f, 2, 0);
	settle(f);
}

/* It cannot read: what does not find room is taken without a word. */
static void many_find_no_room(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[8];

	hold(f, 8, ids);
	assert_true(demand(f, 1000, GRACE));
	settle(f);
	f->now += GRACE * MS;
	settle(f);
	assert_went(f, 8, 0);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 0);
	/* It reads: what was not said is said, though it says nothing. */
	int revoked = 0, rounds = 0;
	for (uint64_t due = f->now; due != UINT64_MAX; rounds++) {
		struct lab_lease_msg m;
		f->now = due;
		due = settle(f);
		while (fd_receive(f->peers[0].socket, &m, sizeof(m), NULL, 0) >
		       0)
			revoked += m.type == LAB_LEASE_REVOKED;
	}
	assert_int_equal(revoked, 8);
	assert_in_range(rounds, 2, 8);
}

/* What others wait for: said before it is taken, and once. */
static void before_it_is_taken_for_others(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	owe_one(f, ids);
	f->now += TAKING_NOTICE - 1;
	settle_unheard(f, &f->peers[0]);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 8);
	f->now += 1;
	settle(f);
	assert_revoked(f, ids[5]);
}

/* Who waited is gone: nothing is taken, and it hears so. */
static void called_off_when_nobody_waits(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	owe_one(f, ids);
	session_end(f->peers[1].session);
	settle(f);
	assert_revoking(f, ids[5], LAB_REVOKE_NONE, 0);
	f->now += 10 * AFTER;
	settle(f);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(given_up_in_time),
		TEST(taken_at_the_deadline),
		TEST(what_was_named_is_taken),
		TEST(at_once_without_grace),
		TEST(at_once_from_who_does_not_listen),
		TEST(another_does_as_well),
		TEST(called_off_untold),
		TEST(one_demand_at_a_time),
		TEST(who_demanded_goes),
		TEST(who_is_demanded_of_goes),
		TEST(many_find_no_room),
		TEST(before_it_is_taken_for_others),
		TEST(called_off_when_nobody_waits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
