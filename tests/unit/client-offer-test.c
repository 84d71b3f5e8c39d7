/* SPDX-License-Identifier: MIT */
/* The VMM's end of the lease protocol where it brings the files of leases. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "broker-support.h"
#include "broker/backing.h"
#include "client-support.h"
#include "lease/client.h"

/* A broker whose answers lie ready before they are asked for. */
struct fixture {
	struct client client;
	struct lease_source source;
	int broker; /* its end of the socket */
	int made;   /* files, by the VMM */
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
	close(f->broker);
	return 0;
}

/* Here any file will do: it is the broker that looks. */
static int make(void *context, int *fd, struct err *err)
{
	struct fixture *f = context;

	(void)err;
	f->made++;
	*fd = backing_create(LAB_BACKING_SHMEM, "test");
	return *fd < 0 ? *fd : 0;
}

static int greet(struct fixture *f, const struct client_maker *maker,
		 struct err *err)
{
	const struct client_request request = {.name = "guest",
					       .pool = "pool",
					       .memory = 1,
					       .guarantee = 1,
					       .limit = 1,
					       .maker = maker};
	struct lab_lease_msg m = answer(LAB_LEASE_WELCOME, 1);
	struct client_welcome welcome;

	m.welcome.guest = 7;
	m.welcome.pool_total = 8;
	m.welcome.backing = LAB_BACKING_GUEST_MEMFD;
	say(f->broker, &m, -1);
	int r = client_hello(&f->client, &request, &welcome, err);
	hear(f->broker, LAB_LEASE_HELLO);
	return r;
}

static uint64_t inode_of(int fd)
{
	struct stat stat;

	assert_int_equal(fstat(fd, &stat), 0);
	close(fd);
	return stat.st_ino;
}

/* Of the file with which a lease was asked for. */
static uint64_t inode_sent(struct fixture *f)
{
	struct lab_lease_msg m;
	int fd;

	assert_int_equal(fd_receive(f->broker, &m, sizeof(m), &fd, 0),
			 sizeof(m));
	assert_int_equal(m.type, LAB_LEASE_LEASE);
	return inode_of(fd);
}

static void brings_a_file_of_its_own(void **state)
{
	struct fixture *f = *state;
	const struct client_maker maker = {.make = make, .context = f};
	struct lab_lease_msg m = answer(LAB_LEASE_REFUSED, 2);
	struct lease lease;
	struct err err;

	assert_int_equal(greet(f, &maker, &err), 0);
	m.refused.error = ENOMEM;
	say(f->broker, &m, -1);
	assert_int_equal(f->source.get(f->source.context, &lease), -ENOMEM);
	uint64_t inode = inode_sent(f);
	/* What was refused is as good as new. */
	m = answer(LAB_LEASE_LEASED, 3);
	say(f->broker, &m, -1);
	assert_int_equal(f->source.get(f->source.context, &lease), 0);
	assert_int_equal(inode_sent(f), inode);
	assert_int_equal(inode_of(lease.fd), inode);
	assert_int_equal(f->made, 1);
}

/* A broker that brings one as well is none. */
static void takes_no_other(void **state)
{
	struct fixture *f = *state;
	const struct client_maker maker = {.make = make, .context = f};
	struct lab_lease_msg m = answer(LAB_LEASE_LEASED, 2);
	struct lease lease;
	struct err err;

	assert_int_equal(greet(f, &maker, &err), 0);
	say(f->broker, &m, STDERR_FILENO);
	assert_int_equal(f->source.get(f->source.context, &lease), -EPIPE);
}

static void cannot_bring_one(void **state)
{
	struct err err;

	assert_int_equal(greet(*state, NULL, &err), -ENOTSUP);
	assert_said(&err, "Linux 6.18 and newer can");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(brings_a_file_of_its_own),
		TEST(takes_no_other),
		TEST(cannot_bring_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
