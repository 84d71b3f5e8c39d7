/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer over the broker's socket: three clients that send what they like,
 * whole messages with fields of their own, or bytes, with a descriptor or
 * without, while time goes on. After each step the ledger is in order; when
 * all are gone, every lease is back.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/log.h"
#include "input.h"
#include "session-support.h"

#define KEPT_MAX 16 /* ids of leases that a client remembers */

static struct {
	uint64_t ids[KEPT_MAX];
	unsigned int count;
} kept[3];

/* Whatever has come for it, as a VMM would take it. */
static void drain(struct peer *peer, int i)
{
	struct lab_lease_msg m;
	int fd;

	while (fd_receive(peer->socket, &m, sizeof(m), &fd, 0) > 0) {
		assert_int_equal(m.magic, LAB_LEASE_MAGIC);
		assert_int_equal(fd >= 0, m.type == LAB_LEASE_LEASED ||
						  m.type == LAB_LEASE_AUDITED);
		if (fd >= 0)
			close(fd);
		if (m.type == LAB_LEASE_LEASED)
			kept[i].ids[kept[i].count++ % KEPT_MAX] =
				m.leased.lease;
	}
}

static void reconnect(struct fixture *f, int i)
{
	struct peer *peer = &f->peers[i];

	close(peer->socket);
	session_end(peer->session);
	session_free(peer->session);
	connect_peer(f, i);
	kept[i].count = 0;
}

static int tally_file(bool right)
{
	int fd = memfd_create("tally", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, LAB_TALLY_BYTES), 0);
	if (right)
		assert_int_equal(
			fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	return fd;
}

/* A number that means something more often than not. */
static uint64_t some(struct input *in)
{
	uint8_t how = input_byte(in);

	return how < 0xf0 ? how % 12 : input_number(in);
}

/* A HELLO, of a guest that can be admitted more often than not. */
static struct lab_lease_msg introduce(struct peer *peer, struct input *in)
{
	uint8_t how = input_byte(in);
	uint64_t memory = 1 + (how & 1);
	uint64_t guarantee = memory + (how >> 1 & 1);
	struct lab_lease_msg m =
		hello(peer, "a", memory, guarantee, guarantee + (how >> 2 & 7));

	m.hello.name[0] = (char)('a' + input_byte(in) % 4);
	m.hello.flags = how >> 5 & 1; /* events */
	if (how >> 6 == 0)
		return m;
	m.hello.flags = input_byte(in) % 16;
	m.hello.maximum = some(in);
	if (how >> 6 == 1)
		return m;
	m.hello.memory = some(in);
	m.hello.guarantee = some(in);
	m.hello.limit = some(in);
	m.hello.cpus = (uint32_t)some(in);
	return m;
}

/* A message with magic, version and seq as they should be. */
static struct lab_lease_msg likely(struct peer *peer, struct input *in, int i)
{
	uint8_t type = input_byte(in) % (LAB_LEASE_TAKEN + 2);
	struct lab_lease_msg m = message(peer, type);

	if (type == LAB_LEASE_HELLO) {
		peer->seq--;
		m = introduce(peer, in);
	} else if (type == LAB_LEASE_LEASE) {
		m.lease.wait_ms = (uint32_t)some(in) * 10;
	} else if (type == LAB_LEASE_RETURN) {
		uint8_t which = input_byte(in);
		m.returned.lease = which < 0xf0 ? kept[i].ids[which % KEPT_MAX]
						: input_number(in);
	} else if (type == LAB_LEASE_REVOKE) {
		m.revoke.name[0] = (char)('a' + input_byte(in) % 4);
		m.revoke.leases = some(in);
		m.revoke.grace_ms = (uint32_t)some(in) * 10;
	} else {
		input_take(in, m.pad, input_byte(in) % sizeof(m.pad));
	}
	return m;
}

/* Send it, and have the session take it; a session that is over goes. */
static void send_one(struct fixture *f, int i, const void *bytes, size_t size,
		     int fd)
{
	struct peer *peer = &f->peers[i];

	if (fd_send(peer->socket, bytes, size, fd, MSG_DONTWAIT) < 0 ||
	    !session_receive(peer->session, f->now))
		reconnect(f, i);
	if (fd >= 0)
		close(fd);
}

static void step(struct fixture *f, struct input *in)
{
	uint8_t what = input_byte(in);
	int i = what >> 6 & 3;
	struct lab_lease_msg m = {0};

	i %= 3;
	struct peer *peer = &f->peers[i];
	switch (what & 7) {
	case 0:
		reconnect(f, i);
		break;
	case 1:
		drain(peer, i);
		break;
	case 2:
		f->now += input_byte(in) * UINT64_C(20000);
		break;
	case 3:
		pool_scrub(f->pool);
		break;
	case 4: { /* bytes, and too many or too few of them */
		uint8_t raw[sizeof(m) + 8];
		size_t size = 1 + input_byte(in) % (sizeof(raw) - 1);
		input_take(in, raw, size);
		send_one(f, i, raw, size, -1);
		break;
	}
	case 5: /* with a descriptor */
		m = likely(peer, in, i);
		send_one(f, i, &m, sizeof(m), tally_file(what & 8));
		break;
	default:
		m = likely(peer, in, i);
		send_one(f, i, &m, sizeof(m), -1);
	}
	for (i = 0; i < 3; i++)
		session_press(f->peers[i].session, f->now);
	settle(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fixture *f;
	struct input in = {.at = data, .left = size};

	if (f == NULL) {
		void *state;
		log_quiet();
		setup(&state);
		f = state;
		f->registry.take_after = 3000000; /* us */
	}
	while (in.left > 0)
		step(f, &in);
	for (int i = 0; i < 3; i++)
		reconnect(f, i);
	while (pool_scrub(f->pool))
		;
	settle(f);
	if (ledger_count(f->ledger, EXTENT_BLANK) != POOL_LEASES ||
	    ledger_guaranteed(f->ledger) != 0 || f->registry.first != NULL)
		abort();
	return 0;
}
