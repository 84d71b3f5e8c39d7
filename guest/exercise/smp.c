/* SPDX-License-Identifier: MIT */
/* Smp: the processors themselves, one or more, and what they do at once. */
#include "freestanding.h"

#include "apic.h"
#include "cpu.h"
#include "exercise.h"
#include "smp.h"
#include "trap.h"

#define PATIENCE   UINT64_C(10000000)
#define LINES	   20 /* said by each processor; tests/system counts them */
#define ROUNDS	   1000
#define STACK_MOST 10 /* pages, its guard included */

static uint64_t arrived; /* atomic */
static struct {
	uint64_t runs; /* atomic */
	uint32_t apic;
	uint64_t stack;
	bool interrupts_on, atomic;
} seen[LAB_CPUS_MAX];

bool reaches(const uint64_t *count, uint64_t wanted)
{
	for (uint64_t i = 0; i < PATIENCE; i++) {
		if (__atomic_load_n(count, __ATOMIC_ACQUIRE) >= wanted)
			return true;
		cpu_pause();
	}
	return false;
}

/* Long enough that, often, another processor's turn begins in it. */
static void dawdle(unsigned int pauses)
{
	for (unsigned int i = 0; i < pauses; i++)
		cpu_pause();
}

static void all_online(void)
{
	expect(num_online_cpus(), lab_boot_info()->cpus);
	expect(smp_processor_id(), 0);
	expect(irqs_disabled(), false);
	if (num_online_cpus() > 1)
		expect(has_apic(), true);
}

static void look_around(void *argument)
{
	unsigned int self = smp_processor_id();

	(void)argument;
	seen[self].apic = has_apic() ? apic_id() : cpu_cpuid(1).ebx >> 24;
	seen[self].stack = (uint64_t)__builtin_frame_address(0);
	seen[self].interrupts_on = !irqs_disabled();
	seen[self].atomic = in_atomic();
	__atomic_fetch_add(&seen[self].runs, 1, __ATOMIC_RELEASE);
}

static void own_things(void)
{
	unsigned int count = num_online_cpus();

	memset(seen, 0, sizeof(seen));
	on_each_cpu(look_around, NULL);
	for (unsigned int i = 0; i < count; i++) {
		expect(seen[i].runs, 1);
		expect(seen[i].apic, i);
		expect(seen[i].interrupts_on, true);
		expect(seen[i].atomic, false);
		for (unsigned int j = 0; j < i; j++)
			expect(seen[i].stack / PAGE_SIZE !=
				       seen[j].stack / PAGE_SIZE,
			       true);
	}
	for (unsigned int i = count; i < LAB_CPUS_MAX; i++)
		expect(seen[i].runs, 0);
}

/* Nobody leaves before all are in. */
static void meet(void *result)
{
	__atomic_fetch_add(&arrived, 1, __ATOMIC_RELEASE);
	if (reaches(&arrived, num_online_cpus()))
		__atomic_fetch_add((uint64_t *)result, 1, __ATOMIC_RELAXED);
}

static void at_once(void)
{
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t met = 0;

		arrived = 0;
		on_each_cpu(meet, &met);
		expect(met, num_online_cpus());
	}
}

static spinlock_t lock;
static volatile uint64_t guarded; /* lock held */

/* Read, dawdle and write: exact only if nobody comes in between. */
static void count_up(void)
{
	uint64_t was = guarded;

	dawdle(40);
	guarded = was + 1;
}

static void count_many(void *argument)
{
	(void)argument;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		spin_lock(&lock);
		count_up();
		spin_unlock(&lock);
	}
}

static void lock_is_exact(void)
{
	guarded = 0;
	on_each_cpu(count_many, NULL);
	expect(guarded, (uint64_t)ROUNDS * num_online_cpus());
}

static uint64_t ticks; /* handled, on all processors; atomic */

static void tick(unsigned int vector, void *argument)
{
	(void)vector;
	(void)argument;
	spin_lock(&lock);
	count_up();
	spin_unlock(&lock);
	__atomic_fetch_add(&ticks, 1, __ATOMIC_RELAXED);
}

static void count_among_ticks(void *argument)
{
	(void)argument;
	start_timer(VECTOR_TIMER, 500000, true);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned long flags = spin_lock_irqsave(&lock);

		count_up();
		spin_unlock_irqrestore(&lock, flags);
		if (!has_apic() && i % 100 == 0)
			__asm__ volatile("int %0" : : "i"(VECTOR_TIMER));
	}
	/* One came at least, or this shows nothing. */
	reaches(&ticks, 1);
	stop_timer();
}

static void lock_among_interrupts(void)
{
	guarded = 0;
	ticks = 0;
	expect(request_irq(VECTOR_TIMER, tick, NULL), 0);
	on_each_cpu(count_among_ticks, NULL);
	free_irq(VECTOR_TIMER);
	expect(ticks > 0, true);
	expect(guarded, ticks + (uint64_t)ROUNDS * num_online_cpus());
}

/* Each a bad address of its own, and the answer is about that one. */
static void probe_nowhere(void *good)
{
	uint64_t nowhere =
		UINT64_C(0x700000000000) + smp_processor_id() * PAGE_SIZE;

	for (unsigned int i = 0; i < 100; i++) {
		struct trap_refusal refusal;

		if (lab_probe_write((void *)nowhere, 1))
			return;
		refusal = trap_last_refusal();
		if (refusal.vector != 14 || refusal.address != nowhere)
			return;
	}
	__atomic_fetch_add((uint64_t *)good, 1, __ATOMIC_RELAXED);
}

static void own_exceptions(void)
{
	uint64_t good = 0;

	on_each_cpu(probe_nowhere, &good);
	expect(good, num_online_cpus());
}

static bool hole_refuses(uint64_t address)
{
	struct trap_refusal refusal;

	if (lab_probe_read((void *)address, NULL))
		return false;
	refusal = trap_last_refusal();
	return refusal.vector == 18 && refusal.address == address;
}

/* Touched by all at once: each is told of its own page. */
static void probe_hole(void *good)
{
	uint64_t hole = *(uint64_t *)good + smp_processor_id() * PAGE_SIZE;
	bool told = true;

	start_timer(VECTOR_TIMER, 500000, true);
	for (unsigned int i = 0; i < 3; i++)
		told = hole_refuses(hole) && told;
	stop_timer();
	if (told)
		__atomic_fetch_add((uint64_t *)good + 1, 1, __ATOMIC_RELAXED);
}

static void own_machine_checks(void)
{
	const struct lab_boot_info *boot = lab_boot_info();
	/* The window's last extent, and how many were told right. */
	uint64_t hole[2] = {boot->window_base + boot->window_size -
			    LAB_EXTENT_SIZE};

	expect(lab_hypercall(LAB_HC_INSPECT, hole[0], 0, 0, 0), -LAB_EACCES);
	expect(request_irq(VECTOR_TIMER, tick, NULL), 0);
	on_each_cpu(probe_hole, hole);
	free_irq(VECTOR_TIMER);
	expect(hole[1], num_online_cpus());
}

/* Its stack's end is found by walking down until nothing answers. */
static void find_guard(void *good)
{
	uint64_t at = (uint64_t)__builtin_frame_address(0) & -PAGE_SIZE;

	for (unsigned int i = 0; i < STACK_MOST; i++, at -= PAGE_SIZE) {
		if (lab_probe_read((void *)at, NULL))
			continue;
		__atomic_fetch_add((uint64_t *)good, 1, __ATOMIC_RELAXED);
		return;
	}
}

static void guard_pages(void)
{
	uint64_t good = 0;

	on_each_cpu(find_guard, &good);
	expect(good, num_online_cpus());
}

static void start_page(void)
{
	expect(lab_probe_read((void *)LAB_LOW_GPA, NULL), true);
	expect(lab_probe_write((void *)LAB_LOW_GPA, 0), false);
	expect(trap_last_refusal().vector, 14);
}

/* Whoever reads the console sees whether one is torn. */
static void say(void *argument)
{
	(void)argument;
	for (unsigned int i = 1; i <= LINES; i++) {
		printf("# processor %u says: ", smp_processor_id());
		dawdle(400);
		printf("line %2u of %u, whole and in one piece\n", i, LINES);
	}
}

static const struct tap_case cases[] = {
	{"smp: all processors are online", all_online},
	{"smp: each has its own number, APIC id and stack", own_things},
	{"smp: on_each_cpu runs on all at once", at_once},
	{"smp: a counter under a spinlock is exact", lock_is_exact},
	{"smp: the same among timer interrupts", lock_among_interrupts},
	{"smp: each takes its own exceptions", own_exceptions},
	{"smp: each takes its own machine checks, among interrupts",
	 own_machine_checks},
	{"smp: the page below each stack is not there", guard_pages},
	{"smp: where processors start is read-only", start_page},
};

const struct tap_group cpus_group = TAP_GROUP(cases);

int exercise_smp(int argc, char **argv)
{
	const struct tap_group groups[] = {cpus_group, context_group,
					   interrupts_group};

	(void)argc;
	(void)argv;
	printf("# %u processors, %s APIC\n", num_online_cpus(),
	       has_apic() ? "an" : "no");
	on_each_cpu(say, NULL);
	return tap_run(groups, sizeof(groups) / sizeof(groups[0]));
}
