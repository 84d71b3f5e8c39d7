/* SPDX-License-Identifier: MIT */
/* Pressure: grants that do not wait, and the event that says when. */
#include "freestanding.h"

#include "drain.h"
#include "pressure-cases.h"
#include "pressure.h"
#include "selftest.h"
#include "settle.h"
#include "smp.h"

#define LATER (LAB_GFP_KERNEL | LAB_GFP_ASYNC | LAB_GFP_NOWARN)

static const struct lab_fail never = {.probability = 100, .times = -1};
static const struct lab_fail off = {0};

static uint64_t ready, refused; /* atomic */

static void on_answer(bool is_ready, void *argument)
{
	(void)argument;
	__atomic_fetch_add(is_ready ? &ready : &refused, 1, __ATOMIC_RELEASE);
}

static void listen(void)
{
	ready = refused = 0;
	on_memory(on_answer, NULL);
}

static void incoherent(void)
{
	static uint64_t list[1];

	expect_mistake(LAB_EINVAL, LAB_HC_GRANT,
		       LAB_GFP_ATOMIC | LAB_GFP_ASYNC, 0);
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT,
		       LAB_GFP_NOWAIT | LAB_GFP_ASYNC, 0);
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT, LAB_GFP_ASYNC, 0);
	expect(call(LAB_HC_EVENTS, 0, 0, 0, 0), 0);
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT, LATER, 0);
	expect_mistake(LAB_EINVAL, LAB_HC_GRANT_BULK, LATER, 0, 1,
		       (uint64_t)list);
	pressure_init();
}

/* What is there is granted at once, also with interrupts off. */
static void at_once(void)
{
	unsigned long flags;
	int64_t gpa;

	if (!drain_to(settled_counts().pages_high))
		return;
	flags = local_irq_save();
	gpa = call(LAB_HC_GRANT, LATER, 0);
	local_irq_restore(flags);
	expect(gpa > 0, true);
	give_back((uint64_t)gpa, 0);
	drain_off();
}

/* -EAGAIN, an event, and then there is enough. */
static void later(void)
{
	struct lab_counts before;
	static uint64_t list[3];

	if (!drain_to(settled_counts().pages_min))
		return;
	listen();
	before = counts_now();
	expect(call(LAB_HC_GRANT, LATER, 4), -LAB_EAGAIN);
	expect(reaches(&ready, 1), true);
	expect(call(LAB_HC_GRANT_BULK, LATER, LAB_MAX_ORDER, 3, (uint64_t)list),
	       -LAB_EAGAIN);
	expect(reaches(&ready, 2), true);
	expect(call(LAB_HC_GRANT_BULK, LATER, LAB_MAX_ORDER, 3, (uint64_t)list),
	       0);
	expect(refused, 0);
	expect(counts_now().grants_failed, before.grants_failed);
	expect(counts_now().mistakes, before.mistakes);
	expect(call(LAB_HC_RELEASE_BULK, LAB_MAX_ORDER, 3, (uint64_t)list), 0);
}

static void later_is_there(void)
{
	if (!has_apic())
		return;
	later();
	on_memory(NULL, NULL);
	drain_off();
}

static void never_comes(void)
{
	if (!drain_to(settled_counts().pages_min))
		return;
	listen();
	expect(lab_fail_set(LAB_FAIL_LEASE, &never), 0);
	expect(call(LAB_HC_GRANT, LATER, 0), -LAB_EAGAIN);
	expect(reaches(&refused, 1), true);
	expect(ready, 0);
}

static void refused_later(void)
{
	if (!has_apic())
		return;
	never_comes();
	lab_fail_set(LAB_FAIL_LEASE, &off);
	on_memory(NULL, NULL);
	drain_off();
}

/* The C interface does not trip over a context that may not wait. */
static void in_atomic_context(void)
{
	struct page *page;

	if (!drain_to(settled_counts().pages_high))
		return;
	preempt_disable();
	page = alloc_page(GFP_KERNEL | __GFP_ASYNC);
	preempt_enable();
	expect(page != NULL, true);
	__free_page(page);
	drain_off();
}

static const struct tap_case cases[] = {
	{"async: only for KERNEL, and for who hears events: EINVAL",
	 incoherent},
	{"async: what is held is granted at once, interrupts off or on",
	 at_once},
	{"async: EAGAIN, then an event, then it is there", later_is_there},
	{"async: EAGAIN, then an event that it will not come", refused_later},
	{"async: an atomic context may ask so", in_atomic_context},
};

const struct tap_group later_group = TAP_GROUP(cases);
