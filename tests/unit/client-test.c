/* SPDX-License-Identifier: MIT */
/* The client against brokers that lie, hang and go, played by this test. */
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

/* A broker whose answers lie ready before they are asked for. */
struct fixture {
	struct client client;
	struct lease_source source;
	int broker; /* its end of the socket */
};

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
	client_close(&f->client); /* twice does no harm */
	if (f->broker >= 0)
		close(f->broker);
	return 0;
}

static struct lab_lease_msg welcome(void)
{
	struct lab_lease_msg m = answer(LAB_LEASE_WELCOME, 1);

	m.welcome.guest = 7;
	m.welcome.backing = LAB_BACKING_SHMEM;
	m.welcome.pool_total = 128;
	memset(m.welcome.uuid, 0x5a, sizeof(m.welcome.uuid));
	return m;
}

static int greet(struct fixture *f, struct client_welcome *got, struct err *err)
{
	const struct client_request request = {.name = "guest",
					       .pool = "pool",
					       .memory = 1,
					       .guarantee = 2,
					       .limit = 3,
					       .cpus = 64};

	return client_hello(&f->client, &request, got, err);
}

static void admitted(struct fixture *f)
{
	struct lab_lease_msg m = welcome();
	struct client_welcome got;
	struct err err = {.text = ""};

	say(f->broker, &m, -1);
	if (greet(f, &got, &err) < 0)
		fail_msg("%s", err.text);
	hear(f->broker, LAB_LEASE_HELLO);
}

static int make_lease_file(void)
{
	int fd = backing_create(LAB_BACKING_SHMEM, "test");

	assert_true(fd >= 0);
	return fd;
}

static void says_hello(void **state)
{
	struct fixture *f = *state;
	struct lab_lease_msg m = welcome();
	struct client_welcome got;
	struct err err;

	say(f->broker, &m, -1);
	assert_int_equal(greet(f, &got, &err), 0);
	assert_int_equal(got.guest, 7);
	assert_int_equal(got.backing, LAB_BACKING_SHMEM);
	assert_int_equal(got.pool_total, 128);
	assert_memory_equal(got.uuid, m.welcome.uuid, 16);

	m = hear(f->broker, LAB_LEASE_HELLO);
	assert_int_equal(m.seq, 1);
	assert_string_equal(m.hello.name, "guest");
	assert_string_equal(m.hello.pool, "pool");
	assert_int_equal(m.hello.memory, 1);
	assert_int_equal(m.hello.guarantee, 2);
	assert_int_equal(m.hello.limit, 3);
	assert_int_equal(m.hello.cpus, 64);
}

static void hears_a_refusal(void **state)
{
	struct fixture *f = *state;
	struct lab_lease_msg m = answer(LAB_LEASE_REFUSED, 1);
	struct client_welcome got;
	struct err err;

	/* Not terminated, and with what a terminal should not see. */
	memset(m.refused.text, 'x', sizeof(m.refused.text));
	memcpy(m.refused.text, "no\x1b[2J", 6);
	m.refused.error = EEXIST;
	say(f->broker, &m, -1);
	assert_int_equal(greet(f, &got, &err), -EEXIST);
	assert_said(&err, "no?[2J");
	assert_int_equal(strlen(err.text), sizeof(m.refused.text) - 1);
}

static void a_name_too_long(void **state)
{
	struct fixture *f = *state;
	char name[LAB_NAME_MAX + 1] = {0};
	struct client_request request = {.name = name, .pool = "pool"};
	struct client_welcome got;
	struct err err;

	memset(name, 'x', LAB_NAME_MAX);
	assert_int_equal(client_hello(&f->client, &request, &got, &err),
			 -EINVAL);
	request = (struct client_request){.name = "guest", .pool = name};
	assert_int_equal(client_hello(&f->client, &request, &got, &err),
			 -EINVAL);
}

static void gets_and_puts(void **state)
{
	struct fixture *f = *state;
	struct lab_lease_msg m = answer(LAB_LEASE_LEASED, 2);
	int fd = make_lease_file();
	struct lease lease;

	admitted(f);
	m.leased.lease = 0x100000005;
	say(f->broker, &m, fd);
	close(fd);
	assert_int_equal(f->source.get(f->source.context, &lease), 0);
	assert_int_equal(lease.id, 0x100000005);
	assert_int_equal(lease.backing, LAB_BACKING_SHMEM);
	assert_int_equal(fcntl(lease.fd, F_GETFD), FD_CLOEXEC);
	uint8_t *pages = map_lease(lease.fd);
	assert_zero(pages);
	munmap(pages, LAB_EXTENT_SIZE);
	close(lease.fd);
	f->source.put(f->source.context, lease.id);

	m = hear(f->broker, LAB_LEASE_LEASE);
	assert_int_equal(m.seq, 2);
	m = hear(f->broker, LAB_LEASE_RETURN);
	assert_int_equal(m.seq, 3);
	assert_int_equal(m.returned.lease, 0x100000005);
}

static void a_lease_that_is_taken_on_its_way(void **state)
{
	struct fixture *f = *state;
	struct lab_lease_msg m = answer(LAB_LEASE_LEASED, 2);
	int fd = make_lease_file();
	struct lease lease;

	admitted(f);
	m.leased.lease = 0x100000005;
	say(f->broker, &m, fd);
	assert_int_equal(backing_cut(fd), 0);
	close(fd);
	assert_int_equal(f->source.get(f->source.context, &lease), -ENOMEM);

	/* It is given back, and the next one is as good as any. */
	m = hear(f->broker, LAB_LEASE_LEASE);
	m = hear(f->broker, LAB_LEASE_RETURN);
	assert_int_equal(m.returned.lease, 0x100000005);
	m = answer(LAB_LEASE_LEASED, 4);
	m.leased.lease = 0x100000006;
	fd = make_lease_file();
	say(f->broker, &m, fd);
	close(fd);
	assert_int_equal(f->source.get(f->source.context, &lease), 0);
	assert_int_equal(lease.id, 0x100000006);
	close(lease.fd);
}

static void hears_that_there_is_none(void **state)
{
	struct fixture *f = *state;
	struct lab_lease_msg m = answer(LAB_LEASE_REFUSED, 2);
	struct lease lease;

	admitted(f);
	m.refused.error = EDQUOT;
	strcpy(m.refused.text, "enough");
	say(f->broker, &m, -1);
	m.refused.error = ENOMEM;
	m.seq = 3;
	say(f->broker, &m, -1);
	assert_int_equal(f->source.get(f->source.context, &lease), -EDQUOT);
	assert_string_equal(f->client.last.text, "enough");
	assert_int_equal(f->source.get(f->source.context, &lease), -ENOMEM);
}

/* Brokers that lie, at the greeting. */

static void bad_welcomes(void **state)
{
	for (int i = 0; i < 10; i++) {
		struct lab_lease_msg m = welcome();
		size_t bytes = sizeof(m);
		int fd = -1;
		struct client_welcome got;
		struct err err;

		setup(state);
		struct fixture *f = *state;
		switch (i) {
		case 0:
			m.magic++;
			break;
		case 1:
			m.version++;
			break;
		case 2:
			m.type = LAB_LEASE_LEASED;
			break;
		case 3:
			m.seq = 2;
			break;
		case 4:
			m.welcome.guest = 0;
			break;
		case 5:
			m.welcome.backing = 99;
			break;
		case 6:
			m.welcome.pool_total = 0;
			break;
		case 7:
			bytes--;
			break;
		case 8:
			fd = STDERR_FILENO;
			break;
		case 9:
			m.type = LAB_LEASE_REFUSED;
			m.refused.error = 0;
			break;
		}
		assert_int_equal(fd_send(f->broker, &m, bytes, fd, 0), 0);
		if (greet(f, &got, &err) != -EPROTO)
			fail_msg("bad welcome %d was believed", i);
		teardown(state);
	}
}

/* Brokers that lie, with a lease. */

static int bad_file(int kind)
{
	int fd = memfd_create("bad", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int seals = F_SEAL_GROW | F_SEAL_SEAL;

	assert_int_equal(
		ftruncate(fd, (off_t)(kind == 0 ? 4096 : LAB_EXTENT_SIZE)), 0);
	if (kind == 1)
		seals = F_SEAL_GROW;
	if (kind == 2)
		seals = F_SEAL_SEAL;
	if (kind == 3)
		seals |= F_SEAL_SHRINK;
	if (kind == 4)
		seals |= F_SEAL_WRITE;
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void bad_leases(void **state)
{
	for (int i = 0; i < 10; i++) {
		struct lab_lease_msg m = answer(LAB_LEASE_LEASED, 2);
		struct lease lease;
		int fd = -1;

		setup(state);
		struct fixture *f = *state;
		admitted(f);
		if (i < 5)
			fd = bad_file(i);
		if (i == 5)
			fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
		if (i > 6)
			fd = make_lease_file();
		if (i == 7)
			m.seq = 1;
		if (i == 8)
			m.type = LAB_LEASE_WELCOME;
		if (i == 9)
			m.magic = 0;
		say(f->broker, &m, fd); /* 6: without any file */
		int mark = dup(0);
		close(mark);
		if (f->source.get(f->source.context, &lease) != -EPIPE)
			fail_msg("bad lease %d was believed", i);
		int same = dup(0);
		close(same);
		assert_int_equal(mark, same); /* nothing was kept */
		/* It is not asked again. */
		assert_int_equal(f->source.get(f->source.context, &lease),
				 -EPIPE);
		assert_true(f->client.broken);
		if (fd >= 0)
			close(fd);
		teardown(state);
	}
}

static void a_broker_that_goes(void **state)
{
	struct fixture *f = *state;
	struct client_welcome got;
	struct lease lease;
	struct err err;

	admitted(f);
	close(f->broker);
	f->broker = -1;
	assert_int_equal(f->source.get(f->source.context, &lease), -EPIPE);
	f->source.put(f->source.context, 1); /* no signal, no harm */
	teardown(state);
	setup(state);
	close(f->broker);
	f->broker = -1;
	assert_int_equal(greet(f, &got, &err), -EPIPE);
	assert_said(&err, "gone");
}

/* A broker that hangs for a while costs an answer, not the connection. */
static void a_broker_that_hangs(void **state)
{
	struct fixture *f = *state;
	struct timeval soon = {.tv_usec = 1000};
	struct lab_lease_msg m;
	struct lease lease;

	admitted(f);
	assert_int_equal(setsockopt(f->client.socket, SOL_SOCKET, SO_RCVTIMEO,
				    &soon, sizeof(soon)),
			 0);
	assert_int_equal(f->source.get(f->source.context, &lease), -ETIMEDOUT);
	assert_said(&f->client.last, "has not answered");
	assert_int_equal(f->source.get(f->source.context, &lease), -ETIMEDOUT);
	f->source.put(f->source.context, 9);

	/* It was asked once. */
	m = hear(f->broker, LAB_LEASE_LEASE);
	m = hear(f->broker, LAB_LEASE_RETURN);
	assert_int_equal(
		fd_receive(f->broker, &m, sizeof(m), NULL, MSG_DONTWAIT),
		-EAGAIN);

	/* The late answer is good for the next question. */
	int fd = make_lease_file();
	m = answer(LAB_LEASE_LEASED, 2);
	m.leased.lease = 3;
	say(f->broker, &m, fd);
	close(fd);
	assert_int_equal(f->source.get(f->source.context, &lease), 0);
	assert_int_equal(lease.id, 3);
	close(lease.fd);
}

static void nobody_listens(void **state)
{
	struct client client;
	struct err err;
	char path[200];
	(void)state;

	assert_int_equal(client_connect(&client, "/nonexistent/sock", &err),
			 -ENOENT);
	assert_said(&err, "/nonexistent/sock");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(client_connect(&client, path, &err), -ENAMETOOLONG);
	client_close(&client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(says_hello),
		TEST(hears_a_refusal),
		TEST(a_name_too_long),
		TEST(gets_and_puts),
		TEST(a_lease_that_is_taken_on_its_way),
		TEST(hears_that_there_is_none),
		cmocka_unit_test(bad_welcomes),
		cmocka_unit_test(bad_leases),
		TEST(a_broker_that_goes),
		TEST(a_broker_that_hangs),
		cmocka_unit_test(nobody_listens),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
