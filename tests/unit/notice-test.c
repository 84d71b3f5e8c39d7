/* SPDX-License-Identifier: MIT */
/* hcall/notice, and what the supplier does about a lease that will be taken. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hcall-support.h"
#include "hcall/balance.h"
#include "hcall/notice.h"
#include "hcall/plan.h"
#include "machine/gpa.h"

#define NOW   UINT64_C(100000)
#define PAGES LAB_EXTENT_PAGES

/* A lease is known by 100 and the number of its extent of the window. */
#define LEASE(n) (100 + (n))

/* A guest with three leases in its window of four; in each lies a grant. */
struct scene {
	struct fixture f;
	struct plan plan;
	struct lab_status page;
	uint32_t granted[3];
};

static struct hcall_guest *begin(struct scene *self)
{
	struct window *window;

	guest_make(&self->f, 4, 3);
	window = self->f.guest.window;
	self->page = (struct lab_status){0};
	event_listen(&self->f.guest.events, &self->page, sizeof(self->page), 0,
		     0);
	self->plan = (struct plan){.guest = &self->f.guest};
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(
			grant_one(window, LAB_MAX_ORDER, &self->granted[2 - i]),
			0);
		assert_int_equal(self->granted[2 - i] / PAGES, i);
	}
	/* All full but for one page of extent 0. */
	release_one(window, self->granted[2], LAB_MAX_ORDER);
	for (int i = 0; i < PAGES - 1; i++)
		assert_int_equal(grant_one(window, 0, &self->granted[2]), 0);
	/* No refill comes in between. */
	self->f.guest.gone = true;
	was_woken(&self->f.guest);
	return &self->f.guest;
}

static void end(struct scene *self)
{
	guest_free(&self->f);
}

static void add(struct hcall_guest *guest, uint32_t n)
{
	notice_add(guest, LEASE(n), RAM + n, 500);
}

static void assert_told(const struct scene *s, unsigned int slot, uint32_t n)
{
	assert_int_equal(s->page.notices[slot].address, gpa_of_page(n * PAGES));
	assert_int_equal(s->page.notices[slot].ms, 500);
	assert_int_not_equal(s->page.notices[slot].serial, 0);
	assert_true(s->page.pending & LAB_EVENT_REVOKE);
}

static void the_guest_hears_and_is_granted_elsewhere(void **state)
{
	struct scene s;
	uint32_t page;

	(void)state;
	struct hcall_guest *guest = begin(&s);
	add(guest, 0);
	assert_told(&s, 0, 0);
	assert_int_equal(grant_one(guest->window, 0, &page), -ENOMEM);
	/* Nothing to be done about it yet. */
	assert_int_equal(plan_next(&s.plan, NOW).what, NOTHING);
	end(&s);
}

/* The last grant in it is released: exactly that lease goes. */
static void what_is_empty_goes_back(void **state)
{
	struct scene s;

	(void)state;
	struct hcall_guest *guest = begin(&s);
	add(guest, 1);
	add(guest, 2);
	assert_told(&s, 0, 1);
	assert_told(&s, 1, 2);
	release_one(guest->window, s.granted[0], LAB_MAX_ORDER);
	was_woken(guest);
	balance_changed(guest);
	assert_true(was_woken(guest));
	struct task task = plan_next(&s.plan, NOW);
	assert_int_equal(task.what, GIVE);
	assert_int_equal(task.extent, 2);
	plan_given(&s.plan, &task);
	assert_false(guest->busy);
	assert_false(window_present(guest->window, 2));
	assert_int_equal(s.page.notices[1].serial, 0);
	assert_told(&s, 0, 1);
	assert_int_equal(plan_next(&s.plan, NOW).what, NOTHING);
	end(&s);
}

/* It does not wait for an answer that others are waited for. */
static void it_goes_while_another_comes(void **state)
{
	struct scene s;

	(void)state;
	struct hcall_guest *guest = begin(&s);
	guest->busy = true;
	add(guest, 2);
	release_one(guest->window, s.granted[0], LAB_MAX_ORDER);
	struct task task = plan_next(&s.plan, NOW);
	assert_int_equal(task.what, GIVE);
	plan_given(&s.plan, &task);
	assert_true(guest->busy);
	end(&s);
}

/* One that lies idle goes in place of what is in use, and no second one. */
static void an_idle_one_goes_in_its_place(void **state)
{
	struct scene s;

	(void)state;
	struct hcall_guest *guest = begin(&s);
	release_one(guest->window, s.granted[0], LAB_MAX_ORDER);
	window_add(guest->window, 3);
	add(guest, 1);
	struct task task = plan_next(&s.plan, NOW);
	assert_int_equal(task.what, GIVE);
	assert_int_not_equal(task.extent, 1);
	plan_given(&s.plan, &task);
	assert_int_equal(window_spares(guest->window), 1);
	assert_int_equal(plan_next(&s.plan, NOW).what, NOTHING);
	/* The broker says so: all is as before, for the next one too. */
	notice_call_off(guest, LEASE(1));
	assert_int_equal(s.page.notices[0].serial, 0);
	assert_int_equal(guest->notices.count, 0);
	assert_int_equal(plan_next(&s.plan, NOW).what, NOTHING);
	add(guest, 1);
	assert_int_equal(plan_next(&s.plan, NOW).what, GIVE);
	end(&s);
}

static void called_off_it_is_granted_from_again(void **state)
{
	struct scene s;
	uint32_t page;

	(void)state;
	struct hcall_guest *guest = begin(&s);
	add(guest, 0);
	notice_call_off(guest, LEASE(0));
	assert_int_equal(grant_one(guest->window, 0, &page), 0);
	assert_int_equal(page / PAGES, 0);
	/* Neither says anything to who has none. */
	notice_call_off(guest, LEASE(0));
	notice_end(guest, LEASE(0));
	assert_int_equal(guest->notices.count, 0);
	end(&s);
}

/* Boot RAM cannot be given up; an idle lease may go in its place. */
static void of_boot_ram_the_guest_hears_nothing(void **state)
{
	struct scene s;

	(void)state;
	struct hcall_guest *guest = begin(&s);
	notice_add(guest, 7, RAM - 1, 500);
	assert_int_equal(s.page.pending & LAB_EVENT_REVOKE, 0);
	assert_int_equal(plan_next(&s.plan, NOW).what, NOTHING);
	release_one(guest->window, s.granted[0], LAB_MAX_ORDER);
	assert_int_equal(plan_next(&s.plan, NOW).what, GIVE);
	notice_end(guest, 7);
	assert_int_equal(guest->notices.count, 0);
	assert_int_equal(guest->notices.given, 0);
	end(&s);
}

/* A broker that says too much, or one that is no more. */
static void a_broker_may_say_what_it_likes(void **state)
{
	struct scene s;
	uint32_t page;

	(void)state;
	struct hcall_guest *guest = begin(&s);
	add(guest, 0);
	add(guest, 0);
	assert_int_equal(guest->notices.count, 1);
	for (unsigned int i = 0; i < 2 * LAB_NOTICES; i++)
		notice_add(guest, 1000 + i, 0, 500);
	assert_int_equal(guest->notices.count, LAB_NOTICES);
	notice_forget_all(guest);
	assert_int_equal(guest->notices.count, 0);
	assert_int_equal(grant_one(guest->window, 0, &page), 0);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guest_hears_and_is_granted_elsewhere),
		cmocka_unit_test(what_is_empty_goes_back),
		cmocka_unit_test(it_goes_while_another_comes),
		cmocka_unit_test(an_idle_one_goes_in_its_place),
		cmocka_unit_test(called_off_it_is_granted_from_again),
		cmocka_unit_test(of_boot_ram_the_guest_hears_nothing),
		cmocka_unit_test(a_broker_may_say_what_it_likes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
