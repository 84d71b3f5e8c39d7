/* SPDX-License-Identifier: MIT */
/* When calls share a snapshot, and when they must not. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rpc-view.h"
#include "rpc/looks.h"

/* Take two, one after the other: is it the same? */
static bool shares(struct looks *looks)
{
	struct view *one = looks->source.take(looks->source.context);
	struct view *two = looks->source.take(looks->source.context);
	bool same = one == two;

	assert_non_null(one);
	assert_non_null(two);
	view_free(one);
	view_free(two);
	return same;
}

static void few_guests_are_looked_at_each_time(void **state)
{
	struct looks looks;

	(void)state;
	rpc_view_guests = LOOKS_MANY;
	looks_begin(&looks, &rpc_view_source);
	assert_false(shares(&looks));
	assert_int_equal(rpc_view_alive, 0);
	looks_forget(&looks);
}

static void many_guests_share_a_look(void **state)
{
	struct looks looks;

	(void)state;
	rpc_view_guests = LOOKS_MANY + 1;
	looks_begin(&looks, &rpc_view_source);
	/* The clock may just have passed, but not each time. */
	while (!shares(&looks))
		;
	assert_int_equal(rpc_view_alive, 1);
	looks_forget(&looks);
	assert_int_equal(rpc_view_alive, 0);
}

static void a_look_that_is_in_use_outlives_that_it_is_forgotten(void **state)
{
	struct looks looks;

	(void)state;
	rpc_view_guests = LOOKS_MANY + 1;
	looks_begin(&looks, &rpc_view_source);
	struct view *one = looks.source.take(looks.source.context);
	looks_forget(&looks);
	struct view *two = looks.source.take(looks.source.context);
	assert_ptr_not_equal(one, two);
	assert_int_equal(one->nguests, LOOKS_MANY + 1);
	view_free(one);
	view_free(two);
	looks_forget(&looks);
	assert_int_equal(rpc_view_alive, 0);
}

static void an_old_look_is_not_shared(void **state)
{
	struct looks looks;

	(void)state;
	rpc_view_guests = LOOKS_MANY + 1;
	looks_begin(&looks, &rpc_view_source);
	view_free(looks.source.take(looks.source.context));
	looks.taken -= LOOKS_USEC;
	struct view *last = looks.last;
	last->shares++; /* so that its place is not taken */
	struct view *next = looks.source.take(looks.source.context);
	assert_ptr_not_equal(next, last);
	view_free(next);
	view_free(last);
	looks_forget(&looks);
	assert_int_equal(rpc_view_alive, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_guests_are_looked_at_each_time),
		cmocka_unit_test(many_guests_share_a_look),
		cmocka_unit_test(
			a_look_that_is_in_use_outlives_that_it_is_forgotten),
		cmocka_unit_test(an_old_look_is_not_shared),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
