/* SPDX-License-Identifier: MIT */
/* A broker without an event loop and its clients, for tests of sessions. */
#ifndef LABYRINTH_TESTS_SESSION_SUPPORT_H
#define LABYRINTH_TESTS_SESSION_SUPPORT_H

#include <errno.h>
#include <sys/socket.h>

#include <labyrinth/bootinfo.h>

#include "base/fd.h"
#include "broker-support.h"
#include "broker/session.h"
#include "broker/shortage.h"

#define POOL_LEASES 8

/* A broker without an event loop, and up to three clients. */
struct fixture {
	struct registry registry;
	struct pool *pool;
	struct ledger *ledger;
	uint64_t now; /* us: the tests' clock, which they move */
	struct peer {
		struct session *session;
		struct fixture *fixture;
		int socket; /* the client's end */
		uint64_t seq;
	} peers[3];
};

static inline struct peer *connect_peer(struct fixture *f, int i)
{
	struct peer *peer = &f->peers[i];
	struct err err = {.text = ""};
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX,
			   SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			   pair),
		0);
	peer->fixture = f;
	peer->socket = pair[0];
	peer->seq = 0;
	if (session_new(&peer->session, &f->registry, pair[1], &err) < 0)
		fail_msg("%s", err.text);
	return peer;
}

static inline int setup_pool(void **state, struct pool *pool)
{
	static struct fixture fixture;
	struct err err;

	fixture = (struct fixture){.pool = pool};
	fixture.ledger = pool_ledger(fixture.pool);
	*state = &fixture;
	for (int i = 0; i < 3; i++)
		connect_peer(&fixture, i);
	return registry_add_pool(&fixture.registry, fixture.pool, &err);
}

static inline int setup(void **state)
{
	return setup_pool(state, make_pool("pool", POOL_LEASES));
}

/* A pool whose guests bring the files of their leases. */
static inline int setup_guest_memfd(void **state)
{
	return setup_pool(state, make_pool_of("pool", POOL_LEASES,
					      LAB_BACKING_GUEST_MEMFD));
}

/* What each of these tests ends with: all clients gone, the pool whole. */
static inline int teardown(void **state)
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

/* What the broker does after each event. */
static inline uint64_t settle(struct fixture *f)
{
	uint64_t due = shortage_settle(&f->registry, f->now);

	assert_true(due > f->now);
	assert_valid(f->ledger);
	return due;
}

/* Messages */

static inline struct lab_lease_msg message(struct peer *peer,
					   enum lab_lease_type type)
{
	return (struct lab_lease_msg){.magic = LAB_LEASE_MAGIC,
				      .version = LAB_LEASE_VERSION,
				      .type = (uint16_t)type,
				      .seq = ++peer->seq};
}

/* Send a message, with a descriptor or -1, and let the session take it. */
static inline bool sent_with(struct peer *peer,
			     const struct lab_lease_msg *message, int fd)
{
	assert_int_equal(
		fd_send(peer->socket, message, sizeof(*message), fd, 0), 0);
	return session_receive(peer->session, peer->fixture->now);
}

static inline bool sent(struct peer *peer, const struct lab_lease_msg *message)
{
	return sent_with(peer, message, -1);
}

static inline struct lab_lease_msg received(struct peer *peer, int *fd)
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

static inline struct lab_lease_msg hello(struct peer *peer, const char *name,
					 uint64_t memory, uint64_t guarantee,
					 uint64_t limit)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_HELLO);

	snprintf(m.hello.name, sizeof(m.hello.name), "%s", name);
	strcpy(m.hello.pool, "pool");
	m.hello.memory = memory;
	m.hello.guarantee = guarantee;
	m.hello.limit = limit;
	m.hello.cpus = 1;
	return m;
}

static inline struct lab_lease_msg admit(struct peer *peer, const char *name,
					 uint64_t guarantee, uint64_t limit)
{
	struct lab_lease_msg m = hello(peer, name, 1, guarantee, limit);

	assert_true(sent(peer, &m));
	m = received(peer, NULL);
	assert_int_equal(m.type, LAB_LEASE_WELCOME);
	return m;
}

static inline uint64_t lease(struct peer *peer, int *fd)
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

static inline bool give_back(struct peer *peer, uint64_t id)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_RETURN);

	m.returned.lease = id;
	return sent(peer, &m);
}

static inline void assert_refused(struct peer *peer, int code, const char *part)
{
	struct lab_lease_msg m = received(peer, NULL);
	struct err err = {.code = m.refused.error};

	assert_int_equal(m.type, LAB_LEASE_REFUSED);
	assert_int_equal(m.refused.error, code);
	assert_non_null(memchr(m.refused.text, 0, sizeof(m.refused.text)));
	strcpy(err.text, m.refused.text);
	assert_said(&err, part);
}

static inline void assert_silent(struct peer *peer)
{
	struct lab_lease_msg m;

	assert_int_equal(fd_receive(peer->socket, &m, sizeof(m), NULL, 0),
			 -EAGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
