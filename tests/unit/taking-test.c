/* SPDX-License-Identifier: MIT */
/* Leases that are taken by force: when, from whom, how many, and who is told.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "broker/taking.h"
#include "shortage-support.h"

#define AFTER (3000 * MS)
#define AHEAD TAKING_NOTICE /* so long before, it is told */

/* Of 8 leases the first holds 6, 5 above its guarantee; one waits for more. */
static void make_debtor(struct fixture *f, uint64_t ids[6])
{
	f->registry.take_after = AFTER;
	f->now = 1000 * MS;
	lend_all(f, 1, ids);
	ask(&f->peers[1], 60000);
	settle_unheard(f, &f->peers[0]);
}

static uint64_t revoked(struct peer *peer)
{
	struct lab_lease_msg m = event(peer, LAB_LEASE_REVOKED);

	assert_int_equal(m.revoked.reason, LAB_REVOKE_RECLAIM);
	return m.revoked.lease;
}

/* So much later, look, and throw away what the debtor is told. */
static void look_after(struct fixture *f, uint64_t us)
{
	f->now += us;
	settle_unheard(f, &f->peers[0]);
}

/* Let so much time pass, up to what is said then. */
static void pass(struct fixture *f, uint64_t us)
{
	look_after(f, us - AHEAD);
	look_after(f, AHEAD - 1);
	f->now += 1;
}

static void takes_from_who_gives_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_debtor(f, ids);
	pass(f, AFTER);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 8);
	settle(f);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 7);
	assert_int_equal(ledger_count(f->ledger, EXTENT_DIRTY), 1);
	scrub(f);
	settle(f);
	assert_leased(&f->peers[1]);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 8);
}

/* The one that came last, and its VMM hears which. */
static void tells_which(void **state)
{
	struct fixture *f = *state;
	struct lab_lease_msg m;
	uint64_t ids[6];

	make_debtor(f, ids);
	pass(f, AFTER);
	settle(f);
	/* The request for it, again, may come first. */
	do
		assert_int_equal(
			fd_receive(f->peers[0].socket, &m, sizeof(m), NULL, 0),
			sizeof(m));
	while (m.type != LAB_LEASE_REVOKED);
	assert_int_equal(m.seq, 0);
	assert_int_equal(m.revoked.lease, ids[5]);
	assert_int_equal(m.revoked.reason, LAB_REVOKE_RECLAIM);
}

/* Its VMM says that it knows, or gave it back before: neither is a lie. */
static void an_answer_is_no_lie(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_debtor(f, ids);
	pass(f, AFTER);
	settle(f);
	assert_true(give_back(&f->peers[0], ids[5]));
	/* Once. */
	assert_false(give_back(&f->peers[0], ids[5]));
}

static void who_gives_something_owes_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_debtor(f, ids);
	pass(f, AFTER);
	assert_true(give_back(&f->peers[0], ids[0]));
	scrub(f);
	settle(f);
	assert_leased(&f->peers[1]);
	look_after(f, 10 * AFTER);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 8);
}

/* Who gives one of two back has its time again for the other. */
static void each_return_buys_time(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_debtor(f, ids);
	ask(&f->peers[2], 60000);
	pass(f, AFTER);
	assert_true(give_back(&f->peers[0], ids[0]));
	scrub(f);
	settle_unheard(f, &f->peers[0]);
	pass(f, AFTER);
	assert_int_equal(ledger_count(f->ledger, EXTENT_DIRTY), 0);
	look_after(f, 0);
	assert_int_equal(ledger_count(f->ledger, EXTENT_DIRTY), 1);
}

/* A debt is due, and who waited for it goes. */
static void lose_the_waiter(struct fixture *f)
{
	uint64_t ids[6];

	make_debtor(f, ids);
	pass(f, AFTER);
	session_end(f->peers[1].session);
	scrub(f);
	settle_unheard(f, &f->peers[0]);
}

/* It owed somebody who is gone: nothing of that counts for the next. */
static void a_debt_ends_with_who_waited(void **state)
{
	struct fixture *f = *state;

	lose_the_waiter(f);
	lease(&f->peers[2], NULL); /* what that one held */
	ask(&f->peers[2], 60000);
	settle_unheard(f, &f->peers[0]);
	assert_int_equal(ledger_count(f->ledger, EXTENT_DIRTY), 0);
	pass(f, AFTER);
	look_after(f, 0);
	assert_int_equal(ledger_count(f->ledger, EXTENT_DIRTY), 1);
}

static void takes_nothing_when_nobody_waits(void **state)
{
	struct fixture *f = *state;

	lose_the_waiter(f);
	look_after(f, 10 * AFTER);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 7);
}

static void takes_nothing_when_told_so(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_debtor(f, ids);
	f->registry.take_after = 0;
	look_after(f, 10 * AFTER);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 8);
}

/* Down to what the one that waits then holds, and never a guarantee. */
static void evens_out_and_no_more(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_debtor(f, ids);
	for (int i = 0; i < 2; i++) {
		look_after(f, 0);
		pass(f, AFTER);
		look_after(f, 0);
		scrub(f);
		settle_unheard(f, &f->peers[0]);
		assert_leased(&f->peers[1]);
		ask(&f->peers[1], 60000);
	}
	/* 3 above its guarantee against 2: one more would turn that round. */
	for (int i = 0; i < 4; i++) {
		look_after(f, AFTER);
	}
	assert_int_equal(ledger_count(f->ledger, EXTENT_DIRTY), 0);
	assert_silent(&f->peers[1]);
}

/* One that never answers loses its connection, and all that it holds. */
static void drops_who_never_answers(void **state)
{
	struct fixture *f = *state;

	listen_as(&f->peers[0], "deaf", 1, 8);
	for (int i = 0; i <= LAB_REVOKED_MAX; i++) {
		lease(&f->peers[0], NULL);
		session_take(f->peers[0].session, LAB_REVOKE_RECLAIM);
		scrub(f);
		if (i < LAB_REVOKED_MAX)
			revoked(&f->peers[0]);
	}
	assert_false(session_receive(f->peers[0].session, f->now));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_from_who_gives_nothing),
		TEST(tells_which),
		TEST(an_answer_is_no_lie),
		TEST(who_gives_something_owes_nothing),
		TEST(each_return_buys_time),
		TEST(a_debt_ends_with_who_waited),
		TEST(takes_nothing_when_nobody_waits),
		TEST(takes_nothing_when_told_so),
		TEST(evens_out_and_no_more),
		TEST(drops_who_never_answers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
