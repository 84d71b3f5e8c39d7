/* SPDX-License-Identifier: MIT */
/* hcall/plan: what the supplier does next, at a given time. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hcall-support.h"
#include "hcall/balance.h"
#include "hcall/plan.h"
#include "hcall/transfer.h"

#define NOW 100000

#define ROWS(table) (sizeof(table) / sizeof(*(table)))

/* A guest with one lease of its window of three, of which all that KERNEL may
 * have is used up; its high mark is reached, so that nothing is refilled. */
struct scene {
	struct fixture f;
	struct plan plan;
	struct lab_status page;
};

static struct hcall_guest *begin(struct scene *self)
{
	guest_make(&self->f, 3, 1);
	use_up_to(&self->f.guest, 100);
	event_listen(&self->f.guest.events, &self->page, sizeof(self->page), 0,
		     0);
	self->page = (struct lab_status){0};
	self->plan = (struct plan){.guest = &self->f.guest};
	return &self->f.guest;
}

static void end(struct scene *self)
{
	guest_free(&self->f);
}

/* Who waits for a page until so long after NOW. */
static void wait_for(struct hcall_guest *guest, struct want *want, sem_t *looks,
		     uint64_t ms)
{
	*want = (struct want){.count = 1, .deadline = NOW + ms, .looks = looks};
	if (looks != NULL)
		assert_int_equal(sem_init(looks, 0, 0), 0);
	want_join(&guest->wants, want);
}

/* Was it told since the last look? */
static bool was_told(struct want *want)
{
	want->told = false;
	return sem_trywait(want->looks) == 0;
}

static void asks_for_the_first_that_is_unmet(void **state)
{
	struct scene s;
	struct want met, first, second;
	sem_t looks[3];

	(void)state;
	struct hcall_guest *guest = begin(&s);
	release_one(guest->window, 0, 0);
	wait_for(guest, &met, &looks[0], 50);
	wait_for(guest, &first, &looks[1], 300);
	wait_for(guest, &second, &looks[2], 500);
	first.count = second.count = 2;

	struct task task = plan_next(&s.plan, NOW);
	assert_int_equal(task.what, ASK);
	assert_int_equal(task.wait_ms, 300);
	assert_int_equal(s.plan.asked_for, first.id);
	assert_true(was_told(&met));
	assert_false(was_told(&first));
	assert_true(guest->busy);
	/* One thing at a time. */
	assert_int_equal(plan_next(&s.plan, NOW).what, NOTHING);
	plan_arrived(&s.plan, 1);
	assert_int_equal(guest->tally->refills, 0);
	assert_int_equal(plan_next(&s.plan, NOW).what, NOTHING);
	assert_true(was_told(&first));
	assert_true(was_told(&second));
	end(&s);
}

static void has_no_time_after_the_deadline(void **state)
{
	struct scene s;
	struct want want;
	sem_t looks;

	(void)state;
	wait_for(begin(&s), &want, &looks, 0);
	struct task task = plan_next(&s.plan, NOW + 1);
	assert_int_equal(task.what, ASK);
	assert_int_equal(task.wait_ms, 0);
	assert_false(s.plan.patient);
	end(&s);
}

static void announces_what_nobody_waits_for(void **state)
{
	struct scene s;
	struct want later;

	(void)state;
	struct hcall_guest *guest = begin(&s);
	wait_for(guest, &later, NULL, 500);
	assert_int_equal(plan_next(&s.plan, NOW).what, ASK);
	assert_false(s.page.pending & LAB_EVENT_READY);
	plan_arrived(&s.plan, 1);
	assert_int_equal(plan_next(&s.plan, NOW + 10).what, NOTHING);
	assert_true(s.page.pending & LAB_EVENT_READY);
	assert_true(later.announced);
	assert_int_equal(later.deadline, NOW + 10 + guest->kernel_timeout);
	/* Who took it meanwhile gets no other brought, but by a refill. */
	use_up_to(guest, 100);
	guest->held_off = true;
	assert_int_equal(plan_next(&s.plan, NOW + 10).what, NOTHING);
	/* It is kept until then, and nobody hears of its end. */
	plan_next(&s.plan, later.deadline);
	assert_ptr_equal(guest->wants.first, &later);
	plan_next(&s.plan, later.deadline + 1);
	assert_null(guest->wants.first);
	assert_false(s.page.pending & LAB_EVENT_REFUSED);
	end(&s);
}

static void who_settles_waits_for_what_is_under_way(void **state)
{
	struct scene s;
	struct want settles, want;
	sem_t looks[2];

	(void)state;
	struct hcall_guest *guest = begin(&s);
	wait_for(guest, &want, &looks[0], 500);
	assert_int_equal(plan_next(&s.plan, NOW).what, ASK);
	wait_for(guest, &settles, &looks[1], 0);
	settles.count = 0;
	plan_next(&s.plan, NOW + 100000);
	assert_int_not_equal(settles.id, 0);
	plan_arrived(&s.plan, 1);
	plan_next(&s.plan, NOW);
	assert_int_equal(settles.id, 0);
	assert_int_equal(settles.error, 0);
	assert_true(was_told(&settles));
	end(&s);
}

static void asks_nobody_for_what_cannot_come(void **state)
{
	static const struct {
		bool at_limit, fails, gone;
		int error;
	} rows[] = {
		{true, false, false, -EDQUOT},
		{false, true, false, -ENOMEM},
		{false, false, true, -ENOMEM},
	};
	const struct lab_fail always = {.probability = 100, .times = -1};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct scene s;
		struct want want, later;
		sem_t looks;

		struct hcall_guest *guest = begin(&s);
		guest->gone = rows[i].gone;
		if (rows[i].at_limit)
			guest->limit = balance_held(guest);
		if (rows[i].fails)
			fail_set(&guest->fail, LAB_FAIL_LEASE, &always);
		wait_for(guest, &want, &looks, 500);
		wait_for(guest, &later, NULL, 500);
		if (plan_next(&s.plan, NOW).what != NOTHING ||
		    want.error != rows[i].error || !was_told(&want) ||
		    guest->wants.first != NULL || guest->busy ||
		    !(s.page.pending & LAB_EVENT_REFUSED))
			fail_msg("row %zu", i);
		end(&s);
	}
}

static void waits_out_a_broker_that_may_return(void **state)
{
	struct scene s;
	struct want want;
	sem_t looks;

	(void)state;
	struct hcall_guest *guest = begin(&s);
	guest->away = true;
	wait_for(guest, &want, &looks, 500);
	assert_int_equal(plan_next(&s.plan, NOW + 500).what, NOTHING);
	assert_int_not_equal(want.id, 0);
	plan_next(&s.plan, NOW + 501);
	assert_int_equal(want.error, -ENOMEM);
	end(&s);
}

/* Another was asked for at NOW. */
static void each_want_has_its_end(void **state)
{
	static const struct {
		bool busy, patient, announced, away;
		uint64_t has, end; /* ms after NOW */
	} rows[] = {
		/* An answer may be under way. */
		{false, false, false, false, 300, 300 + PLAN_GRACE},
		{true, false, false, false, 300, 300 + PLAN_GRACE},
		{false, true, false, false, 300, 300 + PLAN_GRACE},
		{false, false, false, true, 300, 300},
		/* Another's question is, and may be for long. */
		{true, true, false, false, 300, 300},
		{true, true, false, false, 0, PLAN_PROMPT},
		{true, true, false, false, PLAN_PROMPT + 1, PLAN_PROMPT + 1},
		/* What was announced waits for no answer. */
		{false, false, true, false, 300, 300},
		{true, true, true, false, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct scene s;
		struct want want;

		struct hcall_guest *guest = begin(&s);
		assert_int_equal(plan_end(&s.plan), UINT64_MAX);
		wait_for(guest, &want, NULL, rows[i].has);
		want.announced = rows[i].announced;
		guest->busy = rows[i].busy;
		guest->away = rows[i].away;
		s.plan.patient = rows[i].patient;
		s.plan.asked_for = want.id + 1;
		s.plan.asked_at = NOW;
		if (plan_end(&s.plan) != NOW + rows[i].end)
			fail_msg("row %zu", i);
		/* Whose question it is waits for the answer. */
		s.plan.asked_for = want.id;
		if (!want.announced && !guest->away)
			assert_int_equal(plan_end(&s.plan),
					 NOW + rows[i].has + PLAN_GRACE);
		end(&s);
	}
}

static void a_refusal_is_of_one_want(void **state)
{
	struct scene s;
	struct want first, second;
	sem_t looks[2];

	(void)state;
	struct hcall_guest *guest = begin(&s);
	wait_for(guest, &first, &looks[0], 500);
	wait_for(guest, &second, &looks[1], 500);
	assert_int_equal(plan_next(&s.plan, NOW).what, ASK);
	plan_refused(&s.plan, -EDQUOT);
	assert_int_equal(first.error, -EDQUOT);
	assert_true(was_told(&first));
	assert_true(guest->dry);
	assert_false(guest->held_off);
	assert_ptr_equal(guest->wants.first, &second);
	assert_int_equal(plan_next(&s.plan, NOW).what, ASK);
	plan_refused(&s.plan, -ETIMEDOUT);
	assert_int_equal(second.error, -ENOMEM);
	assert_false(guest->busy);
	end(&s);
}

static void gets_ahead_of_demand(void **state)
{
	struct scene s;

	(void)state;
	struct hcall_guest *guest = begin(&s);
	guest->refilling = true;
	struct task task = plan_next(&s.plan, NOW);
	assert_int_equal(task.what, ASK);
	assert_int_equal(task.wait_ms, 0);
	assert_int_equal(s.plan.asked_for, 0);
	plan_refused(&s.plan, -ENOMEM);
	assert_true(guest->held_off);
	assert_int_equal(plan_next(&s.plan, NOW).what, NOTHING);
	guest->held_off = false;
	assert_int_equal(plan_next(&s.plan, NOW).what, ASK);
	plan_arrived(&s.plan, 1);
	assert_int_equal(guest->tally->refills, 1);
	assert_false(guest->refilling);
	end(&s);
}

static void a_refill_can_be_made_to_fail(void **state)
{
	static const enum lab_fail_path paths[] = {LAB_FAIL_REFILL,
						   LAB_FAIL_LEASE};
	const struct lab_fail once = {.nth = 1};

	(void)state;
	for (size_t i = 0; i < ROWS(paths); i++) {
		struct scene s;

		struct hcall_guest *guest = begin(&s);
		guest->refilling = true;
		fail_set(&guest->fail, paths[i], &once);
		assert_int_equal(plan_next(&s.plan, NOW).what, NOTHING);
		assert_true(guest->held_off);
		assert_false(guest->busy);
		end(&s);
	}
}

/* A broker that has none, and counts who asks. */
static int refuse(void *context, struct lease *lease)
{
	int *asked = context;

	(void)lease;
	++*asked;
	return -ENOMEM;
}

/* Before the guest begins as later: a failure is counted, and is the last. */
static void so_can_one_before_the_guest_begins(void **state)
{
	static const struct {
		enum lab_fail_path path;
		uint64_t nth;
		int asked;
	} rows[] = {
		{LAB_FAIL_REFILL, 1, 0},
		{LAB_FAIL_LEASE, 1, 0},
		{LAB_FAIL_LEASE, 2, 1},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct lab_fail attr = {.nth = rows[i].nth};
		struct scene s;
		int asked = 0;
		const struct lease_source source = {.get = refuse,
						    .context = &asked};

		struct hcall_guest *guest = begin(&s);
		fail_set(&guest->fail, rows[i].path, &attr);
		transfer_prime(&s.plan, &source);
		assert_int_equal(asked, rows[i].asked);
		assert_int_equal(guest->fail.points[rows[i].path].attr.nth,
				 rows[i].nth - 1);
		assert_true(guest->held_off);
		end(&s);
	}
}

static void gives_what_is_to_spare(void **state)
{
	struct scene s;

	(void)state;
	struct hcall_guest *guest = begin(&s);
	window_add(guest->window, 1);
	window_add(guest->window, 2);
	guest->reclaim = 1;
	struct task task = plan_next(&s.plan, NOW);
	assert_int_equal(task.what, GIVE);
	assert_false(window_present(guest->window, task.extent));
	assert_true(guest->busy);
	assert_int_equal(plan_next(&s.plan, NOW).what, NOTHING);
	plan_given(&s.plan, &task);
	assert_int_equal(guest->reclaim, 0);
	assert_int_equal(plan_next(&s.plan, NOW).what, NOTHING);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_for_the_first_that_is_unmet),
		cmocka_unit_test(has_no_time_after_the_deadline),
		cmocka_unit_test(announces_what_nobody_waits_for),
		cmocka_unit_test(who_settles_waits_for_what_is_under_way),
		cmocka_unit_test(asks_nobody_for_what_cannot_come),
		cmocka_unit_test(waits_out_a_broker_that_may_return),
		cmocka_unit_test(each_want_has_its_end),
		cmocka_unit_test(a_refusal_is_of_one_want),
		cmocka_unit_test(gets_ahead_of_demand),
		cmocka_unit_test(a_refill_can_be_made_to_fail),
		cmocka_unit_test(so_can_one_before_the_guest_begins),
		cmocka_unit_test(gives_what_is_to_spare),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
