/* SPDX-License-Identifier: MIT */
/* machine/gate: while it is closed, nobody is inside; then all go on. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "machine/gate.h"

#define THREADS 4
#define ROUNDS	200

struct fixture {
	struct gate gate;
	atomic_int inside; /* as the threads count it themselves */
	atomic_int turns;
	atomic_int kicks;
	atomic_bool over;
};

struct walker {
	struct fixture *f;
	unsigned int id;
};

static void *walk(void *context)
{
	struct walker *walker = context;
	struct fixture *f = walker->f;

	while (!atomic_load(&f->over)) {
		gate_enter(&f->gate, walker->id);
		atomic_fetch_add(&f->inside, 1);
		atomic_fetch_add(&f->turns, 1);
		atomic_fetch_sub(&f->inside, 1);
		gate_leave(&f->gate, walker->id);
	}
	return NULL;
}

static void count_kick(void *context, unsigned int n)
{
	struct fixture *f = context;

	assert_in_range(n, 0, THREADS - 1);
	atomic_fetch_add(&f->kicks, 1);
}

static void test_closed_means_nobody(void **state)
{
	struct fixture f = {0};
	struct walker walkers[THREADS];
	pthread_t threads[THREADS];

	(void)state;
	gate_init(&f.gate);
	for (unsigned int n = 0; n < THREADS; n++) {
		walkers[n] = (struct walker){.f = &f, .id = n};
		assert_int_equal(
			pthread_create(&threads[n], NULL, walk, &walkers[n]),
			0);
	}
	for (int round = 0; round < ROUNDS; round++) {
		gate_close(&f.gate, THREADS, count_kick, &f);
		int turns = atomic_load(&f.turns);
		for (int look = 0; look < 50; look++)
			assert_int_equal(atomic_load(&f.inside), 0);
		assert_int_equal(atomic_load(&f.turns), turns);
		gate_open(&f.gate);
		/* They do go on: wait for the next turn of any. */
		while (atomic_load(&f.turns) == turns)
			sched_yield();
	}
	atomic_store(&f.over, true);
	for (unsigned int n = 0; n < THREADS; n++)
		assert_int_equal(pthread_join(threads[n], NULL), 0);
}

/* Two that close at once take turns. */
static void *close_often(void *context)
{
	struct fixture *f = context;

	for (int round = 0; round < ROUNDS; round++) {
		gate_close(&f->gate, THREADS, count_kick, f);
		atomic_fetch_add(&f->inside, 1);
		if (atomic_load(&f->inside) != 1)
			atomic_store(&f->over, true);
		atomic_fetch_sub(&f->inside, 1);
		gate_open(&f->gate);
	}
	return NULL;
}

static void test_one_closes_at_a_time(void **state)
{
	struct fixture f = {0};
	pthread_t other;

	(void)state;
	gate_init(&f.gate);
	assert_int_equal(pthread_create(&other, NULL, close_often, &f), 0);
	close_often(&f);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_false(atomic_load(&f.over));
	assert_int_equal(atomic_load(&f.kicks), 0); /* nobody was inside */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed_means_nobody),
		cmocka_unit_test(test_one_closes_at_a_time),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
