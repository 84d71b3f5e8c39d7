/* SPDX-License-Identifier: MIT */
/* hcall/want: who waits for leases, and in which order. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hcall/want.h"

/* The queue holds just these, in this order, by either direction. */
static void assert_queue(const struct want_queue *queue,
			 const struct want *const *wanted, size_t count)
{
	const struct want *w = queue->first;

	for (size_t i = 0; i < count; i++, w = w->next)
		assert_ptr_equal(w, wanted[i]);
	assert_null(w);
	w = queue->last;
	for (size_t i = count; i-- > 0; w = w->prev)
		assert_ptr_equal(w, wanted[i]);
	assert_null(w);
}

/* Three new ones, in this order. */
static void join_all(struct want_queue *queue, struct want *const wants[3])
{
	for (int i = 0; i < 3; i++) {
		*wants[i] = (struct want){0};
		want_join(queue, wants[i]);
	}
}

static void first_come_first(void **state)
{
	struct want_queue queue = {0};
	struct want a, b, c;

	(void)state;
	join_all(&queue, (struct want *[]){&a, &b, &c});
	assert_queue(&queue, (const struct want *[]){&a, &b, &c}, 3);
	assert_int_equal(a.id, 1);
	assert_int_equal(c.id, 3);
}

static void leave_from_anywhere(void **state)
{
	struct want_queue queue = {0};
	struct want a, b, c;

	(void)state;
	join_all(&queue, (struct want *[]){&a, &b, &c});
	want_leave(&queue, &b);
	assert_queue(&queue, (const struct want *[]){&a, &c}, 2);
	want_leave(&queue, &a);
	assert_queue(&queue, (const struct want *[]){&c}, 1);
	/* Who comes again comes last, and is another want. */
	want_join(&queue, &a);
	assert_queue(&queue, (const struct want *[]){&c, &a}, 2);
	assert_int_equal(a.id, 4);
	want_leave(&queue, &c);
	/* Who is in none leaves none: c was its neighbour. */
	want_leave(&queue, &b);
	assert_queue(&queue, (const struct want *[]){&a}, 1);
	want_leave(&queue, &a);
	assert_queue(&queue, NULL, 0);
}

static int posts(sem_t *sem)
{
	int value;

	assert_int_equal(sem_getvalue(sem, &value), 0);
	return value;
}

static void told_once_until_it_looks(void **state)
{
	sem_t looks;
	struct want want = {.looks = &looks};
	struct want silent = {.looks = NULL};

	(void)state;
	assert_int_equal(sem_init(&looks, 0, 0), 0);
	want_tell(&want);
	want_tell(&want);
	assert_int_equal(posts(&looks), 1);
	want.told = false;
	want_tell(&want);
	assert_int_equal(posts(&looks), 2);
	/* Nobody waits for it: an event is what ends it. */
	want_tell(&silent);
	assert_false(silent.told);
	sem_destroy(&looks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_come_first),
		cmocka_unit_test(leave_from_anywhere),
		cmocka_unit_test(told_once_until_it_looks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
