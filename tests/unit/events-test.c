/* SPDX-License-Identifier: MIT */
/* What guests are told and asked by themselves: whom, for what, how often. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "shortage-support.h"

/* A guest that holds 6, five of them above its guarantee, and two with 1. */
static void make_short(struct fixture *f, uint64_t ids[6])
{
	listen_as(&f->peers[0], "holder", 1, 8);
	listen_as(&f->peers[1], "one", 1, 8);
	admit(&f->peers[2], "mute", 1, 8);
	take_all(f, ids);
	settle_unheard(f, &f->peers[0]);
	settle_unheard(f, &f->peers[1]);
}

static void a_request_that_is_heeded_serves_who_waits(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	ask(&f->peers[1], 500);
	assert_int_equal(settle(f), 500 * MS);
	assert_reclaim(&f->peers[0], 1, CRITICAL);
	assert_silent(&f->peers[0]);
	assert_true(give_back(&f->peers[0], ids[4]));
	scrub(f);
	settle(f);
	assert_leased(&f->peers[1]);
	settle(f);
	assert_silent(&f->peers[0]);
}

static void those_at_their_guarantee_are_not_asked(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	listen_as(&f->peers[0], "entitled", 6, 8);
	listen_as(&f->peers[1], "one", 1, 8);
	listen_as(&f->peers[2], "two", 1, 8);
	take_all(f, ids);
	for (int i = 0; i < 3; i++)
		settle_unheard(f, &f->peers[i]);
	ask(&f->peers[1], 10000);
	for (int i = 0; i < 5; i++) {
		settle(f);
		f->now += SHORTAGE_PERIOD;
	}
	assert_silent(&f->peers[0]);
	assert_silent(&f->peers[2]);
}

/* Never below the guarantee, however many wait and however often. */
static void nobody_is_asked_for_more_than_its_excess(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	lend_all(f, 5, ids);
	ask(&f->peers[1], 10000);
	ask(&f->peers[2], 10000);
	settle(f);
	assert_reclaim(&f->peers[0], 1, CRITICAL);
	assert_silent(&f->peers[0]);
}

static void who_waits_is_not_asked(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	ask(&f->peers[0], 1000);
	ask(&f->peers[1], 1000);
	settle(f);
	assert_silent(&f->peers[0]);
	assert_silent(&f->peers[1]);
}

/* Asked once a second, eight times, and then not any more. */
static void rounds_are_bounded(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];
	int asked = 0;

	make_short(f, ids);
	ask(&f->peers[1], 60000);
	for (int ms = 0; ms < 20000; ms += 10, f->now += 10 * MS) {
		struct lab_lease_msg m;
		settle(f);
		while (fd_receive(f->peers[0].socket, &m, sizeof(m), NULL, 0) >
		       0) {
			assert_int_equal(m.type, LAB_LEASE_RECLAIM);
			assert_int_equal(m.reclaim.leases, 1);
			assert_int_equal(f->now % SHORTAGE_PERIOD, 0);
			asked++;
		}
	}
	assert_int_equal(asked, SHORTAGE_ROUNDS);
	assert_silent(&f->peers[1]);
}

static void after_the_deaf_another_is_asked(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	listen_as(&f->peers[0], "deaf", 1, 8);
	listen_as(&f->peers[1], "obliging", 1, 8);
	admit(&f->peers[2], "waits", 1, 8);
	take(&f->peers[0], 4, ids);
	take(&f->peers[1], 3, ids);
	lease(&f->peers[2], NULL);
	settle_unheard(f, &f->peers[0]);
	settle_unheard(f, &f->peers[1]);
	ask(&f->peers[2], 10000);
	settle(f);
	assert_reclaim(&f->peers[0], 1, CRITICAL);
	assert_silent(&f->peers[1]);
	f->now += SHORTAGE_PERIOD;
	settle(f);
	assert_silent(&f->peers[0]);
	assert_reclaim(&f->peers[1], 1, CRITICAL);
}

/* Questions that are given up at once ask nobody twice in a second. */
static void a_flood_of_questions_is_no_flood_of_requests(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];

	make_short(f, ids);
	for (int i = 0; i < 500; i++) {
		ask(&f->peers[1], 1);
		settle(f);
		f->now += 1 * MS;
		settle(f);
		assert_refused(&f->peers[1], ENOMEM, "no lease");
		ask(&f->peers[1], 0);
		assert_refused(&f->peers[1], ENOMEM, "no lease");
	}
	assert_reclaim(&f->peers[0], 1, CRITICAL);
	assert_silent(&f->peers[0]);
}

/* Pressure */

static void each_crossing_is_told_once(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];
	uint64_t ids[8];

	/* Seven can be lent above its guarantee; the marks are 1, 2, 3. */
	listen_as(peer, "guest", 1, 8);
	listen_as(&f->peers[1], "witness", 1, 1);
	settle(f);
	take(peer, 4, ids); /* three of them above it */
	settle(f);
	assert_silent(peer);
	ids[4] = lease(peer, NULL);
	settle(f);
	assert_pressure(peer, LOW, 2);
	assert_reclaim(peer, 1, LOW);
	assert_pressure(&f->peers[1], LOW, 2);
	settle(f);
	assert_silent(peer);
	f->now += SHORTAGE_PERIOD;
	ids[5] = lease(peer, NULL);
	settle(f);
	assert_pressure(peer, CRITICAL, 1);
	assert_reclaim(peer, 2, LOW);
	ids[6] = lease(peer, NULL);
	settle(f);
	assert_silent(peer);
	f->now += SHORTAGE_PERIOD;
	for (int i = 6; i >= 3; i--) {
		assert_true(give_back(peer, ids[i]));
		settle(f);
		if (i == 5)
			assert_pressure(peer, LOW, 2);
		f->now += SHORTAGE_HOLD;
	}
	assert_pressure(peer, NONE, 3);
	assert_silent(peer);
	assert_pressure(&f->peers[1], CRITICAL, 1);
	assert_pressure(&f->peers[1], LOW, 2);
	assert_pressure(&f->peers[1], NONE, 3);
	assert_silent(&f->peers[1]);
}

static void a_newcomer_is_told_after_its_welcome(void **state)
{
	struct fixture *f = *state;

	admit(&f->peers[0], "holder", 7, 8);
	settle(f);
	listen_as(&f->peers[1], "newcomer", 1, 8);
	settle(f);
	assert_pressure(&f->peers[1], CRITICAL, 0);
	settle(f);
	assert_silent(&f->peers[1]);
}

static void a_level_falls_slowly(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0], *witness = &f->peers[1];
	uint64_t ids[6];
	int told = 0;

	f->now = 1000 * MS;
	admit(peer, "restless", 1, 8);
	listen_as(witness, "witness", 1, 1);
	take(peer, 5, ids);
	settle(f);
	assert_pressure(witness, LOW, 2);
	/* Up and down 950 times in a second. */
	for (int i = 0; i < 950; i++, f->now += 1 * MS) {
		struct lab_lease_msg m;
		assert_true(give_back(peer, ids[4]));
		scrub(f);
		settle(f);
		ids[4] = lease(peer, NULL);
		settle(f);
		while (fd_receive(witness->socket, &m, sizeof(m), NULL, 0) > 0)
			told++;
	}
	assert_in_range(told, 2, 22);
	/* And it does fall, when that is due. */
	assert_true(give_back(peer, ids[4]));
	uint64_t due = settle(f);
	assert_in_range(due, f->now, f->now + SHORTAGE_HOLD);
	f->now = due;
	settle(f);
	assert_pressure(witness, NONE, 3);
}

static void idle_leases_are_asked_for_once_a_second(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];
	uint64_t ids[6];

	f->now = 1000 * MS;
	listen_as(peer, "holder", 1, 8);
	take(peer, 6, ids);
	settle(f);
	assert_pressure(peer, LOW, 2);
	assert_reclaim(peer, 1, LOW);
	f->now += 10 * MS;
	uint64_t seventh = lease(peer, NULL);
	uint64_t due = settle(f);
	assert_pressure(peer, CRITICAL, 1);
	assert_silent(peer);
	assert_int_equal(due, 1000 * MS + SHORTAGE_PERIOD);
	f->now = due;
	assert_int_equal(settle(f), UINT64_MAX);
	assert_reclaim(peer, 2, LOW);
	f->now += 10 * SHORTAGE_PERIOD;
	settle(f);
	assert_silent(peer);
	(void)seventh;
}

static void who_did_not_ask_for_events_gets_none(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[7];

	admit(&f->peers[0], "holder", 1, 8);
	admit(&f->peers[1], "one", 1, 8);
	take(&f->peers[0], 7, ids);
	settle(f);
	lease(&f->peers[1], NULL);
	ask(&f->peers[1], 5000);
	for (int i = 0; i < 4; i++) {
		settle(f);
		f->now += SHORTAGE_PERIOD;
	}
	assert_silent(&f->peers[0]);
	assert_silent(&f->peers[1]);
	for (int i = 0; i < 7; i++)
		assert_true(give_back(&f->peers[0], ids[i]));
	settle(f);
	assert_silent(&f->peers[0]);
}

/* Who does not read events still has room for its answers, and learns it. */
static void unread_events_drop_nobody(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0], *asleep = &f->peers[1];
	struct lab_lease_msg m, last = {0};
	uint64_t ids[6];
	int told = 0;

	admit(peer, "restless", 1, 8);
	listen_as(asleep, "asleep", 1, 2);
	take(peer, 4, ids);
	for (int i = 0; i < 100; i++, f->now += SHORTAGE_PERIOD) {
		settle(f);
		ids[4] = lease(peer, NULL);
		settle(f);
		f->now += SHORTAGE_PERIOD;
		if (i == 99)
			break;
		assert_true(give_back(peer, ids[4]));
		scrub(f);
	}
	m = message(asleep, LAB_LEASE_LEASE);
	assert_true(sent(asleep, &m));
	for (;;) {
		int fd = -1;
		assert_int_equal(
			fd_receive(asleep->socket, &m, sizeof(m), &fd, 0),
			sizeof(m));
		if (m.type == LAB_LEASE_LEASED) {
			close(fd);
			break;
		}
		last = m;
		told++;
	}
	assert_in_range(told, 1, 20);
	/* Having room again, it hears the level of now, if it is another. */
	settle(f);
	if (last.pressure.level != LOW)
		assert_pressure(asleep, LOW, 2);
	assert_silent(asleep);
}

static void unknown_flags_are_refused(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];
	struct lab_lease_msg m = hello(peer, "guest", 1, 1, 1);

	m.hello.flags = UINT32_C(1) << 31 | LAB_HELLO_EVENTS;
	assert_false(sent(peer, &m));
	assert_refused(peer, EINVAL, "flags 0x80000001");
	assert_null(session_guest(peer->session));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_that_is_heeded_serves_who_waits),
		TEST(those_at_their_guarantee_are_not_asked),
		TEST(nobody_is_asked_for_more_than_its_excess),
		TEST(who_waits_is_not_asked),
		TEST(rounds_are_bounded),
		TEST(after_the_deaf_another_is_asked),
		TEST(a_flood_of_questions_is_no_flood_of_requests),
		TEST(each_crossing_is_told_once),
		TEST(a_newcomer_is_told_after_its_welcome),
		TEST(a_level_falls_slowly),
		TEST(idle_leases_are_asked_for_once_a_second),
		TEST(who_did_not_ask_for_events_gets_none),
		TEST(unread_events_drop_nobody),
		TEST(unknown_flags_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
