/* SPDX-License-Identifier: MIT */
/* Pressure: the levels, where a guest hears of them, and who gives back. */
#include "freestanding.h"

#include "drain.h"
#include "pressure-cases.h"
#include "pressure.h"
#include "selftest.h"
#include "settle.h"
#include "smp.h"

#define SIZE sizeof(struct lab_status)

static struct lab_status own __attribute__((aligned(LAB_STATUS_ALIGN)));

static int64_t listen(uint64_t vector)
{
	return call(LAB_HC_EVENTS, (uint64_t)&own, SIZE, vector, 0);
}

static void refusals(void)
{
	uint64_t at = (uint64_t)&own, granted = take(0);

	expect_mistake(LAB_E2BIG, LAB_HC_EVENTS, at, LAB_STATUS_MIN - 1, 0, 0);
	expect_mistake(LAB_E2BIG, LAB_HC_EVENTS, at, PAGE_SIZE + 1, 0, 0);
	expect_mistake(LAB_EFAULT, LAB_HC_EVENTS, ram_end(), SIZE, 0, 0);
	expect_mistake(LAB_EFAULT, LAB_HC_EVENTS, ram_end() - 8, SIZE, 0, 0);
	/* It would have to stay: a grant is no place for it. */
	expect_mistake(LAB_EFAULT, LAB_HC_EVENTS, granted, SIZE, 0, 0);
	expect_mistake(LAB_EDOM, LAB_HC_EVENTS, at + 8, SIZE, 0, 0);
	expect_mistake(LAB_EINVAL, LAB_HC_EVENTS, at, SIZE, 31, 0);
	expect_mistake(LAB_EINVAL, LAB_HC_EVENTS, at, SIZE, 256, 0);
	expect_mistake(LAB_EINVAL, LAB_HC_EVENTS, at, SIZE, 0,
		       num_online_cpus());
	give_back(granted, 0);
}

/* At each mark, up and down, with the level told by the call itself. */
static void levels(void)
{
	struct lab_counts c = settled_counts();
	uint64_t before;

	if (!drain_to(c.pages_low + 1))
		return;
	expect(listen(0), 0);
	before = own.events;
	expect(own.pending, 0);
	expect(own.level, LAB_LEVEL_NONE);
	if (!drain_to(c.pages_low))
		return;
	expect(own.own, LAB_LEVEL_LOW);
	expect(own.level, LAB_LEVEL_LOW);
	expect(own.pending, LAB_EVENT_LEVEL);
	if (!drain_to(c.pages_min + 1))
		return;
	expect(own.level, LAB_LEVEL_LOW);
	if (!drain_to(c.pages_min))
		return;
	expect(own.level, LAB_LEVEL_CRITICAL);
	if (!drain_to(c.pages_low + 1))
		return;
	/* Once it was not none, it is none from high on only. */
	expect(own.level, LAB_LEVEL_LOW);
	if (!drain_to(c.pages_high))
		return;
	expect(own.level, LAB_LEVEL_NONE);
	/* low, critical, low, none */
	expect(own.events, before + 4);
	expect(own.pending, LAB_EVENT_LEVEL);
}

static void levels_change(void)
{
	levels();
	pressure_init();
	drain_off();
}

/* A guest is told before it is refused, in the same breath. */
static void told_before_refused(struct page **pages, unsigned int most,
				unsigned int *count)
{
	if (!drain_to(settled_counts().pages_high))
		return;
	expect(listen(0), 0);
	while (*count < most) {
		uint32_t level = __atomic_load_n(&own.level, __ATOMIC_ACQUIRE);

		pages[*count] = alloc_page(GFP_NOWAIT);
		if (!pages[*count]) {
			expect(level, LAB_LEVEL_CRITICAL);
			return;
		}
		++*count;
	}
	expect(*count < most, true);
}

static void told_and_released(void)
{
	static struct page *pages[1024];
	unsigned int count = 0;

	told_before_refused(pages, 1024, &count);
	pressure_init();
	while (count > 0)
		__free_page(pages[--count]);
	drain_off();
}

static uint64_t interrupts; /* atomic */

static void on_event(unsigned int vector, void *argument)
{
	(void)vector;
	(void)argument;
	__atomic_fetch_add(&interrupts, 1, __ATOMIC_RELEASE);
}

static void interrupt(void)
{
	struct lab_counts c = settled_counts();

	if (!has_apic())
		return;
	if (!drain_to(c.pages_min + 1))
		return;
	expect(request_irq(VECTOR_PING, on_event, NULL), 0);
	interrupts = 0;
	expect(listen(VECTOR_PING), 0);
	/* It was low already: told at once. */
	expect(reaches(&interrupts, 1), true);
	if (!drain_to(c.pages_min))
		return;
	expect(reaches(&interrupts, 2), true);
	/* Nobody listens: nothing comes. */
	expect(call(LAB_HC_EVENTS, 0, 0, 0, 0), 0);
	if (!drain_to(c.pages_high))
		return;
	settle();
	expect(interrupts, 2);
}

static void interrupt_comes(void)
{
	interrupt();
	free_irq(VECTOR_PING);
	pressure_init();
	drain_off();
}

/* Shrinkers. */

static struct {
	uint64_t calls; /* atomic */
	unsigned long asked;
	enum lab_level level;
	bool atomic;
} seen;

static unsigned long count_objects(struct shrinker *self,
				   struct shrink_control *control)
{
	(void)self;
	(void)control;
	return 9;
}

static unsigned long scan_objects(struct shrinker *self,
				  struct shrink_control *control)
{
	(void)self;
	seen.asked = control->nr_to_scan;
	seen.level = control->level;
	seen.atomic = in_atomic();
	__atomic_fetch_add(&seen.calls, 1, __ATOMIC_RELEASE);
	return control->nr_to_scan;
}

static void shrink(struct shrinker *shrinker)
{
	struct lab_counts c = settled_counts();

	register_shrinker(shrinker);
	expect(seen.calls, 0);
	if (!drain_to(c.pages_low))
		return;
	expect(reaches(&seen.calls, 1), true);
	expect(seen.level, LAB_LEVEL_LOW);
	expect(seen.asked, 5);
	expect(seen.atomic, true);
	expect(lab_pressure(), LAB_LEVEL_LOW);
	if (!drain_to(c.pages_min))
		return;
	expect(reaches(&seen.calls, 2), true);
	expect(seen.level, LAB_LEVEL_CRITICAL);
	expect(seen.asked, 9);
	unregister_shrinker(shrinker);
	/* Who comes under pressure is asked at once. */
	register_shrinker(shrinker);
	expect(seen.calls, 3);
	unregister_shrinker(shrinker);
	if (!drain_to(c.pages_low + 1))
		return;
	settle();
	expect(seen.calls, 3);
}

static void shrinkers(void)
{
	static struct shrinker shrinker = {.count_objects = count_objects,
					   .scan_objects = scan_objects};

	if (!has_apic())
		return;
	memset(&seen, 0, sizeof(seen));
	shrink(&shrinker);
	unregister_shrinker(&shrinker);
	drain_off();
}

static const struct tap_case cases[] = {
	{"events: where they may go", refusals},
	{"level: low, critical, low and none, each at its mark", levels_change},
	{"level: critical is told before a grant is refused",
	 told_and_released},
	{"events: an interrupt for each, and none for who is quiet",
	 interrupt_comes},
	{"shrinkers: asked for half at low, for all at critical", shrinkers},
};

const struct tap_group levels_group = TAP_GROUP(cases);
