/* SPDX-License-Identifier: MIT */
/* A ledger that begins as an earlier broker's ended. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "broker-support.h"

/* As an earlier broker had it, whatever it would promise today. */
static void begins_as_it_was(void **state)
{
	struct ledger *ledger = ledger_new(6);
	struct account one, two;
	struct err err = {.text = ""};
	uint32_t extent;
	(void)state;

	assert_int_equal(ledger_restore_account(ledger, &one, 7, 3, 4, &err),
			 0);
	assert_int_equal(ledger_restore_account(ledger, &two, 9, 3, 6, &err),
			 0);
	ledger_restore(ledger, 0, 11, &one);
	ledger_restore(ledger, 1, 5, NULL);
	ledger_restore(ledger, 2, 3, &two);
	ledger_restore(ledger, 4, 8, &one);
	assert_valid(ledger);
	assert_int_equal(ledger_count(ledger, EXTENT_LEASED), 3);
	assert_int_equal(one.held, 2);
	assert_int_equal(ledger_promised(ledger), 3);
	assert_int_equal(ledger_find(ledger, UINT64_C(11) << 32, &one, &extent),
			 0);
	assert_int_equal(ledger_owner(ledger, 2), 9);
	assert_int_equal(ledger_next(ledger, 0), 4);
	assert_int_equal(ledger_next(ledger, 4), LEDGER_NO_EXTENT);
	/* The rest is filled; nothing is left above the guarantees. */
	while ((extent = ledger_first(ledger, EXTENT_WITHDRAWN)) !=
	       LEDGER_NO_EXTENT) {
		ledger_move(ledger, extent, EXTENT_DIRTY, NULL);
		ledger_move(ledger, extent, EXTENT_BLANK, NULL);
	}
	assert_valid(ledger);
	assert_int_equal(ledger_spare(ledger), 0);
	assert_int_equal(ledger_first(ledger, EXTENT_BLANK), 1);
	ledger_move(ledger, 1, EXTENT_LEASED, &two);
	assert_int_equal(ledger_generation(ledger, 1), 6); /* goes on */
	assert_valid(ledger);
	ledger_free(ledger);
}

static void restore_twice(void *context)
{
	struct account account;
	struct err err;

	ledger_restore_account(context, &account, 1, 1, 2, &err);
	ledger_restore(context, 0, 1, &account);
	ledger_restore(context, 0, 1, &account);
}

static void restore_above_the_limit(void *context)
{
	struct account account;
	struct err err;

	ledger_restore_account(context, &account, 1, 1, 1, &err);
	ledger_restore(context, 0, 1, &account);
	ledger_restore(context, 1, 1, &account);
}

static void restore_too_late(void *context)
{
	struct account account;
	struct err err;

	ledger_move(context, 0, EXTENT_DIRTY, NULL);
	ledger_restore_account(context, &account, 1, 1, 1, &err);
}

static void what_cannot_have_been_is_not_restored(void **state)
{
	struct ledger *ledger = ledger_new(2);
	struct account one, two;
	struct err err;
	(void)state;

	assert_int_equal(signal_of(restore_twice, ledger), SIGABRT);
	assert_int_equal(signal_of(restore_above_the_limit, ledger), SIGABRT);
	assert_int_equal(signal_of(restore_too_late, ledger), SIGABRT);
	assert_int_equal(ledger_restore_account(ledger, &one, 1, 2, 2, &err),
			 0);
	assert_int_equal(ledger_restore_account(ledger, &two, 2, 1, 1, &err),
			 -EUCLEAN);
	assert_valid(ledger);
	ledger_free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_as_it_was),
		cmocka_unit_test(what_cannot_have_been_is_not_restored),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
