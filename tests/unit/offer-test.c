/* SPDX-License-Identifier: MIT */
/*
 * Pools whose guests bring the files of their leases: what is turned away at
 * the door, and what becomes of a process that ends its connection. Here
 * without a KVM that has such files; with one in tests/system/guest-memfd.sh.
 */
#include <config.h>

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/un.h>
#include <cmocka.h>

#include "broker/backing.h"
#include "shortage-support.h"

#define OFFER(name) \
	cmocka_unit_test_setup_teardown(name, setup_guest_memfd, teardown)

/* The number that the next descriptor will have: the same, if none leaked. */
static int next_descriptor(void)
{
	int fd = dup(STDERR_FILENO);

	close(fd);
	return fd;
}

/* A thread closes what is turned away; a leak is a test that does not end. */
static void await_closed(int next)
{
	alarm(60);
	while (next_descriptor() != next)
		sched_yield();
	alarm(0);
}

/* Is a guest dropped, and the descriptor closed, when it sends this? */
static void assert_dropped(struct fixture *f, enum lab_lease_type type, int fd)
{
	struct peer *peer = &f->peers[0];
	struct lab_lease_msg m = message(peer, type);
	int before = next_descriptor();

	assert_false(sent_with(peer, &m, fd));
	await_closed(before);
	assert_silent(peer);
	assert_int_equal(ledger_count(f->ledger, EXTENT_BLANK), POOL_LEASES);
}

static void needs_a_file(void **state)
{
	struct fixture *f = *state;

	listen_as(&f->peers[0], "guest", 1, 8);
	assert_dropped(f, LAB_LEASE_LEASE, -1);
}

static void takes_no_memfd(void **state)
{
	struct fixture *f = *state;
	int fd = backing_create(LAB_BACKING_SHMEM, "test");

	listen_as(&f->peers[0], "guest", 1, 8);
	assert_true(fd >= 0);
	assert_dropped(f, LAB_LEASE_LEASE, fd);
	close(fd);
}

static void takes_no_huge_pages(void **state)
{
	struct fixture *f = *state;
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_HUGETLB);

	listen_as(&f->peers[0], "guest", 1, 8);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, LAB_EXTENT_SIZE), 0);
	assert_dropped(f, LAB_LEASE_LEASE, fd);
	close(fd);
}

static void takes_no_device(void **state)
{
	struct fixture *f = *state;
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	listen_as(&f->peers[0], "guest", 1, 8);
	assert_true(fd >= 0);
	assert_dropped(f, LAB_LEASE_LEASE, fd);
	close(fd);
}

static void takes_no_socket(void **state)
{
	struct fixture *f = *state;

	listen_as(&f->peers[0], "guest", 1, 8);
	assert_dropped(f, LAB_LEASE_LEASE, f->peers[1].socket);
}

static void takes_a_file_with_a_lease_alone(void **state)
{
	struct fixture *f = *state;

	listen_as(&f->peers[0], "guest", 1, 8);
	assert_dropped(f, LAB_LEASE_RETURN, STDIN_FILENO);
}

static void takes_no_file_before_hello(void **state)
{
	assert_dropped(*state, LAB_LEASE_HELLO, STDIN_FILENO);
}

/* In a pool that makes its files itself; where the kernel can, none is sent. */
static void takes_no_file_elsewhere(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];

	listen_as(peer, "guest", 1, 8);
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);
	int r = fd_send(peer->socket, &m, sizeof(m), STDIN_FILENO, 0);
	assert_true(r == 0 || r == -EPERM);
	assert_int_equal(session_receive(peer->session, f->now), r != 0);
	assert_silent(peer);
	assert_int_equal(ledger_count(f->ledger, EXTENT_BLANK), POOL_LEASES);
}

static void wants_guests_that_listen(void **state)
{
	struct fixture *f = *state;
	struct lab_lease_msg m = hello(&f->peers[0], "deaf", 1, 1, 1);

	assert_false(sent(&f->peers[0], &m));
	assert_refused(&f->peers[0], EINVAL, "its guests want events");
}

/* A guest in a process of its own, which only waits. */
static pid_t other_process(struct fixture *f)
{
	struct peer *peer = &f->peers[0];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int type = SOCK_SEQPACKET | SOCK_CLOEXEC;
	int listener = socket(AF_UNIX, type, 0);
	socklen_t bytes = sizeof(address);
	struct err err;

	/* No name: the kernel gives it one. */
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
			      sizeof(address.sun_family)),
			 0);
	assert_int_equal(
		getsockname(listener, (struct sockaddr *)&address, &bytes), 0);
	assert_int_equal(listen(listener, 1), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct lab_lease_msg m = hello(peer, "other", 1, 1, 1);
		int fd = socket(AF_UNIX, type, 0);
		m.hello.flags = LAB_HELLO_EVENTS;
		alarm(60); /* so that a test that fails ends */
		if (connect(fd, (struct sockaddr *)&address, bytes) == 0 &&
		    fd_send(fd, &m, sizeof(m), -1, 0) == 0)
			pause();
		_exit(1);
	}
	session_free(peer->session);
	int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	assert_int_equal(
		session_new(&peer->session, &f->registry, accepted, &err), 0);
	while (session_guest(peer->session) == NULL)
		assert_true(session_receive(peer->session, 0));
	return pid;
}

static void kills_who_ends(void **state)
{
	struct fixture *f = *state;
	pid_t pid = other_process(f);
	int status;

	session_end(f->peers[0].session);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* What can be cut off for ever needs no such thing. */
static void kills_nobody_elsewhere(void **state)
{
	struct fixture *f = *state;
	pid_t pid = other_process(f);
	int status;

	session_end(f->peers[0].session);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFER(needs_a_file),
		OFFER(takes_no_memfd),
		OFFER(takes_no_huge_pages),
		OFFER(takes_no_device),
		OFFER(takes_no_socket),
		OFFER(takes_a_file_with_a_lease_alone),
		OFFER(takes_no_file_before_hello),
		TEST(takes_no_file_elsewhere),
		OFFER(wants_guests_that_listen),
		OFFER(kills_who_ends),
		TEST(kills_nobody_elsewhere),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
