/* SPDX-License-Identifier: MIT */
/*
 * hcall/demand: what a grant takes of what is held, what it answers when that
 * does not do, and who waits. The supplier is played by the test.
 */
#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hcall-support.h"
#include "hcall/demand.h"
#include "hcall/plan.h"

#define LATER (LAB_GFP_KERNEL | LAB_GFP_ASYNC)

#define ROWS(table) (sizeof(table) / sizeof(*(table)))

/* Marks.min is 100, of which ATOMIC may use 62: one more is one too many. */
static void each_context_leaves_its_floor(void **state)
{
	static const struct {
		uint64_t gfp;
		uint64_t floor;
	} rows[] = {
		{LAB_GFP_ATOMIC, 38},
		{LAB_GFP_NOWAIT, 100},
		{LAB_GFP_KERNEL, 100},
		{LATER, 100},
	};
	(void)state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fixture f;
		uint32_t page;

		guest_make(&f, 1, 1);
		use_up_to(&f.guest, rows[i].floor + 1);
		if (demand_take(&f.guest, rows[i].gfp, 0, 1, &page) != 0)
			fail_msg("row %zu: refused above its floor", i);
		/* At its limit nobody waits. */
		if (demand_take(&f.guest, rows[i].gfp, 0, 1, &page) != -EDQUOT)
			fail_msg("row %zu: granted below its floor", i);
		assert_null(f.guest.wants.first);
		guest_free(&f);
	}
}

static void all_or_nothing(void **state)
{
	struct fixture f;
	uint32_t pages[4];

	(void)state;
	guest_make(&f, 1, 1);
	assert_int_equal(demand_take(&f.guest, LAB_GFP_ATOMIC, 7, 4, pages),
			 -EDQUOT);
	assert_int_equal(window_granted(f.guest.window), 0);
	assert_int_equal(demand_take(&f.guest, LAB_GFP_ATOMIC, 7, 3, pages), 0);
	assert_int_equal(window_granted(f.guest.window), 384);
	guest_free(&f);
}

static void refused_at_once_who_must_not_wait(void **state)
{
	static const uint64_t contexts[] = {LAB_GFP_ATOMIC, LAB_GFP_NOWAIT};
	struct fixture f;
	uint32_t page;

	(void)state;
	guest_make(&f, 2, 1);
	for (size_t i = 0; i < ROWS(contexts); i++) {
		use_up_to(&f.guest, 38);
		assert_int_equal(
			demand_take(&f.guest, contexts[i], 0, 1, &page),
			-ENOMEM);
		assert_null(f.guest.wants.first);
	}
	guest_free(&f);
}

static void later_is_one_want_for_each_order(void **state)
{
	struct fixture f;
	uint32_t pages[8];

	(void)state;
	guest_make(&f, 2, 1);
	use_up_to(&f.guest, 100);
	assert_int_equal(demand_take(&f.guest, LATER, 2, 3, pages), -EAGAIN);
	assert_int_equal(demand_take(&f.guest, LATER, 2, 8, pages), -EAGAIN);
	assert_int_equal(demand_take(&f.guest, LATER, 2, 1, pages), -EAGAIN);
	assert_ptr_equal(f.guest.wants.first, &f.guest.later[2]);
	assert_ptr_equal(f.guest.wants.last, &f.guest.later[2]);
	assert_null(f.guest.later[2].next);
	/* All can begin with the largest count. */
	assert_int_equal(f.guest.later[2].count, 8);
	assert_true(was_woken(&f.guest));
	assert_int_equal(demand_take(&f.guest, LATER, 0, 1, pages), -EAGAIN);
	assert_ptr_equal(f.guest.wants.last, &f.guest.later[0]);
	assert_ptr_equal(f.guest.later[2].next, &f.guest.later[0]);
	guest_free(&f);
}

static void what_was_announced_is_fetched(void **state)
{
	struct fixture f;
	uint32_t page;

	(void)state;
	guest_make(&f, 2, 1);
	use_up_to(&f.guest, 100);
	assert_int_equal(demand_take(&f.guest, LATER, 0, 1, &page), -EAGAIN);
	f.guest.later[0].announced = true;
	window_add(f.guest.window, 1);
	assert_int_equal(demand_take(&f.guest, LATER, 0, 1, &page), 0);
	assert_null(f.guest.wants.first);
	guest_free(&f);
}

static void later_is_never_where_nothing_can_come(void **state)
{
	struct fixture f;
	uint32_t page;

	(void)state;
	guest_make(&f, 2, 1);
	use_up_to(&f.guest, 100);
	f.guest.gone = true;
	assert_int_equal(demand_take(&f.guest, LATER, 0, 1, &page), -ENOMEM);
	f.guest.limit = RAM + 1;
	assert_int_equal(demand_take(&f.guest, LATER, 0, 1, &page), -EDQUOT);
	assert_null(f.guest.wants.first);
	guest_free(&f);
}

/* A vCPU in a grant that waits. */
struct vcpu {
	struct hcall_guest *guest;
	pthread_t thread;
	uint64_t gfp;
	uint32_t page;
	int answer;
	bool done; /* answered; guest->lock held */
};

static void *grant(void *context)
{
	struct vcpu *self = context;

	spin_lock(&self->guest->lock);
	self->answer = demand_take(self->guest, self->gfp, 0, 1, &self->page);
	self->done = true;
	spin_unlock(&self->guest->lock);
	return NULL;
}

/* Returns with the lock held and the grant waiting. */
static struct want *start(struct vcpu *self, struct hcall_guest *guest,
			  uint64_t gfp)
{
	*self = (struct vcpu){.guest = guest, .gfp = gfp};
	assert_int_equal(pthread_create(&self->thread, NULL, grant, self), 0);
	for (;;) {
		spin_lock(&guest->lock);
		if (guest->wants.first != NULL)
			return guest->wants.first;
		assert_false(self->done);
		spin_unlock(&guest->lock);
		sched_yield();
	}
}

static int end(struct vcpu *self)
{
	spin_unlock(&self->guest->lock);
	pthread_join(self->thread, NULL);
	assert_null(self->guest->wants.first);
	return self->answer;
}

static void waits_until_there_is_enough(void **state)
{
	struct fixture f;
	struct vcpu vcpu;
	struct want *want;

	(void)state;
	guest_make(&f, 2, 1);
	use_up_to(&f.guest, 100);
	want = start(&vcpu, &f.guest, LAB_GFP_KERNEL);
	assert_true(was_woken(&f.guest));
	assert_int_equal(want->count, 1);
	/* What came is gone when it looks: it waits on. */
	want_tell(want);
	spin_unlock(&f.guest.lock);
	for (bool looked = false; !looked; sched_yield()) {
		spin_lock(&f.guest.lock);
		looked = !want->told;
		spin_unlock(&f.guest.lock);
	}
	spin_lock(&f.guest.lock);
	assert_ptr_equal(f.guest.wants.first, want);
	/* A sibling releases. */
	release_one(f.guest.window, 7, 0);
	want_tell(want);
	assert_int_equal(end(&vcpu), 0);
	assert_int_equal(vcpu.page, 7);
	guest_free(&f);
}

static void is_told_why_there_is_none(void **state)
{
	struct fixture f;
	struct vcpu vcpu;

	(void)state;
	guest_make(&f, 2, 1);
	use_up_to(&f.guest, 100);
	struct want *want = start(&vcpu, &f.guest, LAB_GFP_KERNEL);
	want->error = -EDQUOT;
	want_leave(&f.guest.wants, want);
	want_tell(want);
	assert_int_equal(end(&vcpu), -EDQUOT);

	/* Refused, but there is some after all. */
	want = start(&vcpu, &f.guest, LAB_GFP_KERNEL);
	want->error = -ENOMEM;
	want_leave(&f.guest.wants, want);
	release_one(f.guest.window, 7, 0);
	want_tell(want);
	assert_int_equal(end(&vcpu), 0);
	guest_free(&f);
}

static void waits_no_more_when_the_guest_is_over(void **state)
{
	struct fixture f;
	struct vcpu vcpu;

	(void)state;
	guest_make(&f, 2, 1);
	use_up_to(&f.guest, 100);
	start(&vcpu, &f.guest, LAB_GFP_KERNEL);
	atomic_store(&f.guest.over, true);
	demand_end(&f.guest);
	assert_int_equal(end(&vcpu), -ENOMEM);
	guest_free(&f);
}

/* Its deadline is now: the broker is not to ask others for it. */
static void noretry_has_no_time(void **state)
{
	struct fixture f;
	struct vcpu vcpu;

	(void)state;
	guest_make(&f, 2, 1);
	use_up_to(&f.guest, 100);
	f.guest.kernel_timeout = 3600 * 1000;
	uint64_t before = want_now();
	struct want *want =
		start(&vcpu, &f.guest, LAB_GFP_KERNEL | LAB_GFP_NORETRY);
	assert_in_range(want->deadline, before, want_now());
	release_one(f.guest.window, 7, 0);
	want_tell(want);
	assert_int_equal(end(&vcpu), 0);

	before = want_now();
	want = start(&vcpu, &f.guest, LAB_GFP_KERNEL);
	assert_in_range(want->deadline, before + 3600 * 1000,
			want_now() + 3600 * 1000);
	release_one(f.guest.window, 8, 0);
	want_tell(want);
	assert_int_equal(end(&vcpu), 0);
	guest_free(&f);
}

/* The last lease that it may hold is mapped, and not yet granted from: it is
 * for who asks now. */
static void waits_for_the_last_lease_on_its_way(void **state)
{
	struct fixture f;
	struct vcpu vcpu;

	(void)state;
	guest_make(&f, 2, 1);
	use_up_to(&f.guest, 100);
	f.guest.limit = RAM + 2;
	f.guest.busy = true;
	f.memory.held = RAM + 2;
	struct want *want = start(&vcpu, &f.guest, LAB_GFP_KERNEL);
	window_add(f.guest.window, 1);
	f.guest.busy = false;
	want_tell(want);
	assert_int_equal(end(&vcpu), 0);
	/* Now it is at its limit, whatever else is under way. */
	use_up_to(&f.guest, 100);
	f.guest.busy = true;
	atomic_store(&f.guest.over, true); /* who waited would not for ever */
	assert_int_equal(
		demand_take(&f.guest, LAB_GFP_KERNEL, 0, 1, &vcpu.page),
		-EDQUOT);
	guest_free(&f);
}

/* What the supplier finds to do as it goes round with a vCPU that looks. */
static struct task go_round(struct plan *plan, struct hcall_guest *guest,
			    const struct want *want, unsigned int *looks)
{
	struct task task = plan_next(plan, want_now());

	while (task.what == NOTHING && want->id != 0 && *looks < 100) {
		++*looks;
		while (want->told) {
			spin_unlock(&guest->lock);
			sched_yield();
			spin_lock(&guest->lock);
		}
		task = plan_next(plan, want_now());
	}
	return task;
}

/* A guest can write into its table that there is more than there is: its vCPU
 * and the supplier do not go round until the deadline. */
static void believes_a_table_that_lies_a_few_times(void **state)
{
	struct fixture f;
	struct vcpu vcpu;
	unsigned int looks = 0;

	(void)state;
	guest_make(&f, 3, 1);
	use_up_to(&f.guest, 0);
	f.window.share.head->unused = 200;
	struct plan plan = {.guest = &f.guest};
	struct want *want = start(&vcpu, &f.guest, LAB_GFP_KERNEL);
	/* Then it asks the broker, as for one who has nothing. */
	assert_int_equal(go_round(&plan, &f.guest, want, &looks).what, ASK);
	assert_int_equal(looks, PLAN_MISSES);
	plan_refused(&plan, -ENOMEM);
	assert_int_equal(end(&vcpu), -ENOMEM);

	want = start(&vcpu, &f.guest, LAB_GFP_KERNEL);
	assert_int_equal(go_round(&plan, &f.guest, want, &looks).what, ASK);
	assert_int_equal(looks, 2 * PLAN_MISSES);
	/* A lease is a reason to look, whatever the table says. */
	plan_arrived(&plan, 1);
	assert_int_equal(plan_next(&plan, want_now()).what, NOTHING);
	assert_int_equal(end(&vcpu), 0);
	f.window.share.head->unused -= 200;
	guest_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_context_leaves_its_floor),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(refused_at_once_who_must_not_wait),
		cmocka_unit_test(later_is_one_want_for_each_order),
		cmocka_unit_test(what_was_announced_is_fetched),
		cmocka_unit_test(later_is_never_where_nothing_can_come),
		cmocka_unit_test(waits_until_there_is_enough),
		cmocka_unit_test(is_told_why_there_is_none),
		cmocka_unit_test(waits_no_more_when_the_guest_is_over),
		cmocka_unit_test(noretry_has_no_time),
		cmocka_unit_test(waits_for_the_last_lease_on_its_way),
		cmocka_unit_test(believes_a_table_that_lies_a_few_times),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
