/* SPDX-License-Identifier: MIT */
/* Sessions: every refusal, and clients that are not what they should be. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <sys/socket.h>

#include "base/fd.h"
#include "broker-support.h"
#include "broker/session.h"

#define POOL_LEASES 8

/* A broker without an event loop, and up to three clients. */
struct fixture {
	struct registry registry;
	struct pool *pool;
	struct ledger *ledger;
	struct peer {
		struct session *session;
		int socket; /* the client's end */
		uint64_t seq;
	} peers[3];
};

static struct peer *connect_peer(struct fixture *f, int i)
{
	struct peer *peer = &f->peers[i];
	struct err err = {.text = ""};
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX,
			   SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			   pair),
		0);
	peer->socket = pair[0];
	peer->seq = 0;
	if (session_new(&peer->session, &f->registry, pair[1], &err) < 0)
		fail_msg("%s", err.text);
	return peer;
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct err err;

	fixture = (struct fixture){.pool = make_pool("pool", POOL_LEASES)};
	fixture.ledger = pool_ledger(fixture.pool);
	*state = &fixture;
	for (int i = 0; i < 3; i++)
		connect_peer(&fixture, i);
	return registry_add_pool(&fixture.registry, fixture.pool, &err);
}

/* What each of these tests ends with: all clients gone, the pool whole. */
static int teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		close(f->peers[i].socket);
		session_end(f->peers[i].session);
		assert_valid(f->ledger);
		session_free(f->peers[i].session);
	}
	while (pool_scrub(f->pool))
		;
	assert_int_equal(ledger_count(f->ledger, EXTENT_BLANK), POOL_LEASES);
	assert_int_equal(ledger_guaranteed(f->ledger), 0);
	assert_null(f->registry.first);
	registry_clear(&f->registry);
	return 0;
}

/* Messages */

static struct lab_lease_msg message(struct peer *peer, enum lab_lease_type type)
{
	return (struct lab_lease_msg){.magic = LAB_LEASE_MAGIC,
				      .version = LAB_LEASE_VERSION,
				      .type = (uint16_t)type,
				      .seq = ++peer->seq};
}

/* Send a message and let the session take it. */
static bool sent(struct peer *peer, const struct lab_lease_msg *message)
{
	assert_int_equal(
		fd_send(peer->socket, message, sizeof(*message), -1, 0), 0);
	return session_receive(peer->session);
}

static struct lab_lease_msg received(struct peer *peer, int *fd)
{
	struct lab_lease_msg answer;

	assert_int_equal(
		fd_receive(peer->socket, &answer, sizeof(answer), fd, 0),
		sizeof(answer));
	assert_int_equal(answer.magic, LAB_LEASE_MAGIC);
	assert_int_equal(answer.version, LAB_LEASE_VERSION);
	assert_int_equal(answer.seq, peer->seq);
	return answer;
}

static struct lab_lease_msg hello(struct peer *peer, const char *name,
				  uint64_t memory, uint64_t guarantee,
				  uint64_t limit)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_HELLO);

	snprintf(m.hello.name, sizeof(m.hello.name), "%s", name);
	strcpy(m.hello.pool, "pool");
	m.hello.memory = memory;
	m.hello.guarantee = guarantee;
	m.hello.limit = limit;
	return m;
}

static struct lab_lease_msg admit(struct peer *peer, const char *name,
				  uint64_t guarantee, uint64_t limit)
{
	struct lab_lease_msg m = hello(peer, name, 1, guarantee, limit);

	assert_true(sent(peer, &m));
	m = received(peer, NULL);
	assert_int_equal(m.type, LAB_LEASE_WELCOME);
	return m;
}

static uint64_t lease(struct peer *peer, int *fd)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);
	int own = -1;

	assert_true(sent(peer, &m));
	m = received(peer, &own);
	assert_int_equal(m.type, LAB_LEASE_LEASED);
	assert_true(own >= 0);
	if (fd != NULL)
		*fd = own;
	else
		close(own);
	return m.leased.lease;
}

static bool give_back(struct peer *peer, uint64_t id)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_RETURN);

	m.returned.lease = id;
	return sent(peer, &m);
}

static void assert_refused(struct peer *peer, int code, const char *part)
{
	struct lab_lease_msg m = received(peer, NULL);
	struct err err = {.code = m.refused.error};

	assert_int_equal(m.type, LAB_LEASE_REFUSED);
	assert_int_equal(m.refused.error, code);
	assert_non_null(memchr(m.refused.text, 0, sizeof(m.refused.text)));
	strcpy(err.text, m.refused.text);
	assert_said(&err, part);
}

static void assert_silent(struct peer *peer)
{
	struct lab_lease_msg m;

	assert_int_equal(fd_receive(peer->socket, &m, sizeof(m), NULL, 0),
			 -EAGAIN);
}

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
	assert_true(session_retry(one->session));
	assert_silent(one);
	assert_true(pool_scrub(f->pool));
	assert_true(session_retry(one->session));
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
	assert_true(session_retry(peer->session));
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
	return session_receive(peer->session);
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
	(void)f, (void)id;
	int mark = dup(0);
	close(mark);
	bool alive = send_bytes(peer, sizeof(struct lab_lease_msg), 0);
	int same = dup(0);
	close(same);
	assert_int_equal(same, mark); /* it was closed, too */
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
	return session_receive(peer->session);
}

static bool never_read_and_hang_up(struct fixture *f, struct peer *peer,
				   uint64_t id)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);
	(void)f, (void)id;

	assert_int_equal(fd_send(peer->socket, &m, sizeof(m), -1, 0), 0);
	shutdown(peer->socket, SHUT_RDWR);
	return session_receive(peer->session);
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
		assert_true(session_receive(peer->session));
		assert_int_equal(
			fd_receive(peer->socket, &m, sizeof(m), NULL, 0),
			sizeof(m));
		assert_int_equal(m.seq, seq);
		assert_silent(peer);
	}
	assert_true(session_receive(peer->session)); /* nothing there: fine */
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(refuses_bad_names),
		TEST(accepts_the_longest_name),
		TEST(refuses_a_taken_name),
		TEST(refuses_what_it_cannot_promise),
		TEST(refuses_another_version),
		cmocka_unit_test(drops_the_hostile),
		TEST(a_flood_is_taken_drop_by_drop),
		TEST(serves_seqpacket_only),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
