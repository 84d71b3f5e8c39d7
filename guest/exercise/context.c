/* SPDX-License-Identifier: MIT */
/* Smp: does the guest itself know whether it may wait? */
#include "freestanding.h"

#include "smp.h"
#include "spinlock.h"

static struct {
	unsigned int count, depth;
	bool off;
} tripped;

/* In place of the panic. */
static void note(unsigned int depth, bool off)
{
	tripped.count++;
	tripped.depth = depth;
	tripped.off = off;
}

/* Does might_sleep() trip, just once, with this depth and interrupts? */
static bool trips(unsigned int depth, bool off)
{
	tripped.count = 0;
	might_sleep_hook(note);
	might_sleep();
	might_sleep_hook(NULL);
	return tripped.count == 1 && tripped.depth == depth &&
	       tripped.off == off;
}

static void may_wait_here(void)
{
	expect(preempt_count(), 0);
	expect(in_atomic(), false);
	expect(irqs_disabled(), false);
	expect(trips(0, false), false);
	expect(tripped.count, 0);
}

static void depth(void)
{
	spinlock_t outer = SPINLOCK_INIT, inner = SPINLOCK_INIT;
	unsigned int depths[4];
	bool trip;

	spin_lock(&outer);
	depths[0] = preempt_count();
	spin_lock(&inner);
	depths[1] = preempt_count();
	preempt_disable();
	depths[2] = preempt_count();
	trip = trips(3, false);
	preempt_enable();
	spin_unlock(&outer);
	depths[3] = preempt_count();
	spin_unlock(&inner);
	expect(depths[0], 1);
	expect(depths[1], 2);
	expect(depths[2], 3);
	expect(depths[3], 1);
	expect(trip, true);
	may_wait_here();
}

static void interrupts_off(void)
{
	unsigned long outer, inner;
	bool trip, nested, restored;

	outer = local_irq_save();
	trip = trips(0, true) && irqs_disabled() && !in_atomic();
	inner = local_irq_save();
	local_irq_restore(inner);
	nested = irqs_disabled();
	local_irq_restore(outer);
	restored = !irqs_disabled();
	expect(trip, true);
	expect(nested, true);
	expect(restored, true);
	local_irq_disable();
	trip = irqs_disabled();
	local_irq_enable();
	expect(trip, true);
	may_wait_here();
}

static void irqsave(void)
{
	spinlock_t lock = SPINLOCK_INIT;
	unsigned long flags = spin_lock_irqsave(&lock);
	bool trip = trips(1, true);

	spin_unlock_irqrestore(&lock, flags);
	expect(trip, true);
	may_wait_here();
}

static void trylock(void)
{
	spinlock_t lock = SPINLOCK_INIT;
	bool first = spin_trylock(&lock), second = spin_trylock(&lock);
	unsigned int held = preempt_count();

	spin_unlock(&lock);
	expect(first, true);
	expect(second, false);
	expect(held, 1);
	may_wait_here();
}

static void note_context(unsigned int vector, void *good)
{
	(void)vector;
	*(bool *)good = trips(1, true) && in_atomic() && irqs_disabled();
}

static void in_a_handler(void)
{
	bool good = false;

	expect(request_irq(VECTOR_PING, note_context, &good), 0);
	ping_by_instruction();
	free_irq(VECTOR_PING);
	expect(good, true);
	may_wait_here();
}

/* How often a grant with these flags trips in an atomic context. */
static unsigned int grant_trips(gfp_t gfp)
{
	struct page *page, *bulk[1] = {NULL};

	tripped.count = 0;
	might_sleep_hook(note);
	preempt_disable();
	page = alloc_page(gfp);
	__free_page(page);
	if (alloc_pages_bulk(gfp, 0, 1, bulk) == 0)
		free_pages_bulk(0, 1, bulk);
	preempt_enable();
	might_sleep_hook(NULL);
	return tripped.count;
}

static void grants(void)
{
	struct page *keeper = alloc_page(GFP_KERNEL); /* may wait here */

	expect(keeper != NULL, true);
	expect(grant_trips(GFP_KERNEL), 2);
	expect(grant_trips(GFP_KERNEL | __GFP_ZERO), 2);
	expect(grant_trips(GFP_ATOMIC), 0);
	expect(grant_trips(GFP_NOWAIT), 0);
	__free_page(keeper);
}

static const struct tap_case cases[] = {
	{"context: main may wait", may_wait_here},
	{"context: each lock is one deeper, and might_sleep trips", depth},
	{"context: might_sleep trips with interrupts off", interrupts_off},
	{"context: irqsave is both", irqsave},
	{"context: a held lock cannot be tried into", trylock},
	{"context: an interrupt's handler may not wait", in_a_handler},
	{"context: GFP_KERNEL trips where it may not wait", grants},
};

const struct tap_group context_group = TAP_GROUP(cases);
