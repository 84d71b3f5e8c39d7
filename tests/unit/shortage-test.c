/* SPDX-License-Identifier: MIT */
/* Who waits, who is served, who is refused when; on a clock of its own. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "shortage-support.h"

/* Three guests; the first holds all that is not promised to the others. */
static void make_short(struct fixture *f, uint64_t ids[6])
{
	admit(&f->peers[0], "holder", 1, 8);
	admit(&f->peers[1], "one", 1, 8);
	admit(&f->peers[2], "two", 1, 8);
	take_all(f, ids);
	settle(f);
}

static void a_return_serves_who_waits(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	ask(&f->peers[1], 1000);
	settle(f);
	assert_silent(&f->peers[1]);
	assert_true(give_back(&f->peers[0], ids[2]));
	settle(f);
	assert_silent(&f->peers[1]); /* it is dirty yet */
	scrub(f);
	assert_int_equal(settle(f), UINT64_MAX);
	assert_leased(&f->peers[1]);
	assert_false(session_waiting(f->peers[1].session));
}

static void the_end_of_a_guest_serves_who_waits(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	ask(&f->peers[1], 1000);
	session_end(f->peers[2].session);
	scrub(f);
	settle(f);
	assert_leased(&f->peers[1]);
}

/* A promise that ends frees leases without one being given back. */
static void an_unused_promise_serves_who_waits(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	admit(&f->peers[0], "holder", 1, 8);
	admit(&f->peers[1], "lazy", 2, 8);
	take(&f->peers[0], 6, ids);
	ask(&f->peers[0], 1000);
	settle(f);
	assert_silent(&f->peers[0]);
	session_end(f->peers[1].session);
	settle(f);
	assert_leased(&f->peers[0]);
}

static void is_refused_when_its_time_is_over(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	f->now = 5000 * MS;
	ask(&f->peers[1], 500);
	assert_int_equal(settle(f), 5500 * MS);
	f->now = 5500 * MS - 1;
	settle(f);
	assert_silent(&f->peers[1]);
	f->now++;
	settle(f);
	assert_refused(&f->peers[1], ENOMEM, "no lease");
	assert_false(session_waiting(f->peers[1].session));
	/* It goes on. */
	ask(&f->peers[1], 0);
	assert_refused(&f->peers[1], ENOMEM, "no lease");
}

static void deadlines_end_in_their_order(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	ask(&f->peers[1], 900);
	ask(&f->peers[2], 300);
	f->now = settle(f);
	assert_int_equal(f->now, 300 * MS);
	assert_int_equal(settle(f), 900 * MS);
	assert_silent(&f->peers[1]);
	assert_refused(&f->peers[2], ENOMEM, "no lease");
	f->now = 900 * MS;
	assert_int_equal(settle(f), UINT64_MAX);
	assert_refused(&f->peers[1], ENOMEM, "no lease");
}

/* What is being scrubbed for it comes, whatever the clock says. */
static void a_scrub_outlasts_the_deadline(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	ask(&f->peers[1], 100);
	ask(&f->peers[2], 100);
	assert_true(give_back(&f->peers[0], ids[0]));
	f->now = 100 * MS;
	settle(f);
	assert_silent(&f->peers[1]);
	assert_refused(&f->peers[2], ENOMEM, "no lease");
	scrub(f);
	settle(f);
	assert_leased(&f->peers[1]);
}

static void first_come_first_served(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	ask(&f->peers[2], 1000);
	ask(&f->peers[1], 1000);
	assert_true(give_back(&f->peers[0], ids[0]));
	/* Nor does who has just given overtake them. */
	ask(&f->peers[0], 0);
	assert_refused(&f->peers[0], ENOMEM, "no lease");
	scrub(f);
	settle(f);
	assert_leased(&f->peers[2]);
	assert_silent(&f->peers[1]);
	assert_true(give_back(&f->peers[0], ids[1]));
	scrub(f);
	settle(f);
	assert_leased(&f->peers[1]);
}

/* The queue is of those above their guarantee; nobody below it stands in it. */
static void a_guarantee_does_not_queue(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	admit(&f->peers[0], "holder", 1, 8);
	admit(&f->peers[1], "greedy", 1, 8);
	admit(&f->peers[2], "modest", 2, 2);
	take(&f->peers[0], 5, ids);
	lease(&f->peers[1], NULL);
	ask(&f->peers[1], 1000);
	settle(f);
	lease(&f->peers[2], NULL);
	lease(&f->peers[2], NULL);
	assert_silent(&f->peers[1]);
	/* And of two for whom one is scrubbed, it is served first. */
	assert_true(give_back(&f->peers[0], ids[0]));
	pool_revoke_all(f->pool, &f->registry.last->account);
	ask(&f->peers[2], 0);
	assert_true(pool_scrub(f->pool));
	settle(f);
	assert_leased(&f->peers[2]);
	assert_silent(&f->peers[1]);
	scrub(f);
	settle(f);
	assert_leased(&f->peers[1]);
}

static void who_dies_waits_no_more(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	ask(&f->peers[1], 1000);
	ask(&f->peers[2], 1000);
	session_end(f->peers[1].session);
	assert_false(session_waiting(f->peers[1].session));
	scrub(f);
	assert_int_equal(settle(f), UINT64_MAX);
	assert_leased(&f->peers[2]);
}

/* A broker that leaves revokes nothing, and closes one after the other. */
static void a_broker_may_go_while_some_wait(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	for (int i = 1; i < 3; i++)
		ask(&f->peers[i], 1000);
	for (int i = 0; i < 3; i++) {
		struct peer *peer = &f->peers[i];
		close(peer->socket);
		session_free(peer->session);
	}
	assert_null(pool_shortage(f->pool)->queue.first);
	registry_clear(&f->registry);
	setup(state);
}

/* Gone, but its end is not read yet: what it cannot be sent is not lost. */
static void who_is_gone_when_served_is_found_out(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	ask(&f->peers[1], 1000);
	struct lab_lease_msg m = message(&f->peers[1], LAB_LEASE_RETURN);
	m.returned.lease = ledger_lease_id(
		f->ledger,
		session_guest(f->peers[1].session)->account.leases.first);
	assert_int_equal(fd_send(f->peers[1].socket, &m, sizeof(m), -1, 0), 0);
	shutdown(f->peers[1].socket, SHUT_RDWR);
	assert_true(give_back(&f->peers[0], ids[0]));
	scrub(f);
	settle(f);
	/* What it said before is not heard any more, either. */
	assert_false(session_receive(f->peers[1].session, f->now));
	session_end(f->peers[1].session);
	assert_int_equal(ledger_count(f->ledger, EXTENT_DIRTY), 2);
}

static void patience_has_no_end(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	f->now = UINT64_C(1) << 62;
	ask(&f->peers[1], UINT32_MAX);
	uint64_t due;
	while ((due = settle(f)) != UINT64_MAX) {
		assert_true(due <= f->now + UINT32_MAX * MS);
		f->now = due;
	}
	/* Nobody is asked any more; it waits for its end alone. */
	assert_int_equal(f->now, (UINT64_C(1) << 62) + UINT32_MAX * MS);
	assert_refused(&f->peers[1], ENOMEM, "no lease");
}

/* The greedy one takes all it can, again and again; the others never notice. */
static void the_greedy_starve_nobody(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[8];

	admit(&f->peers[0], "greedy", 1, 8);
	admit(&f->peers[1], "left", 3, 8);
	admit(&f->peers[2], "right", 2, 8);
	for (int round = 0; round < 20; round++) {
		uint64_t mine[5];
		take(&f->peers[0], 3, ids);
		ask(&f->peers[0], 1); /* for what is promised to the others */
		settle(f);
		assert_silent(&f->peers[0]);
		for (int i = 0; i < 3; i++)
			mine[i] = lease(&f->peers[1], NULL);
		for (int i = 3; i < 5; i++)
			mine[i] = lease(&f->peers[2], NULL);
		assert_silent(&f->peers[0]);
		f->now += 1 * MS;
		settle(f);
		assert_refused(&f->peers[0], ENOMEM, "no lease");
		for (int i = 0; i < 5; i++)
			assert_true(
				give_back(&f->peers[i < 3 ? 1 : 2], mine[i]));
		/* What they gave back is theirs still. */
		ask(&f->peers[0], 0);
		assert_refused(&f->peers[0], ENOMEM, "no lease");
		for (int i = 0; i < 3; i++)
			assert_true(give_back(&f->peers[0], ids[i]));
		scrub(f);
		settle(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_return_serves_who_waits),
		TEST(the_end_of_a_guest_serves_who_waits),
		TEST(an_unused_promise_serves_who_waits),
		TEST(is_refused_when_its_time_is_over),
		TEST(deadlines_end_in_their_order),
		TEST(a_scrub_outlasts_the_deadline),
		TEST(first_come_first_served),
		TEST(a_guarantee_does_not_queue),
		TEST(who_dies_waits_no_more),
		TEST(a_broker_may_go_while_some_wait),
		TEST(who_is_gone_when_served_is_found_out),
		TEST(patience_has_no_end),
		TEST(the_greedy_starve_nobody),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
