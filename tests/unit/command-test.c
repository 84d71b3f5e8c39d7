/* SPDX-License-Identifier: MIT */
/* What an administrator does to a guest, and to its process alone. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "broker/command.h"
#include "broker/process.h"
#include "session-support.h"

/* A process that ends by signals only, as a VMM's would. */
static pid_t start_process(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

/* Wait for its end: the signal that brought it. */
static int signal_that_ended(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* The guest of a peer, as if its VMM were this process. */
static struct guest *admit_as(struct peer *peer, pid_t pid)
{
	admit(peer, "guest", 2, 4);
	struct guest *guest = peer->fixture->registry.first;
	guest->pid = pid;
	guest->start = process_start(pid);
	return guest;
}

static void destroys_at_once(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];
	pid_t pid = start_process();
	struct err err;
	int fd;

	uint32_t id = admit_as(peer, pid)->id;
	lease(peer, &fd);
	close(fd);
	assert_int_equal(command_destroy(&f->registry, id, &err), 0);
	/* Before the process has ended, perhaps, and before its socket has. */
	assert_null(f->registry.first);
	assert_int_equal(ledger_count(f->ledger, EXTENT_LEASED), 0);
	assert_false(session_receive(peer->session, f->now));
	assert_int_equal(signal_that_ended(pid), SIGKILL);
	assert_int_equal(command_destroy(&f->registry, id, &err), -ENOENT);
}

static void asks_to_end(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];
	pid_t pid = start_process();
	struct err err;

	uint32_t id = admit_as(peer, pid)->id;
	assert_int_equal(command_shutdown(&f->registry, id, &err), 0);
	assert_int_equal(signal_that_ended(pid), SIGTERM);
	/* It is there until its connection ends. */
	assert_ptr_equal(command_find(&f->registry, id), f->registry.first);
}

static void never_ends_another_process(void **state)
{
	struct fixture *f = *state;
	pid_t pid = start_process();
	struct err err;

	struct guest *guest = admit_as(&f->peers[0], pid);
	uint64_t start = guest->start;
	/* Its number was used again: this one began later. */
	guest->start = start - 1;
	assert_int_equal(command_destroy(&f->registry, guest->id, &err),
			 -ESRCH);
	assert_said(&err, "gone already");
	guest->start = 0; /* unknown */
	assert_int_equal(command_shutdown(&f->registry, guest->id, &err),
			 -ESRCH);
	assert_int_equal(process_start(pid), start);
	assert_int_equal(process_signal(pid, start, SIGKILL), 0);
	assert_int_equal(signal_that_ended(pid), SIGKILL);
	assert_int_equal(process_signal(pid, start, SIGKILL), -ESRCH);
	assert_int_equal(process_signal(0, start, SIGKILL), -ESRCH);
}

/* A HELLO of one whose limit can be moved, that listens. */
static struct guest *admit_movable(struct peer *peer)
{
	struct lab_lease_msg m = hello(peer, "guest", 1, 2, 4);

	m.hello.maximum = 6;
	m.hello.flags = LAB_HELLO_EVENTS;
	assert_true(sent(peer, &m));
	m = received(peer, NULL);
	assert_int_equal(m.type, LAB_LEASE_WELCOME);
	return peer->fixture->registry.first;
}

/* The latest LIMIT that came to it; 0: none. */
static uint64_t told_limit(struct peer *peer)
{
	struct lab_lease_msg m;
	uint64_t limit = 0;

	while (fd_receive(peer->socket, &m, sizeof(m), NULL, 0) > 0) {
		if (m.type == LAB_LEASE_LIMIT)
			limit = m.limit.leases;
	}
	return limit;
}

static void moves_a_limit_within_its_bounds(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];
	struct err err;

	struct guest *guest = admit_movable(peer);
	settle(f);
	assert_int_equal(told_limit(peer), 0); /* it said so itself */
	assert_int_equal(guest->account.limit, 4);
	assert_int_equal(command_limit(&f->registry, guest->id, 7, &err),
			 -ERANGE);
	assert_int_equal(command_limit(&f->registry, guest->id, 1, &err),
			 -ERANGE);
	assert_int_equal(command_limit(&f->registry, guest->id + 1, 2, &err),
			 -ENOENT);
	assert_int_equal(command_limit(&f->registry, guest->id, 6, &err), 0);
	settle(f);
	assert_int_equal(told_limit(peer), 6);
	settle(f);
	assert_int_equal(told_limit(peer), 0); /* once */
	for (int i = 0; i < 6; i++)
		lease(peer, NULL);
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);
	assert_true(sent(peer, &m));
	assert_refused(peer, EDQUOT, "its limit of 6");
}

static void takes_what_is_above_a_lowered_limit(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];
	struct err err;
	uint64_t ids[4];

	f->registry.take_after = 1000;
	struct guest *guest = admit_movable(peer);
	for (int i = 0; i < 4; i++)
		ids[i] = lease(peer, NULL);
	assert_int_equal(command_limit(&f->registry, guest->id, 2, &err), 0);
	assert_valid(f->ledger); /* it holds more, and may */
	assert_int_equal(settle(f), f->now + 500); /* to tell it */
	assert_true(give_back(peer, ids[3]));
	while (pool_scrub(f->pool))
		;
	/* It gave one: its time begins anew. */
	f->now += 999;
	settle(f);
	assert_int_equal(guest->account.held, 3);
	f->now += 501; /* it is told */
	shortage_settle(&f->registry, f->now);
	assert_int_equal(guest->account.held, 3);
	f->now += 500;
	shortage_settle(&f->registry, f->now);
	assert_int_equal(guest->account.held, 2);
	while (pool_scrub(f->pool))
		;
	f->now += 5000;
	settle(f);
	assert_int_equal(guest->account.held, 2); /* and no more than that */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(destroys_at_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(asks_to_end, setup, teardown),
		cmocka_unit_test_setup_teardown(moves_a_limit_within_its_bounds,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			takes_what_is_above_a_lowered_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(never_ends_another_process,
						setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
