/* SPDX-License-Identifier: MIT */
/* Guests that listen and wait, for tests of shortages. */
#ifndef LABYRINTH_TESTS_SHORTAGE_SUPPORT_H
#define LABYRINTH_TESTS_SHORTAGE_SUPPORT_H

#include "session-support.h"

#define NONE	 LAB_LEASE_LEVEL_NONE
#define LOW	 LAB_LEASE_LEVEL_LOW
#define CRITICAL LAB_LEASE_LEVEL_CRITICAL
#define MS	 UINT64_C(1000)

/* The pool of 8 has min 1, low 2, high 3. */

static inline void listen_as(struct peer *peer, const char *name,
			     uint64_t guarantee, uint64_t limit)
{
	struct lab_lease_msg m = hello(peer, name, 1, guarantee, limit);

	m.hello.flags = LAB_HELLO_EVENTS;
	assert_true(sent(peer, &m));
	m = received(peer, NULL);
	assert_int_equal(m.type, LAB_LEASE_WELCOME);
}

/* Ask for a lease, with the patience to wait for it. */
static inline void ask(struct peer *peer, uint32_t wait_ms)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);

	m.lease.wait_ms = wait_ms;
	assert_true(sent(peer, &m));
}

static inline void assert_leased(struct peer *peer)
{
	int fd = -1;
	struct lab_lease_msg m = received(peer, &fd);

	assert_int_equal(m.type, LAB_LEASE_LEASED);
	assert_true(fd >= 0);
	close(fd);
}

static inline struct lab_lease_msg event(struct peer *peer,
					 enum lab_lease_type type)
{
	struct lab_lease_msg m;

	assert_int_equal(fd_receive(peer->socket, &m, sizeof(m), NULL, 0),
			 sizeof(m));
	assert_int_equal(m.magic, LAB_LEASE_MAGIC);
	assert_int_equal(m.version, LAB_LEASE_VERSION);
	assert_int_equal(m.seq, 0);
	assert_int_equal(m.type, type);
	return m;
}

static inline void assert_reclaim(struct peer *peer, uint64_t leases,
				  enum lab_lease_level level)
{
	struct lab_lease_msg m = event(peer, LAB_LEASE_RECLAIM);

	assert_int_equal(m.reclaim.leases, leases);
	assert_int_equal(m.reclaim.level, level);
}

static inline void assert_pressure(struct peer *peer,
				   enum lab_lease_level level,
				   uint64_t available)
{
	struct lab_lease_msg m = event(peer, LAB_LEASE_PRESSURE);

	assert_int_equal(m.pressure.level, level);
	assert_int_equal(m.pressure.reserved, 0);
	assert_int_equal(m.pressure.available, available);
	assert_int_equal(m.pressure.total, POOL_LEASES);
}

/* Settle, and throw away what that told this guest. */
static inline void settle_unheard(struct fixture *f, struct peer *peer)
{
	struct lab_lease_msg m;

	settle(f);
	while (fd_receive(peer->socket, &m, sizeof(m), NULL, 0) > 0)
		assert_int_equal(m.seq, 0);
}

static inline void scrub(struct fixture *f)
{
	while (pool_scrub(f->pool))
		;
}

/* The first peer takes all that it can get; ids of its leases. */
static inline void take(struct peer *peer, int count, uint64_t *ids)
{
	for (int i = 0; i < count; i++)
		ids[i] = lease(peer, NULL);
}

/* All 8: the first peer 6, the others one each. */
static inline void take_all(struct fixture *f, uint64_t ids[6])
{
	take(&f->peers[0], 6, ids);
	lease(&f->peers[1], NULL);
	lease(&f->peers[2], NULL);
}

/* The same, where the first listens and the others do not. */
static inline void lend_all(struct fixture *f, uint64_t guarantee,
			    uint64_t ids[6])
{
	listen_as(&f->peers[0], "holder", guarantee, 8);
	admit(&f->peers[1], "one", 1, 8);
	admit(&f->peers[2], "two", 1, 8);
	take_all(f, ids);
	settle_unheard(f, &f->peers[0]);
}

#endif
