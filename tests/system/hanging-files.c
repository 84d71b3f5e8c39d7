/* SPDX-License-Identifier: MIT */
/*
 * Who looks at another process's files looks at what that process likes: here
 * at one that is named like a lease, and whose file system does not answer.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "audit/processes.h"
#include "broker/proof.h"
#include "hanging.h"

#define NAME "/memfd:labyrinth:pool:5"

static int setup(void **state)
{
	static int fd;
	int point = open(NAME, O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (point < 0)
		return -1;
	close(point);
	fd = hanging_file(NAME);
	*state = &fd;
	alarm(60); /* so that a test that fails ends */
	return 0;
}

static int teardown(void **state)
{
	alarm(0);
	remove_hanging(NAME, *(int *)*state);
	return 0;
}

static const struct proof_file *wanted(void *context, uint32_t extent)
{
	static const struct proof_file file = {.device = 1, .inode = 1};

	*(uint32_t *)context = extent;
	return &file;
}

static void proven(void *context, uint32_t extent, int fd)
{
	(void)context, (void)extent, (void)fd;
	fail();
}

static void hold_up_no_proof(void **state)
{
	uint32_t looked_at = 0;
	const struct proof_ops ops = {
		.wanted = wanted, .proven = proven, .context = &looked_at};
	struct err err;
	(void)state;

	assert_int_equal(proof_search(getpid(), "pool", 1000, &ops, &err), 0);
	assert_int_equal(looked_at, 5);
}

static void hold_up_no_audit(void **state)
{
	const struct snapshot snapshot = {0};
	struct processes processes;
	struct err err;
	(void)state;

	assert_int_equal(processes_scan(&processes, &snapshot, &err), 0);
	assert_true(processes.count > 0);
	processes_free(&processes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hold_up_no_proof),
		TEST(hold_up_no_audit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
