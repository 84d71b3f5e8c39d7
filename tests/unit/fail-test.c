/* SPDX-License-Identifier: MIT */
/* Fault injection: each attribute alone, together, and as a text. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "mem/fail.h"

#define GRANT LAB_FAIL_HYPERCALL
#define MANY  100000u

static struct fail fail;

static void set(const struct lab_fail *attr)
{
	memset(&fail, 0, sizeof(fail));
	fail_seed(&fail, 1);
	assert_int_equal(fail_set(&fail, GRANT, attr), 0);
}

static bool grant(unsigned order)
{
	return fail_should(&fail, GRANT, order, false);
}

/* How many of so many calls of order 0 fail. */
static unsigned failures(unsigned calls)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < calls; i++)
		failed += grant(0);
	return failed;
}

static void nothing_fails_by_itself(void **state)
{
	struct fail none = {0};

	(void)state;
	for (unsigned path = 1; path <= LAB_FAIL_MAX; path++)
		for (unsigned i = 0; i < 1000; i++)
			assert_false(fail_should(&none, path, i % 10, i % 2));
	set(&(struct lab_fail){.times = -1, .interval = 1});
	assert_int_equal(fail.armed, 0);
	assert_int_equal(failures(1000), 0);
	set(&(struct lab_fail){.probability = 100, .times = 0});
	assert_int_equal(fail.armed, 0);
	assert_int_equal(failures(1000), 0);
}

static void nth_fails_that_call_alone(void **state)
{
	(void)state;
	for (unsigned nth = 1; nth <= 200; nth++) {
		set(&(struct lab_fail){.nth = nth});
		for (unsigned i = 1; i <= 400; i++)
			assert_int_equal(grant(i % 10), i == nth);
		assert_int_equal(fail.armed, 0);
	}
}

static void one_of_many_fails_them_all(void **state)
{
	(void)state;
	for (unsigned nth = 1; nth <= 10; nth++) {
		set(&(struct lab_fail){.nth = nth});
		assert_int_equal(fail_any(&fail, GRANT, 0, 4, false), nth <= 4);
		assert_int_equal(fail_any(&fail, GRANT, 0, 4, false),
				 nth > 4 && nth <= 8);
	}
	/* The calls after the one that fails are not counted. */
	set(&(struct lab_fail){.probability = 100, .times = 3});
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(fail_any(&fail, GRANT, 0, 4, false), i < 3);
	set(&(struct lab_fail){.nth = 1});
	assert_false(fail_any(&fail, GRANT, 0, 0, false));
}

/* Linux's fail-nth comes first, then the attributes. */
static void nth_comes_before_the_others(void **state)
{
	(void)state;
	set(&(struct lab_fail){
		.nth = 5, .probability = 100, .times = 3, .space = 2});
	for (unsigned i = 1; i <= 20; i++)
		assert_int_equal(grant(0), i == 5 || i == 7 || i == 8);
	/* It needs no times, and leaves none. */
	set(&(struct lab_fail){.nth = 5, .probability = 100, .times = 0});
	for (unsigned i = 1; i <= 20; i++)
		assert_int_equal(grant(0), i == 5);
}

static void probability_is_in_percent(void **state)
{
	(void)state;
	for (uint32_t percent = 0; percent <= 100; percent++) {
		set(&(struct lab_fail){.probability = percent, .times = -1});
		unsigned failed = failures(MANY);
		unsigned wanted = MANY / 100 * percent;

		/* Six standard deviations of the worst, 50 percent. */
		assert_in_range(failed, wanted < 950 ? 0 : wanted - 950,
				wanted + 950);
		if (percent == 0 || percent == 100)
			assert_int_equal(failed, wanted);
	}
}

/* Half of all pairs, a quarter of each kind: calls know nothing of others. */
static void chances_are_independent(void **state)
{
	unsigned kinds[4] = {0};

	(void)state;
	set(&(struct lab_fail){.probability = 50, .times = -1});
	for (unsigned i = 0; i < MANY; i++) {
		unsigned first = grant(0);

		kinds[first << 1 | grant(0)]++;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(kinds[i], MANY / 4 - 850, MANY / 4 + 850);
}

static void one_seed_is_one_sequence(void **state)
{
	const struct lab_fail attr = {.probability = 50, .times = -1};
	struct fail a = {0}, b = {0};
	unsigned differ = 0, paths = 0;

	(void)state;
	for (unsigned path = 1; path <= LAB_FAIL_MAX; path++) {
		fail_set(&a, path, &attr);
		fail_set(&b, path, &attr);
	}
	fail_seed(&a, 7);
	fail_seed(&b, 7);
	for (unsigned i = 0; i < 1000; i++) {
		bool is = fail_should(&a, GRANT, 0, false);

		/* Whatever the other paths are asked. */
		for (unsigned j = 0; j < i % 3; j++)
			fail_should(&a, LAB_FAIL_LEASE, 0, false);
		assert_int_equal(fail_should(&b, GRANT, 0, false), is);
	}
	fail_seed(&b, 8);
	for (unsigned i = 0; i < 1000; i++)
		differ += fail_should(&a, GRANT, 0, false) !=
			  fail_should(&b, GRANT, 0, false);
	assert_in_range(differ, 400, 600);
	fail_seed(&b, 8);
	for (unsigned i = 0; i < 1000; i++)
		paths += fail_should(&b, GRANT, 0, false) !=
			 fail_should(&b, LAB_FAIL_MAP, 0, false);
	assert_in_range(paths, 400, 600);
}

static void interval_is_each_such_call(void **state)
{
	(void)state;
	for (uint32_t interval = 0; interval <= 50; interval++) {
		uint32_t each = interval ? interval : 1;

		set(&(struct lab_fail){
			.probability = 100, .times = -1, .interval = interval});
		for (unsigned i = 1; i <= 500; i++)
			assert_int_equal(grant(0), i % each == 0);
	}
	/* A new setting begins anew. */
	const struct lab_fail third = {
		.probability = 100, .times = -1, .interval = 3};
	set(&third);
	assert_int_equal(failures(5), 1);
	assert_int_equal(fail_set(&fail, GRANT, &third), 0);
	assert_int_equal(failures(2), 0);
	assert_true(grant(0));
	set(&(struct lab_fail){.probability = 20, .times = -1, .interval = 4});
	assert_in_range(failures(4 * MANY), MANY / 5 - 760, MANY / 5 + 760);
}

static void times_is_how_often(void **state)
{
	(void)state;
	for (int64_t times = 0; times <= 50; times++) {
		set(&(struct lab_fail){.probability = 100, .times = times});
		for (unsigned i = 0; i < 100; i++)
			assert_int_equal(grant(0), i < times);
		assert_int_equal(fail.armed, 0);
	}
	set(&(struct lab_fail){.probability = 100, .times = -1});
	assert_int_equal(failures(MANY), MANY);
	set(&(struct lab_fail){.probability = 10, .times = 9});
	assert_int_equal(failures(MANY), 9);
}

/* As in Linux: the call that would use up what is left may fail. */
static void space_passes_so_many_pages(void **state)
{
	(void)state;
	for (uint64_t space = 0; space <= 3000; space += 7) {
		for (unsigned order = 0; order <= LAB_MAX_ORDER; order++) {
			uint64_t left = space, calls = 0;

			set(&(struct lab_fail){.probability = 100,
					       .times = 1,
					       .space = space});
			for (; left > UINT64_C(1) << order; calls++)
				left -= UINT64_C(1) << order;
			while (calls-- > 0)
				assert_false(grant(order));
			assert_true(grant(order));
			assert_false(grant(order));
		}
	}
}

static void min_order_spares_those_below(void **state)
{
	(void)state;
	for (uint32_t min = 0; min <= LAB_MAX_ORDER; min++) {
		set(&(struct lab_fail){
			.probability = 100, .times = -1, .min_order = min});
		for (unsigned order = 0; order <= LAB_MAX_ORDER; order++)
			assert_int_equal(grant(order), order >= min);
	}
	/* The spared are not counted either. */
	set(&(struct lab_fail){.nth = 3, .min_order = 2});
	for (unsigned i = 1; i <= 20; i++) {
		assert_false(grant(1));
		assert_int_equal(grant(2), i == 3);
	}
}

static void ignore_wait_spares_who_may_wait(void **state)
{
	(void)state;
	set(&(struct lab_fail){.probability = 100,
			       .times = -1,
			       .flags = LAB_FAIL_IGNORE_WAIT});
	assert_false(fail_should(&fail, GRANT, 0, true));
	assert_true(fail_should(&fail, GRANT, 0, false));
	set(&(struct lab_fail){.probability = 100, .times = -1});
	assert_true(fail_should(&fail, GRANT, 0, true));
	set(&(struct lab_fail){.nth = 2, .flags = LAB_FAIL_IGNORE_WAIT});
	for (unsigned i = 1; i <= 20; i++) {
		assert_false(fail_should(&fail, GRANT, 0, true));
		assert_int_equal(grant(0), i == 2);
	}
}

static void paths_are_apart(void **state)
{
	(void)state;
	for (unsigned path = 1; path <= LAB_FAIL_MAX; path++) {
		memset(&fail, 0, sizeof(fail));
		fail_set(&fail, path, &(struct lab_fail){.nth = 2});
		for (unsigned i = 1; i <= 4; i++)
			for (unsigned p = 1; p <= LAB_FAIL_MAX; p++)
				assert_int_equal(
					fail_should(&fail, p, 0, false),
					p == path && i == 2);
	}
}

/* One that has failed enough leaves the others armed. */
static void paths_end_apart(void **state)
{
	(void)state;
	memset(&fail, 0, sizeof(fail));
	for (unsigned path = 1; path <= LAB_FAIL_MAX; path++)
		fail_set(&fail, path, &(struct lab_fail){.nth = path});
	for (unsigned i = 1; i <= LAB_FAIL_MAX; i++)
		for (unsigned path = 1; path <= LAB_FAIL_MAX; path++)
			assert_int_equal(fail_should(&fail, path, 0, false),
					 i == path);
	assert_int_equal(fail.armed, 0);
}

/* A wrong setting is refused and leaves what was set before. */
static void wrong_settings_change_nothing(void **state)
{
	static const struct lab_fail wrong[] = {
		{.probability = 101},
		{.probability = UINT32_MAX},
		{.times = -2},
		{.times = INT64_MIN},
		{.min_order = LAB_MAX_ORDER + 1},
		{.flags = 2},
		{.flags = UINT32_MAX},
	};
	const struct lab_fail good = {.nth = 3};
	struct fail before;

	(void)state;
	set(&good);
	before = fail;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(fail_set(&fail, GRANT, &wrong[i]), -EINVAL);
	assert_int_equal(fail_set(&fail, 0, &good), -EINVAL);
	assert_int_equal(fail_set(&fail, LAB_FAIL_MAX + 1, &good), -EINVAL);
	assert_int_equal(fail_set(&fail, UINT64_C(1) << 32 | 1, &good),
			 -EINVAL);
	assert_memory_equal(&fail, &before, sizeof(fail));
	assert_int_equal(fail_set(&fail, GRANT, &(struct lab_fail){0}), 0);
	assert_int_equal(failures(100), 0);
}

static void a_text_sets_each_attribute(void **state)
{
	struct err err;

	(void)state;
	memset(&fail, 0, sizeof(fail));
	assert_int_equal(fail_parse(&fail,
				    "lease:probability=10,interval=3,times=5,"
				    "space=100,nth=7,min-order=2,"
				    "ignore-gfp-wait=1",
				    &err),
			 0);
	assert_int_equal(fail.armed, 1u << LAB_FAIL_LEASE);
	const struct lab_fail *attr = &fail.points[LAB_FAIL_LEASE].attr;
	assert_int_equal(attr->probability, 10);
	assert_int_equal(attr->interval, 3);
	assert_int_equal(attr->times, 5);
	assert_int_equal(attr->space, 100);
	assert_int_equal(attr->nth, 7);
	assert_int_equal(attr->min_order, 2);
	assert_int_equal(attr->flags, LAB_FAIL_IGNORE_WAIT);
	assert_int_equal(fail_parse(&fail, "map:nth=9223372036854775807", &err),
			 0);
	attr = &fail.points[LAB_FAIL_MAP].attr;
	assert_true(attr->nth == INT64_MAX);
	assert_int_equal(attr->interval, 1);
	assert_int_equal(attr->times, -1);
	assert_int_equal(fail_parse(&fail, "map:nth=1,nth=2", &err), 0);
	assert_int_equal(attr->nth, 2);
}

static void a_wrong_text_is_told(void **state)
{
	static const struct {
		const char *text, *why;
	} wrong[] = {
		{"", "begins with none of `hypercall:` `lease:` `map:` "
		     "`local:` `refill:`"},
		{"grant", "begins with none of"},
		{"gran:nth=1", "begins with none of"},
		{"grants:nth=1", "begins with none of"},
		{":nth=1", "begins with none of"},
		{"grant,nth=1", "begins with none of"},
		{"hypercall:", "`` is no attribute"},
		{"hypercall:nth", "`nth` is no attribute with a value"},
		{"hypercall:nth=1,", "`` is no attribute"},
		{"hypercall:,nth=1", "`` is no attribute"},
		{"hypercall:nt=1", "`nt` is no attribute"},
		{"hypercall:nths=1", "`nths` is no attribute"},
		{"hypercall:verbose=1", "`verbose` is no attribute"},
		{"hypercall:nth=", "nth is a number from 0"},
		{"hypercall:nth=one", "nth is a number"},
		{"hypercall:nth= 1", "nth is a number"},
		{"hypercall:nth=+1", "nth is a number"},
		{"hypercall:nth=1x", "nth is a number"},
		{"hypercall:nth=1 ", "nth is a number"},
		{"hypercall:nth=1=2", "nth is a number"},
		{"hypercall:nth=-1", "nth is a number"},
		{"hypercall:nth=9223372036854775808", "nth is a number"},
		{"hypercall:probability=101", "from 0 to 100"},
		{"hypercall:probability=-1", "from 0 to 100"},
		{"hypercall:nth=1,interval=4294967296", "from 0 to 4294967295"},
		{"hypercall:nth=1,times=-2", "times is a number from -1"},
		{"hypercall:nth=1,times=--1", "times is a number from -1"},
		{"hypercall:nth=1,space=-1", "space is a number from 0"},
		{"hypercall:nth=1,min-order=10", "from 0 to 9"},
		{"hypercall:nth=1,ignore-gfp-wait=2", "from 0 to 1"},
		{"hypercall:interval=2", "makes nothing fail"},
		{"hypercall:probability=5,times=0", "makes nothing fail"},
		{"hypercall:nth=0", "makes nothing fail"},
	};
	struct fail before;
	struct err err;

	(void)state;
	set(&(struct lab_fail){.nth = 3});
	before = fail;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(fail_parse(&fail, wrong[i].text, &err),
				 -EINVAL);
		if (strstr(err.text, wrong[i].why) == NULL)
			fail_msg("`%s`: `%s`, and not `%s`", wrong[i].text,
				 err.text, wrong[i].why);
	}
	assert_memory_equal(&fail, &before, sizeof(fail));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_fails_by_itself),
		cmocka_unit_test(nth_fails_that_call_alone),
		cmocka_unit_test(one_of_many_fails_them_all),
		cmocka_unit_test(nth_comes_before_the_others),
		cmocka_unit_test(probability_is_in_percent),
		cmocka_unit_test(chances_are_independent),
		cmocka_unit_test(one_seed_is_one_sequence),
		cmocka_unit_test(interval_is_each_such_call),
		cmocka_unit_test(times_is_how_often),
		cmocka_unit_test(space_passes_so_many_pages),
		cmocka_unit_test(min_order_spares_those_below),
		cmocka_unit_test(ignore_wait_spares_who_may_wait),
		cmocka_unit_test(paths_are_apart),
		cmocka_unit_test(paths_end_apart),
		cmocka_unit_test(wrong_settings_change_nothing),
		cmocka_unit_test(a_text_sets_each_attribute),
		cmocka_unit_test(a_wrong_text_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
