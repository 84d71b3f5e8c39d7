/* SPDX-License-Identifier: MIT */
/* The client and what a broker, played by this test, sends by itself. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <sys/socket.h>
#include <sys/time.h>

#include "base/fd.h"
#include "broker-support.h"
#include "broker/backing.h"
#include "client-support.h"
#include "lease/client.h"

/* A broker whose messages lie ready, and what was heard of its events. */
struct fixture {
	struct client client;
	struct lease_source source;
	int broker; /* its end of the socket */
	char heard[256];
};

static void on_reclaim(void *context, uint64_t leases,
		       enum lab_lease_level level)
{
	struct fixture *f = context;
	size_t used = strlen(f->heard);

	snprintf(f->heard + used, sizeof(f->heard) - used, "reclaim %lu %d;",
		 (unsigned long)leases, (int)level);
}

static void on_pressure(void *context, enum lab_lease_level level,
			uint64_t available)
{
	struct fixture *f = context;
	size_t used = strlen(f->heard);

	snprintf(f->heard + used, sizeof(f->heard) - used, "pressure %d %lu;",
		 (int)level, (unsigned long)available);
}

static void on_revoked(void *context, uint64_t lease, uint32_t reason)
{
	struct fixture *f = context;
	size_t used = strlen(f->heard);

	snprintf(f->heard + used, sizeof(f->heard) - used, "revoked %lu %u;",
		 (unsigned long)lease, reason);
}

static void on_revoking(void *context, uint64_t lease, uint32_t ms)
{
	struct fixture *f = context;
	size_t used = strlen(f->heard);

	snprintf(f->heard + used, sizeof(f->heard) - used, "revoking %lu %u;",
		 (unsigned long)lease, ms);
}

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){0};
	fixture.broker = connected(&fixture.client, &fixture.source);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	client_close(&f->client);
	close(f->broker);
	return 0;
}

static void prepare_reclaim(struct fixture *f, uint64_t leases, uint32_t level)
{
	struct lab_lease_msg m = answer(LAB_LEASE_RECLAIM, 0);

	m.reclaim.leases = leases;
	m.reclaim.level = level;
	say(f->broker, &m, -1);
}

static void prepare_pressure(struct fixture *f, uint32_t level,
			     uint64_t available)
{
	struct lab_lease_msg m = answer(LAB_LEASE_PRESSURE, 0);

	m.pressure.level = level;
	m.pressure.available = available;
	say(f->broker, &m, -1);
}

static void prepare_lease(struct fixture *f, uint64_t seq, uint64_t id)
{
	struct lab_lease_msg m = answer(LAB_LEASE_LEASED, seq);
	int fd = backing_create(LAB_BACKING_SHMEM, "test");

	assert_true(fd >= 0);
	m.leased.lease = id;
	say(f->broker, &m, fd);
	close(fd);
}

/* Greet and be welcomed; returns the HELLO as it came. */
static struct lab_lease_msg greet(struct fixture *f,
				  const struct client_events *events)
{
	const struct client_request request = {.name = "guest",
					       .pool = "pool",
					       .memory = 1,
					       .guarantee = 1,
					       .limit = 2,
					       .cpus = 1,
					       .events = events};
	struct lab_lease_msg m = answer(LAB_LEASE_WELCOME, 1);
	struct client_welcome got;
	struct err err = {.text = ""};

	m.welcome.guest = 1;
	m.welcome.backing = LAB_BACKING_SHMEM;
	m.welcome.pool_total = 8;
	say(f->broker, &m, -1);
	if (client_hello(&f->client, &request, &got, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(fd_receive(f->broker, &m, sizeof(m), NULL, 0),
			 sizeof(m));
	return m;
}

static void get(struct fixture *f, uint64_t id)
{
	struct lease lease;

	assert_int_equal(f->source.get(f->source.context, &lease), 0);
	assert_int_equal(lease.id, id);
	close(lease.fd);
}

static void skips_what_it_did_not_ask_for(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(greet(f, NULL).hello.flags, 0);
	prepare_pressure(f, LAB_LEASE_LEVEL_LOW, 2);
	prepare_reclaim(f, 3, LAB_LEASE_LEVEL_CRITICAL);
	prepare_lease(f, 2, 0x100000001);
	prepare_pressure(f, LAB_LEASE_LEVEL_NONE, 9);
	get(f, 0x100000001);
	prepare_lease(f, 3, 0x100000002);
	get(f, 0x100000002);
}

static void hands_events_on(void **state)
{
	struct fixture *f = *state;
	const struct client_events events = {
		.reclaim = on_reclaim, .pressure = on_pressure, .context = f};
	struct lease lease;

	assert_int_equal(greet(f, &events).hello.flags, LAB_HELLO_EVENTS);
	prepare_pressure(f, LAB_LEASE_LEVEL_LOW, 2);
	prepare_reclaim(f, 3, LAB_LEASE_LEVEL_CRITICAL);
	prepare_lease(f, 2, 7);
	get(f, 7);
	assert_string_equal(f->heard, "pressure 1 2;reclaim 3 2;");
	assert_int_equal(f->source.take(f->source.context, &lease), -EAGAIN);
	prepare_pressure(f, LAB_LEASE_LEVEL_NONE, 5);
	prepare_pressure(f, LAB_LEASE_LEVEL_CRITICAL, 0);
	assert_int_equal(f->source.take(f->source.context, &lease), -EAGAIN);
	assert_string_equal(
		f->heard,
		"pressure 1 2;reclaim 3 2;pressure 0 5;pressure 2 0;");
}

static void says_how_long_it_waits(void **state)
{
	struct fixture *f = *state;
	struct lab_lease_msg m;
	struct timeval limit = {0};
	socklen_t bytes = sizeof(limit);

	greet(f, NULL);
	prepare_lease(f, 2, 1);
	get(f, 1);
	m = hear(f->broker, LAB_LEASE_LEASE);
	assert_int_equal(m.lease.wait_ms, 0);
	assert_int_equal(f->source.ask(f->source.context, 2500), 0);
	prepare_lease(f, 3, 2);
	get(f, 2);
	assert_int_equal(getsockopt(f->client.socket, SOL_SOCKET, SO_RCVTIMEO,
				    &limit, &bytes),
			 0);
	assert_int_equal(limit.tv_sec, CLIENT_DEADLINE + 2);
	m = hear(f->broker, LAB_LEASE_LEASE);
	assert_int_equal(m.lease.wait_ms, 2500);
}

static void hears_that_a_lease_was_taken(void **state)
{
	struct fixture *f = *state;
	const struct client_events events = {.revoked = on_revoked,
					     .context = f};
	struct lab_lease_msg m = answer(LAB_LEASE_REVOKED, 0);
	struct lease lease;

	greet(f, &events);
	m.revoked.lease = 7;
	m.revoked.reason = LAB_REVOKE_RECLAIM;
	say(f->broker, &m, -1);
	assert_int_equal(f->source.take(f->source.context, &lease), -EAGAIN);
	assert_string_equal(f->heard, "revoked 7 1;");
}

static void hears_what_will_be_taken(void **state)
{
	struct fixture *f = *state;
	const struct client_events events = {.revoking = on_revoking,
					     .context = f};
	struct lab_lease_msg m = answer(LAB_LEASE_REVOKING, 0);
	struct lease lease;

	greet(f, &events);
	m.revoking.lease = 7;
	m.revoking.reason = LAB_REVOKE_ADMIN;
	m.revoking.ms = 100;
	say(f->broker, &m, -1);
	m.revoking.reason = LAB_REVOKE_NONE;
	m.revoking.ms = 0;
	say(f->broker, &m, -1);
	assert_int_equal(f->source.take(f->source.context, &lease), -EAGAIN);
	assert_string_equal(f->heard, "revoking 7 100;revoking 7 0;");
}

static void on_limit(void *context, uint64_t leases)
{
	struct fixture *f = context;
	size_t used = strlen(f->heard);

	snprintf(f->heard + used, sizeof(f->heard) - used, "limit %lu;",
		 (unsigned long)leases);
}

static void hears_that_its_limit_has_moved(void **state)
{
	struct fixture *f = *state;
	const struct client_events events = {.limit = on_limit, .context = f};
	struct lab_lease_msg m = answer(LAB_LEASE_LIMIT, 0);
	struct lease lease;

	greet(f, &events);
	m.limit.leases = 9;
	say(f->broker, &m, -1);
	assert_int_equal(f->source.take(f->source.context, &lease), -EAGAIN);
	assert_string_equal(f->heard, "limit 9;");
	m.limit.leases = 0; /* makes no sense: the broker is none */
	say(f->broker, &m, -1);
	assert_int_equal(f->source.take(f->source.context, &lease), -EPIPE);
}

/* An answer that is late belongs to whoever looks next. */
static void takes_a_late_answer(void **state)
{
	struct fixture *f = *state;
	struct timeval soon = {.tv_usec = 1000};
	struct lease lease;

	greet(f, NULL);
	assert_int_equal(setsockopt(f->client.socket, SOL_SOCKET, SO_RCVTIMEO,
				    &soon, sizeof(soon)),
			 0);
	assert_int_equal(f->source.get(f->source.context, &lease), -ETIMEDOUT);
	prepare_pressure(f, LAB_LEASE_LEVEL_LOW, 2);
	prepare_lease(f, 2, 5);
	assert_int_equal(f->source.take(f->source.context, &lease), 0);
	assert_int_equal(lease.id, 5);
	close(lease.fd);
}

/* Asked without waiting: nothing yet, then a lease, then a refusal. */
static void asks_and_takes(void **state)
{
	struct fixture *f = *state;
	struct lab_lease_msg m;
	struct lease lease;

	greet(f, NULL);
	assert_int_equal(f->source.ask(f->source.context, 7), 0);
	assert_int_equal(f->source.take(f->source.context, &lease), -EAGAIN);
	/* One is under way: not asked a second time. */
	assert_int_equal(f->source.ask(f->source.context, 9), 0);
	m = hear(f->broker, LAB_LEASE_LEASE);
	assert_int_equal(m.lease.wait_ms, 7);
	assert_int_equal(
		fd_receive(f->broker, &m, sizeof(m), NULL, MSG_DONTWAIT),
		-EAGAIN);
	prepare_lease(f, 2, 6);
	assert_int_equal(f->source.take(f->source.context, &lease), 0);
	assert_int_equal(lease.id, 6);
	close(lease.fd);
	assert_int_equal(f->source.ask(f->source.context, 0), 0);
	m = answer(LAB_LEASE_REFUSED, 3);
	m.refused.error = EDQUOT;
	say(f->broker, &m, -1);
	assert_int_equal(f->source.take(f->source.context, &lease), -EDQUOT);
	assert_int_equal(f->source.take(f->source.context, &lease), -EAGAIN);
}

/* Brokers that lie. */
static void does_not_believe_nonsense(void **state)
{
	for (int i = 0; i < 12; i++) {
		struct lab_lease_msg m = answer(
			i % 2 ? LAB_LEASE_RECLAIM : LAB_LEASE_PRESSURE, 0);
		struct lease lease;
		int fd = -1;

		setup(state);
		struct fixture *f = *state;
		greet(f, NULL);
		m.reclaim.leases = i % 2;
		switch (i / 2) {
		case 0: /* a level that there is not */
			m.pressure.level = i % 2 ? 1 : 3;
			m.reclaim.level = 3;
			break;
		case 1: /* a number, as if it were an answer */
			m.seq = 2;
			break;
		case 2: /* a descriptor */
			fd = STDERR_FILENO;
			break;
		case 3: /* an answer that nobody waits for; nothing asked back
			 */
			m.type = i % 2 ? LAB_LEASE_RECLAIM : LAB_LEASE_LEASED;
			m.reclaim.leases = 0;
			break;
		case 4: /* another protocol */
			m.magic++;
			break;
		case 5: /* it will be taken at once; it stays, for a time */
			m = answer(LAB_LEASE_REVOKING, 0);
			m.revoking.reason =
				i % 2 ? LAB_REVOKE_NONE : LAB_REVOKE_ADMIN;
			m.revoking.ms = i % 2 ? 100 : 0;
			break;
		}
		say(f->broker, &m, fd);
		if (i % 2) {
			if (f->source.get(f->source.context, &lease) != -EPIPE)
				fail_msg("nonsense %d was believed", i);
		} else if (f->source.take(f->source.context, &lease) !=
			   -EPIPE) {
			fail_msg("nonsense %d was believed", i);
		}
		assert_true(f->client.broken);
		assert_int_equal(f->source.take(f->source.context, &lease),
				 -EPIPE);
		teardown(state);
	}
}

static void a_broker_that_goes(void **state)
{
	struct fixture *f = *state;
	struct lease lease;

	greet(f, NULL);
	shutdown(f->broker, SHUT_RDWR);
	assert_int_equal(f->source.take(f->source.context, &lease), -EPIPE);
	assert_said(&f->client.last, "gone");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(skips_what_it_did_not_ask_for),
		TEST(hands_events_on),
		TEST(says_how_long_it_waits),
		TEST(hears_that_a_lease_was_taken),
		TEST(hears_what_will_be_taken),
		TEST(hears_that_its_limit_has_moved),
		TEST(takes_a_late_answer),
		TEST(asks_and_takes),
		cmocka_unit_test(does_not_believe_nonsense),
		TEST(a_broker_that_goes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
