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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(destroys_at_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(asks_to_end, setup, teardown),
		cmocka_unit_test_setup_teardown(never_ends_another_process,
						setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
