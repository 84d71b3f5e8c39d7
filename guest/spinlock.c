/* SPDX-License-Identifier: MIT */
/*
 * Locks, and what a processor knows of its own context: how many locks it
 * holds, whether interrupts are off, and so whether it may wait.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "cpu.h"
#include "percpu.h"
#include "spinlock.h"

static void (*sleep_hook)(unsigned int depth, bool off);

unsigned int smp_processor_id(void)
{
	return this_cpu()->id;
}

bool irqs_disabled(void)
{
	return !(cpu_read_rflags() & CPU_RFLAGS_IF);
}

void local_irq_disable(void)
{
	cpu_interrupts_off();
}

void local_irq_enable(void)
{
	cpu_interrupts_on();
}

unsigned long local_irq_save(void)
{
	unsigned long flags = cpu_read_rflags();

	cpu_interrupts_off();
	return flags;
}

void local_irq_restore(unsigned long flags)
{
	if (flags & CPU_RFLAGS_IF)
		cpu_interrupts_on();
	else
		cpu_interrupts_off();
}

void preempt_disable(void)
{
	this_cpu()->preempt_depth++;
	__asm__ volatile("" : : : "memory");
}

void preempt_enable(void)
{
	__asm__ volatile("" : : : "memory");
	if (this_cpu()->preempt_depth == 0)
		panic("preempt_enable: called once too often, from %p",
		      __builtin_return_address(0));
	this_cpu()->preempt_depth--;
}

unsigned int preempt_count(void)
{
	return this_cpu()->preempt_depth + this_cpu()->interrupt_depth;
}

bool in_atomic(void)
{
	return preempt_count() > 0;
}

void might_sleep_at(const void *caller)
{
	bool off = irqs_disabled();

	if (!off && !in_atomic())
		return;
	if (sleep_hook)
		sleep_hook(preempt_count(), off);
	else
		panic("might_sleep: called with interrupts %s, depth %u, at "
		      "RIP %p on processor %u",
		      off ? "off" : "on", preempt_count(), caller,
		      smp_processor_id());
}

void might_sleep(void)
{
	might_sleep_at(__builtin_return_address(0));
}

void might_sleep_hook(void (*hook)(unsigned int depth, bool off))
{
	sleep_hook = hook;
}

static bool try_lock(spinlock_t *lock, uint32_t self)
{
	uint32_t nobody = 0;

	return __atomic_compare_exchange_n(&lock->owner, &nobody, self, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

bool spin_trylock(spinlock_t *lock)
{
	preempt_disable();
	if (try_lock(lock, this_cpu()->id + 1))
		return true;
	preempt_enable();
	return false;
}

void spin_lock(spinlock_t *lock)
{
	uint32_t self;

	preempt_disable();
	self = this_cpu()->id + 1;
	while (!try_lock(lock, self)) {
		uint32_t owner;

		/* Look without writing, or the holder's line never rests. */
		do {
			owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);
			if (owner == self)
				panic("spin_lock: processor %u holds %p "
				      "already",
				      self - 1, (void *)lock);
			cpu_pause();
		} while (owner);
	}
}

void spin_unlock(spinlock_t *lock)
{
	uint32_t owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);

	if (owner != this_cpu()->id + 1)
		panic("spin_unlock: processor %u does not hold %p",
		      this_cpu()->id, (void *)lock);
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELEASE);
	preempt_enable();
}

unsigned long spin_lock_irqsave(spinlock_t *lock)
{
	unsigned long flags = local_irq_save();

	spin_lock(lock);
	return flags;
}

void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	local_irq_restore(flags);
}
