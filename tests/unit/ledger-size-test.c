/* SPDX-License-Identifier: MIT */
/* The ledger of a pool that grows and shrinks. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ledger-support.h"

static void grows(void **state)
{
	struct ledger *ledger = blank_ledger(2);
	struct account a, b;
	struct err err;
	(void)state;

	admit(ledger, &a, 1, 2, 2);
	lease(ledger, &a);
	assert_int_equal(ledger_resize(ledger, 6), 0);
	assert_int_equal(ledger_total(ledger), 6);
	assert_int_equal(ledger_size(ledger), 6);
	assert_int_equal(ledger_missing(ledger), 4);
	assert_int_equal(ledger_first(ledger, EXTENT_WITHDRAWN), 2);
	assert_valid(ledger);
	/* What is not there yet is promised to nobody. */
	assert_int_equal(ledger_admit(ledger, &b, 2, 1, 6, &err), -ENOMEM);
	assert_said(&err, "4 are out of service");
	for (uint32_t i = 2; i < 6; i++) {
		ledger_move(ledger, i, EXTENT_DIRTY, NULL);
		ledger_move(ledger, i, EXTENT_BLANK, NULL);
	}
	assert_int_equal(ledger_missing(ledger), 0);
	admit(ledger, &b, 2, 4, 6);
	assert_valid(ledger);
	ledger_free(ledger);
}

static void shrinks_by_what_is_free(void **state)
{
	struct ledger *ledger = blank_ledger(8);
	struct account a, b, c;
	struct err err;
	(void)state;

	admit(ledger, &a, 1, 2, 8);
	admit(ledger, &b, 2, 2, 8);
	for (int i = 0; i < 5; i++)
		lease(ledger, &a);
	/* Of 8, 5 are lent, 2 promised; 4 are to be left. */
	assert_int_equal(ledger_spare(ledger), 1);
	assert_int_equal(ledger_resize(ledger, 4), 0);
	assert_int_equal(ledger_total(ledger), 8);
	assert_int_equal(ledger_surplus(ledger), 4);
	assert_int_equal(ledger_excess(ledger), 1);
	/* That one is not lent any more, and nothing else is promised. */
	assert_int_equal(ledger_spare(ledger), 0);
	assert_int_equal(ledger_may_lease(ledger, &a), LEDGER_NONE);
	assert_int_equal(ledger_may_lease(ledger, &b), LEDGER_NOW);
	assert_int_equal(ledger_admit(ledger, &c, 3, 1, 4, &err), -ENOMEM);
	assert_said(&err, "it has 4, of which 4 are promised");
	ledger_move(ledger, ledger_first(ledger, EXTENT_BLANK),
		    EXTENT_WITHDRAWN, NULL);
	assert_int_equal(ledger_excess(ledger), 0);
	assert_int_equal(ledger_surplus(ledger), 3);
	/* The rest as it comes back: above a guarantee, at once. */
	for (uint32_t left = 3; left > 0; left--) {
		uint32_t extent = a.leases.last;
		ledger_move(ledger, extent, EXTENT_REVOKING, &a);
		assert_int_equal(ledger_excess(ledger), 0);
		ledger_move(ledger, extent, EXTENT_DIRTY, NULL);
		assert_int_equal(ledger_excess(ledger), 1);
		ledger_move(ledger, extent, EXTENT_WITHDRAWN, NULL);
		assert_valid(ledger);
	}
	assert_int_equal(ledger_surplus(ledger), 0);
	assert_int_equal(ledger_missing(ledger), 0);
	/* And not one that is still promised. */
	uint32_t extent = a.leases.last;
	ledger_move(ledger, extent, EXTENT_REVOKING, &a);
	ledger_move(ledger, extent, EXTENT_DIRTY, NULL);
	assert_int_equal(ledger_excess(ledger), 0);
	assert_int_equal(ledger_promised(ledger), 3);
	assert_valid(ledger);
	ledger_free(ledger);
}

/* What is lent above guarantees keeps nobody from what was promised to him. */
static void promises_outweigh_the_size(void **state)
{
	struct ledger *ledger = blank_ledger(6);
	struct account a, b;
	(void)state;

	admit(ledger, &a, 1, 1, 6);
	admit(ledger, &b, 2, 3, 6);
	for (int i = 0; i < 3; i++)
		lease(ledger, &a);
	/* One of those that are promised is lost to the host. */
	uint32_t lost = lease(ledger, &b);
	ledger_move(ledger, lost, EXTENT_REVOKING, &b);
	ledger_move(ledger, lost, EXTENT_DIRTY, NULL);
	ledger_move(ledger, lost, EXTENT_WITHDRAWN, NULL);
	assert_int_equal(ledger_due(ledger), 1);
	/* By a smaller size it is not missing any more, but owed it is. */
	assert_int_equal(ledger_resize(ledger, 4), 0);
	assert_int_equal(ledger_missing(ledger), 0);
	assert_int_equal(ledger_surplus(ledger), 1);
	assert_int_equal(ledger_excess(ledger), 0);
	assert_int_equal(ledger_due(ledger), 1);
	ledger_move(ledger, lost, EXTENT_DIRTY, NULL);
	assert_int_equal(ledger_due(ledger), 0);
	assert_valid(ledger);
	ledger_free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(shrinks_by_what_is_free),
		cmocka_unit_test(promises_outweigh_the_size),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
