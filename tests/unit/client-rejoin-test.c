/* SPDX-License-Identifier: MIT */
/* The client that comes back: to brokers that come, hang, refuse and go. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/socket.h>

#include "broker-support.h"
#include "client-support.h"
#include "lease/client.h"
#include "listen-support.h"

/* A client whose broker has just gone; where the next one would be. */
struct fixture {
	struct client client;
	char dir[32];
	char path[64];
	int listener; /* -1: nobody listens */
	int broker;   /* its end of the latest connection, or -1 */
};

static const struct client_request request = {.name = "guest",
					      .pool = "pool",
					      .memory = 1,
					      .guarantee = 2,
					      .limit = 3,
					      .cpus = 5};

static int setup(void **state)
{
	static struct fixture fixture;
	int pair[2];

	strcpy(fixture.dir, "/tmp/labyrinth-XXXXXX");
	assert_non_null(mkdtemp(fixture.dir));
	snprintf(fixture.path, sizeof(fixture.path), "%s/sock", fixture.dir);
	fixture.listener = fixture.broker = -1;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	client_from_fd(&fixture.client, pair[0]);
	close(pair[1]);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	client_close(&f->client);
	if (f->listener >= 0)
		close(f->listener);
	if (f->broker >= 0)
		close(f->broker);
	unlink(f->path);
	return rmdir(f->dir);
}

static void rejoins(struct fixture *f)
{
	struct err err = {.text = ""};

	if (client_rejoin(&f->client, f->path, &request, &err) < 0)
		fail_msg("%s", err.text);
	f->broker = accept(f->listener, NULL, NULL);
	assert_true(f->broker >= 0);
}

static void answers(struct fixture *f, enum lab_lease_type type, uint64_t seq)
{
	struct lab_lease_msg m = answer(type, seq);

	if (type == LAB_LEASE_REFUSED) {
		m.refused.error = ESTALE;
		strcpy(m.refused.text, "too late");
	} else {
		m.welcome.guest = 7;
		m.welcome.backing = LAB_BACKING_SHMEM;
		m.welcome.pool_total = 128;
		m.welcome.held = 2;
	}
	say(f->broker, &m, -1);
}

static void says_that_it_comes_back(void **state)
{
	struct fixture *f = *state;
	struct lease_source source = client_source(&f->client);
	struct client_welcome welcome = {.guest = 0};
	struct lab_lease_msg m;
	struct lease lease;
	struct err err;

	assert_int_equal(source.get(source.context, &lease), -EPIPE);
	f->listener = listen_at(f->path);
	int mark = dup(0);
	close(mark);
	rejoins(f);
	assert_int_equal(f->broker, mark); /* the old socket is closed */
	m = hear(f->broker, LAB_LEASE_HELLO);
	assert_int_equal(m.seq, 1);
	assert_string_equal(m.hello.name, "guest");
	assert_string_equal(m.hello.pool, "pool");
	assert_int_equal(m.hello.memory, 1);
	assert_int_equal(m.hello.guarantee, 2);
	assert_int_equal(m.hello.limit, 3);
	assert_int_equal(m.hello.cpus, 5);
	assert_int_equal(m.hello.flags, LAB_HELLO_ADOPT);
	/* It has asked, and does not wait. */
	assert_int_equal(client_welcomed(&f->client, &welcome, &err), -EAGAIN);
	answers(f, LAB_LEASE_WELCOME, 1);
	assert_int_equal(client_welcomed(&f->client, &welcome, &err), 0);
	assert_int_equal(welcome.guest, 7);
	assert_int_equal(welcome.held, 2);

	/* And goes on as ever, what was broken before forgotten. */
	assert_int_equal(fcntl(f->client.socket, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(source.ask(source.context, 0), 0);
	m = hear(f->broker, LAB_LEASE_LEASE);
	assert_int_equal(source.take(source.context, &lease), -EAGAIN);
}

static void nobody_is_there_yet(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_int_equal(client_rejoin(&f->client, f->path, &request, &err),
			 -ENOENT);
	assert_int_equal(f->client.socket, -1);
	f->listener = listen_at(f->path);
	close(f->listener);
	f->listener = -1;
	assert_int_equal(client_rejoin(&f->client, f->path, &request, &err),
			 -ECONNREFUSED);
	unlink(f->path);
	f->listener = listen_at(f->path);
	rejoins(f);
}

/* One that lives and does not accept is not waited for either. */
static void nobody_opens(void **state)
{
	struct fixture *f = *state;
	struct client others[8];
	struct err err;
	int waiting = 0;

	f->listener = listen_at(f->path);
	for (int i = 0; i < 8; i++)
		others[i].socket = -1; /* which a rejoin closes first */
	while (waiting < 8 &&
	       client_rejoin(&others[waiting], f->path, &request, &err) == 0)
		waiting++;
	assert_in_range(waiting, 1, 7);
	assert_int_equal(client_rejoin(&f->client, f->path, &request, &err),
			 -EAGAIN);
	while (waiting > 0)
		client_close(&others[--waiting]);
}

static void it_is_refused(void **state)
{
	struct fixture *f = *state;
	struct client_welcome welcome;
	struct err err;

	f->listener = listen_at(f->path);
	rejoins(f);
	answers(f, LAB_LEASE_REFUSED, 1);
	assert_int_equal(client_welcomed(&f->client, &welcome, &err), -ESTALE);
	assert_said(&err, "too late");
}

static void that_one_goes_as_well(void **state)
{
	struct fixture *f = *state;
	struct client_welcome welcome;
	struct err err;

	f->listener = listen_at(f->path);
	rejoins(f);
	close(f->broker);
	assert_int_equal(client_welcomed(&f->client, &welcome, &err), -EPIPE);
	rejoins(f);
	answers(f, LAB_LEASE_WELCOME, 1);
	assert_int_equal(client_welcomed(&f->client, &welcome, &err), 0);
}

static void that_one_lies(void **state)
{
	struct fixture *f = *state;
	struct client_welcome welcome;
	struct err err;

	f->listener = listen_at(f->path);
	rejoins(f);
	answers(f, LAB_LEASE_WELCOME, 2); /* to what nobody asked */
	assert_int_equal(client_welcomed(&f->client, &welcome, &err), -EPROTO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(says_that_it_comes_back),
		TEST(nobody_is_there_yet),
		TEST(nobody_opens),
		TEST(it_is_refused),
		TEST(that_one_goes_as_well),
		TEST(that_one_lies),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
