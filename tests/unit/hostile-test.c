/* SPDX-License-Identifier: MIT */
/* Sessions whose clients are not what they should be. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "session-support.h"

/* Clients that break the protocol: dropped, nobody else notices. */

struct hostile {
	const char *what;
	bool admitted; /* first be a guest with one lease */
	bool (*act)(struct fixture *f, struct peer *peer, uint64_t id);
};

static bool send_bytes(struct peer *peer, size_t bytes, int fd)
{
	char buffer[1024] = {0};
	struct lab_lease_msg m = hello(peer, "guest", 1, 1, 1);

	memcpy(buffer, &m, sizeof(m));
	assert_int_equal(fd_send(peer->socket, buffer, bytes, fd, 0), 0);
	return session_receive(peer->session, 0);
}

static bool send_short(struct fixture *f, struct peer *peer, uint64_t id)
{
	(void)f, (void)id;
	return send_bytes(peer, sizeof(struct lab_lease_msg) - 1, -1);
}

static bool send_one_byte(struct fixture *f, struct peer *peer, uint64_t id)
{
	(void)f, (void)id;
	return send_bytes(peer, 1, -1);
}

static bool send_nothing(struct fixture *f, struct peer *peer, uint64_t id)
{
	(void)f, (void)id;
	return send_bytes(peer, 0, -1);
}

static bool send_long(struct fixture *f, struct peer *peer, uint64_t id)
{
	(void)f, (void)id;
	return send_bytes(peer, sizeof(struct lab_lease_msg) + 1, -1);
}

static bool send_descriptor(struct fixture *f, struct peer *peer, uint64_t id)
{
	struct lab_lease_msg m = hello(peer, "guest", 1, 1, 1);
	int ends[2];
	char byte;
	(void)f, (void)id;

	assert_int_equal(pipe(ends), 0);
	int r = fd_send(peer->socket, &m, sizeof(m), ends[1], 0);
	close(ends[1]);
	/* A guest cannot send any, where the kernel can keep them out. */
	bool guest = session_guest(peer->session) != NULL;
	assert_true(r == 0 || (guest && r == -EPERM));
	bool alive = r == 0 && session_receive(peer->session, 0);
	/* It was closed, too; of a guest it is not even received. */
	if (!guest)
		assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	return alive;
}

static bool bad_magic(struct fixture *f, struct peer *peer, uint64_t id)
{
	struct lab_lease_msg m = hello(peer, "guest", 1, 1, 1);
	(void)f, (void)id;

	m.magic = __builtin_bswap32(m.magic);
	return sent(peer, &m);
}

static bool zero_seq(struct fixture *f, struct peer *peer, uint64_t id)
{
	struct lab_lease_msg m = hello(peer, "guest", 1, 1, 1);
	(void)f, (void)id;

	m.seq = 0;
	return sent(peer, &m);
}

static bool same_seq(struct fixture *f, struct peer *peer, uint64_t id)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);
	(void)f, (void)id;

	m.seq = --peer->seq;
	return sent(peer, &m);
}

static bool hello_twice(struct fixture *f, struct peer *peer, uint64_t id)
{
	struct lab_lease_msg m = hello(peer, "twice", 1, 1, 1);
	(void)f, (void)id;

	return sent(peer, &m);
}

static bool lease_first(struct fixture *f, struct peer *peer, uint64_t id)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);
	(void)f, (void)id;

	return sent(peer, &m);
}

static bool return_first(struct fixture *f, struct peer *peer, uint64_t id)
{
	(void)f, (void)id;
	return give_back(peer, 0);
}

static bool speak_for_the_broker(struct fixture *f, struct peer *peer,
				 uint64_t id)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASED);
	(void)f, (void)id;

	return sent(peer, &m);
}

static bool unknown_type(struct fixture *f, struct peer *peer, uint64_t id)
{
	struct lab_lease_msg m = message(peer, 7);
	(void)f, (void)id;

	return sent(peer, &m);
}

static bool replay_return(struct fixture *f, struct peer *peer, uint64_t id)
{
	(void)f;
	assert_true(give_back(peer, id));
	return give_back(peer, id);
}

static bool stale_return(struct fixture *f, struct peer *peer, uint64_t id)
{
	assert_true(give_back(peer, id));
	while (pool_scrub(f->pool))
		;
	/* The same extent again, by another generation. */
	for (uint64_t now = ~id; (uint32_t)now != (uint32_t)id;)
		now = lease(peer, NULL);
	return give_back(peer, id);
}

static bool return_anothers(struct fixture *f, struct peer *peer, uint64_t id)
{
	(void)peer, (void)id;
	admit(&f->peers[1], "victim", 1, 1);
	uint64_t other = lease(&f->peers[1], NULL);
	bool alive = give_back(peer, other);
	assert_int_equal(session_guest(f->peers[1].session)->account.held, 1);
	return alive;
}

static bool return_beyond(struct fixture *f, struct peer *peer, uint64_t id)
{
	(void)f;
	return give_back(peer, (id & ~(uint64_t)UINT32_MAX) | POOL_LEASES);
}

static bool two_at_once(struct fixture *f, struct peer *peer, uint64_t id)
{
	struct lab_lease_msg m;

	for (int i = 1; i < 8; i++)
		lease(peer, NULL);
	assert_true(give_back(peer, id));
	m = message(peer, LAB_LEASE_LEASE);
	assert_true(sent(peer, &m));
	assert_true(session_waiting(peer->session));
	m = message(peer, LAB_LEASE_LEASE);
	(void)f;
	return sent(peer, &m);
}

static bool never_read(struct fixture *f, struct peer *peer, uint64_t id)
{
	(void)f, (void)id;
	for (int i = 0; i < 100; i++) {
		struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);
		if (!sent(peer, &m))
			return false;
	}
	return true;
}

static bool hang_up(struct fixture *f, struct peer *peer, uint64_t id)
{
	(void)f, (void)id;
	shutdown(peer->socket, SHUT_RDWR);
	return session_receive(peer->session, 0);
}

static bool never_read_and_hang_up(struct fixture *f, struct peer *peer,
				   uint64_t id)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);
	(void)f, (void)id;

	assert_int_equal(fd_send(peer->socket, &m, sizeof(m), -1, 0), 0);
	shutdown(peer->socket, SHUT_RDWR);
	return session_receive(peer->session, 0);
}

static const struct hostile hostiles[] = {
	{"a short message", false, send_short},
	{"one byte", false, send_one_byte},
	{"an empty message", false, send_nothing},
	{"a long message", false, send_long},
	{"a descriptor", false, send_descriptor},
	{"a descriptor, admitted", true, send_descriptor},
	{"a short message, admitted", true, send_short},
	{"a bad magic", false, bad_magic},
	{"seq 0", false, zero_seq},
	{"the same seq", true, same_seq},
	{"HELLO twice", true, hello_twice},
	{"LEASE before HELLO", false, lease_first},
	{"RETURN before HELLO", false, return_first},
	{"LEASED", true, speak_for_the_broker},
	{"an unknown type", true, unknown_type},
	{"a replayed RETURN", true, replay_return},
	{"a RETURN of an earlier lease", true, stale_return},
	{"a RETURN of another's lease", true, return_anothers},
	{"a RETURN of no extent", true, return_beyond},
	{"LEASE while one waits", true, two_at_once},
	{"never reads", true, never_read},
	{"hangs up", true, hang_up},
	{"hangs up with an answer due", true, never_read_and_hang_up},
};

static void drops_the_hostile(void **state)
{
	for (size_t i = 0; i < sizeof(hostiles) / sizeof(hostiles[0]); i++) {
		const struct hostile *h = &hostiles[i];
		assert_int_equal(setup(state), 0);
		struct fixture *f = *state;
		struct peer *peer = &f->peers[0];
		uint64_t id = 0;
		if (h->admitted) {
			admit(peer, "hostile", 1, 8);
			id = lease(peer, NULL);
		}
		admit(&f->peers[2], "bystander", 0 + 1, 1);
		if (h->act == two_at_once || h->act == stale_return)
			session_end(f->peers[2].session);
		if (h->act(f, peer, id))
			fail_msg("not dropped: %s", h->what);
		session_end(peer->session);
		assert_valid(f->ledger);
		if (session_guest(f->peers[2].session) != NULL) {
			while (pool_scrub(f->pool))
				;
			lease(&f->peers[2], NULL);
		}
		teardown(state);
	}
}

/* However much a client sends, one call takes one message of it. */
static void a_flood_is_taken_drop_by_drop(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];
	struct lab_lease_msg m;
	int queued = 0;

	admit(peer, "guest", 1, 1);
	lease(peer, NULL);
	do {
		m = message(peer, LAB_LEASE_LEASE);
	} while (fd_send(peer->socket, &m, sizeof(m), -1, 0) == 0 &&
		 ++queued < 10);
	assert_int_equal(queued, 10);
	for (uint64_t seq = peer->seq - 9; seq <= peer->seq; seq++) {
		assert_true(session_receive(peer->session, 0));
		assert_int_equal(
			fd_receive(peer->socket, &m, sizeof(m), NULL, 0),
			sizeof(m));
		assert_int_equal(m.seq, seq);
		assert_silent(peer);
	}
	assert_true(
		session_receive(peer->session, 0)); /* nothing there: fine */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drops_the_hostile),
		TEST(a_flood_is_taken_drop_by_drop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
