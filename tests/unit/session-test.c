/* SPDX-License-Identifier: MIT */
/* Sessions with honest clients: what they get, and every refusal. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "session-support.h"

/* Honest clients */

static void admits(void **state)
{
	struct fixture *f = *state;

	struct lab_lease_msg one = admit(&f->peers[0], "one", 2, 4);
	struct lab_lease_msg two = admit(&f->peers[1], "two", 2, 8);
	assert_int_not_equal(one.welcome.guest, 0);
	assert_int_not_equal(one.welcome.guest, two.welcome.guest);
	assert_int_equal(one.welcome.pool_total, POOL_LEASES);
	assert_int_equal(one.welcome.backing, pool_backing(f->pool));
	assert_memory_not_equal(one.welcome.uuid, two.welcome.uuid, 16);
	assert_int_equal(one.welcome.uuid[6] >> 4, 5);
	const struct guest *guest = session_guest(f->peers[0].session);
	assert_string_equal(guest->name, "one");
	assert_int_equal(guest->pid, getpid());
	assert_int_equal(guest->account.limit, 4);

	/* The name alone makes the UUID. */
	close(f->peers[2].socket);
	session_free(f->peers[2].session);
	session_end(f->peers[0].session);
	connect_peer(f, 2);
	struct lab_lease_msg again = admit(&f->peers[2], "one", 1, 1);
	assert_memory_equal(one.welcome.uuid, again.welcome.uuid, 16);
	assert_int_not_equal(one.welcome.guest, again.welcome.guest);
}

static void leases_and_takes_back(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];
	int fd;

	admit(peer, "guest", 2, 4);
	uint64_t id = lease(peer, &fd);
	uint8_t *pages = map_lease(fd);
	assert_zero(pages);
	munmap(pages, LAB_EXTENT_SIZE);
	close(fd);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 1);
	assert_true(give_back(peer, id));
	assert_silent(peer);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 0);
	assert_int_equal(ledger_count(f->ledger, EXTENT_DIRTY), 1);
}

static void a_full_guest_is_told(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];

	admit(peer, "guest", 1, 2);
	lease(peer, NULL);
	uint64_t id = lease(peer, NULL);
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);
	assert_true(sent(peer, &m));
	assert_refused(peer, EDQUOT, "its limit of 2");
	/* It goes on. */
	assert_true(give_back(peer, id));
	lease(peer, NULL);
}

static void an_empty_pool_is_told(void **state)
{
	struct fixture *f = *state;
	struct peer *greedy = &f->peers[0];

	admit(greedy, "greedy", 1, 8);
	admit(&f->peers[1], "other", 3, 3);
	for (int i = 0; i < 5; i++)
		lease(greedy, NULL);
	struct lab_lease_msg m = message(greedy, LAB_LEASE_LEASE);
	assert_true(sent(greedy, &m));
	assert_refused(greedy, ENOMEM, "5 are lent and 3 promised");
	for (int i = 0; i < 3; i++)
		lease(&f->peers[1], NULL);
}

static void waits_for_a_scrub(void **state)
{
	struct fixture *f = *state;
	struct peer *one = &f->peers[0], *two = &f->peers[1];
	uint64_t id = 0;
	int fd = -1;

	admit(one, "one", 6, 6);
	admit(two, "two", 2, 3);
	for (int i = 0; i < 6; i++)
		id = lease(one, NULL);
	lease(two, NULL);
	lease(two, NULL);
	assert_true(give_back(one, id));
	/* The dirty one is promised to its last owner. */
	struct lab_lease_msg m = message(two, LAB_LEASE_LEASE);
	assert_true(sent(two, &m));
	assert_refused(two, ENOMEM, "no lease");
	m = message(one, LAB_LEASE_LEASE);
	assert_true(sent(one, &m));
	assert_silent(one);
	assert_true(session_waiting(one->session));
	settle(f);
	assert_silent(one);
	assert_true(pool_scrub(f->pool));
	settle(f);
	m = received(one, &fd);
	assert_int_equal(m.type, LAB_LEASE_LEASED);
	assert_true(fd >= 0);
	close(fd);
	assert_false(session_waiting(one->session));
}

static void a_waiting_client_may_go(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];
	uint64_t id = 0;

	admit(peer, "guest", 8, 8);
	for (int i = 0; i < 8; i++)
		id = lease(peer, NULL);
	assert_true(give_back(peer, id));
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);
	assert_true(sent(peer, &m));
	assert_true(session_waiting(peer->session));
	session_end(peer->session);
	assert_false(session_waiting(peer->session));
}

static void what_waits_may_be_refused(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];
	uint64_t id = 0;

	admit(peer, "guest", 8, 8);
	for (int i = 0; i < 8; i++)
		id = lease(peer, NULL);
	assert_true(give_back(peer, id));
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);
	assert_true(sent(peer, &m));
	assert_silent(peer);
	/* The scrub fails. */
	ledger_move(f->ledger, ledger_first(f->ledger, EXTENT_DIRTY),
		    EXTENT_WITHDRAWN, NULL);
	settle(f);
	assert_refused(peer, ENOMEM, "no lease");
	pool_retry(f->pool);
}

/* Refusals of a HELLO; after each the session is over. */

static void assert_hello_refused(struct fixture *f, struct lab_lease_msg *m,
				 int code, const char *part)
{
	struct peer *peer = &f->peers[0];

	peer->seq = m->seq;
	assert_false(sent(peer, m));
	assert_refused(peer, code, part);
	assert_null(session_guest(peer->session));
	assert_int_equal(ledger_guaranteed(f->ledger), 0);
}

static void refuses_bad_numbers(void **state)
{
	struct fixture *f = *state;
	static const struct {
		uint64_t memory, guarantee, limit;
		const char *part;
	} bad[] = {
		{0, 1, 1, "one lease of memory"},
		{3, 2, 4, "memory of 3 leases is more than its guarantee"},
		{1, 5, 4, "guarantee of 5 leases is more than its limit"},
		{1, 1, 9, "limit of 9 leases is more than the 8 of pool"},
		{1, UINT64_MAX, UINT64_MAX, "more than the 8"},
		{1, 1, 1ull << 32 | 1, "more than the 8"},
		{UINT64_MAX, 1, 1, "more than its guarantee"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct lab_lease_msg m =
			hello(&f->peers[0], "guest", bad[i].memory,
			      bad[i].guarantee, bad[i].limit);
		assert_hello_refused(f, &m, EINVAL, bad[i].part);
	}
}

static void refuses_bad_processors(void **state)
{
	struct fixture *f = *state;
	static const uint32_t bad[] = {0, LAB_CPUS_MAX + 1, UINT32_MAX};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct lab_lease_msg m = hello(&f->peers[0], "guest", 1, 1, 1);
		m.hello.cpus = bad[i];
		assert_hello_refused(f, &m, EINVAL, "processors");
	}
	struct lab_lease_msg m = hello(&f->peers[0], "guest", 1, 1, 1);
	m.hello.cpus = LAB_CPUS_MAX;
	assert_true(sent(&f->peers[0], &m));
	assert_int_equal(session_guest(f->peers[0].session)->cpus,
			 LAB_CPUS_MAX);
}

static void refuses_bad_names(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {"",	  "a b",   "a/b",  "a\n",
					  "\x80", "a\x7f", "a\tb", "a%s"};
	struct lab_lease_msg m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		m = hello(&f->peers[0], bad[i], 1, 1, 1);
		assert_hello_refused(f, &m, EINVAL, "guest's name");
		m = hello(&f->peers[0], "guest", 1, 1, 1);
		strcpy(m.hello.pool, bad[i]);
		assert_hello_refused(f, &m, EINVAL, "pool's name");
	}
	m = hello(&f->peers[0], "guest", 1, 1, 1);
	memset(m.hello.name, 'a', sizeof(m.hello.name));
	assert_hello_refused(f, &m, EINVAL, "guest's name");
	m = hello(&f->peers[0], "guest", 1, 1, 1);
	strcpy(m.hello.pool, "pond");
	assert_hello_refused(f, &m, ENOENT, "no pool named pond");
}

static void accepts_the_longest_name(void **state)
{
	struct fixture *f = *state;
	char name[LAB_NAME_MAX] = {0};

	memset(name, 'x', sizeof(name) - 1);
	admit(&f->peers[0], name, 1, 1);
	admit(&f->peers[1], "A-Z.a_z.09", 1, 1);
}

static void refuses_a_taken_name(void **state)
{
	struct fixture *f = *state;

	admit(&f->peers[1], "guest", 1, 1);
	struct lab_lease_msg m = hello(&f->peers[0], "guest", 1, 1, 1);
	assert_false(sent(&f->peers[0], &m));
	assert_refused(&f->peers[0], EEXIST, "named guest is running");
	assert_int_equal(ledger_guaranteed(f->ledger), 1);
}

static void refuses_what_it_cannot_promise(void **state)
{
	struct fixture *f = *state;

	admit(&f->peers[1], "first", 6, 8);
	struct lab_lease_msg m = hello(&f->peers[0], "second", 1, 3, 8);
	assert_false(sent(&f->peers[0], &m));
	assert_refused(&f->peers[0], ENOMEM, "it has 8, of which 6");
}

static void refuses_another_version(void **state)
{
	struct fixture *f = *state;
	struct lab_lease_msg m = hello(&f->peers[0], "guest", 1, 1, 1);

	m.version = 2;
	assert_hello_refused(f, &m, EPROTONOSUPPORT, "speaks version 1");
}

static void serves_seqpacket_only(void **state)
{
	struct fixture *f = *state;
	struct session *session = NULL;
	struct err err;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(session_new(&session, &f->registry, pair[0], &err),
			 -EPROTOTYPE);
	assert_int_equal(session_new(&session, &f->registry, -1, &err), -EBADF);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(admits),
		TEST(leases_and_takes_back),
		TEST(a_full_guest_is_told),
		TEST(an_empty_pool_is_told),
		TEST(waits_for_a_scrub),
		TEST(a_waiting_client_may_go),
		TEST(what_waits_may_be_refused),
		TEST(refuses_bad_numbers),
		TEST(refuses_bad_processors),
		TEST(refuses_bad_names),
		TEST(accepts_the_longest_name),
		TEST(refuses_a_taken_name),
		TEST(refuses_what_it_cannot_promise),
		TEST(refuses_another_version),
		TEST(serves_seqpacket_only),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
