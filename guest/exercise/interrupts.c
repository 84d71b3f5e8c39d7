/* SPDX-License-Identifier: MIT */
/* Smp: interrupts from within, from other processors, and from timers. */
#include "freestanding.h"

#include "cpu.h"
#include "smp.h"

#define PERIOD	    500000 /* ticks */
#define TICKS	    5
#define ROUND_TRIPS 10

static uint64_t pongs; /* came back; atomic */
static struct {
	uint64_t pings, ticks; /* atomic */
} here[LAB_CPUS_MAX];

void ping_by_instruction(void)
{
	__asm__ volatile("int %0" : : "i"(VECTOR_PING) : "memory");
}

static void on_ping(unsigned int vector, void *argument)
{
	(void)vector;
	(void)argument;
	__atomic_fetch_add(&here[smp_processor_id()].pings, 1,
			   __ATOMIC_RELEASE);
	if (has_apic())
		send_ipi(0, VECTOR_PONG);
}

static void on_pong(unsigned int vector, void *argument)
{
	(void)vector;
	(void)argument;
	__atomic_fetch_add(&pongs, 1, __ATOMIC_RELEASE);
}

static void on_tick(unsigned int vector, void *argument)
{
	(void)vector;
	(void)argument;
	__atomic_fetch_add(&here[smp_processor_id()].ticks, 1,
			   __ATOMIC_RELEASE);
}

static void requests(void)
{
	expect(request_irq(LAB_IRQ_FIRST - 1, on_ping, NULL), -LAB_EINVAL);
	expect(request_irq(LAB_IRQ_LAST + 1, on_ping, NULL), -LAB_EINVAL);
	expect(request_irq(UINT32_MAX, on_ping, NULL), -LAB_EINVAL);
	expect(request_irq(VECTOR_PING, NULL, NULL), -LAB_EINVAL);
	expect(request_irq(VECTOR_PING, on_ping, NULL), 0);
	expect(request_irq(VECTOR_PING, on_pong, NULL), -LAB_EACCES);
	free_irq(VECTOR_PING);
	expect(request_irq(VECTOR_PING, on_ping, NULL), 0);
	free_irq(VECTOR_PING);
}

static void nobody_asked(void)
{
	uint64_t before = unexpected_irqs();

	__asm__ volatile("int %0" : : "i"(VECTOR_NOBODY));
	__asm__ volatile("int %0" : : "i"(VECTOR_NOBODY));
	expect(unexpected_irqs(), before + 2);
}

/* One processor alone plays with itself, by the instruction without an APIC. */
static void there_and_back(void)
{
	unsigned int count = num_online_cpus();

	memset(here, 0, sizeof(here));
	pongs = 0;
	expect(request_irq(VECTOR_PING, on_ping, NULL), 0);
	expect(request_irq(VECTOR_PONG, on_pong, NULL), 0);
	for (unsigned int i = 0; i < ROUND_TRIPS * count; i++) {
		if (has_apic())
			send_ipi(i % count, VECTOR_PING);
		else
			ping_by_instruction();
		expect(reaches(has_apic() ? &pongs : &here[0].pings, i + 1),
		       true);
	}
	free_irq(VECTOR_PING);
	free_irq(VECTOR_PONG);
	for (unsigned int i = 0; i < count; i++)
		expect(here[i].pings, ROUND_TRIPS);
	expect(pongs, has_apic() ? ROUND_TRIPS * count : 0);
}

static void note_call(void *argument)
{
	uint64_t *calls = argument;

	if (irqs_disabled())
		calls[smp_processor_id()]++;
}

static void calls(void)
{
	uint64_t made[LAB_CPUS_MAX] = {0};

	for (unsigned int i = 0; i < num_online_cpus(); i++) {
		smp_call(i, note_call, made);
		expect(made[i], 1);
	}
}

/* All ask all others, so each is asked while it waits for an answer. */
static void call_all(void *made)
{
	for (unsigned int i = 0; i < num_online_cpus(); i++)
		smp_call(i, note_call, made);
}

static void calls_crosswise(void)
{
	uint64_t made[LAB_CPUS_MAX] = {0};
	unsigned int count = num_online_cpus();

	on_each_cpu(call_all, made);
	for (unsigned int i = 0; i < count; i++)
		expect(made[i], count);
}

static void time_here(void *good)
{
	uint64_t *ticks = &here[smp_processor_id()].ticks;
	uint64_t after;
	bool all;

	start_timer(VECTOR_TIMER, PERIOD, true);
	all = reaches(ticks, TICKS);
	stop_timer();
	if (!all)
		return;
	after = __atomic_load_n(ticks, __ATOMIC_ACQUIRE);
	start_timer(VECTOR_TIMER, PERIOD, false);
	if (!reaches(ticks, after + 1))
		return;
	__atomic_fetch_add((uint64_t *)good, 1, __ATOMIC_RELAXED);
}

static void timers(void)
{
	uint64_t good = 0;

	if (!has_apic()) {
		expect(start_timer(VECTOR_TIMER, PERIOD, true), -LAB_ENXIO);
		return;
	}
	memset(here, 0, sizeof(here));
	expect(start_timer(VECTOR_TIMER, 0, true), -LAB_EINVAL);
	expect(start_timer(LAB_IRQ_LAST + 1, PERIOD, true), -LAB_EINVAL);
	expect(request_irq(VECTOR_TIMER, on_tick, NULL), 0);
	on_each_cpu(time_here, &good);
	free_irq(VECTOR_TIMER);
	expect(good, num_online_cpus());
}

/* Held back while they are off, and there as soon as they are on. */
static void held_back(void)
{
	unsigned long flags;
	uint64_t before, during;

	memset(here, 0, sizeof(here));
	if (!has_apic())
		return;
	expect(request_irq(VECTOR_TIMER, on_tick, NULL), 0);
	flags = local_irq_save();
	before = here[0].ticks;
	send_ipi(0, VECTOR_TIMER);
	for (unsigned int i = 0; i < 1000; i++)
		cpu_pause();
	during = __atomic_load_n(&here[0].ticks, __ATOMIC_ACQUIRE);
	local_irq_restore(flags);
	expect(before, during);
	expect(reaches(&here[0].ticks, before + 1), true);
	free_irq(VECTOR_TIMER);
}

static const struct tap_case cases[] = {
	{"irq: who may have which vector", requests},
	{"irq: one that nobody asked for is counted", nobody_asked},
	{"irq: to each processor and back", there_and_back},
	{"irq: smp_call runs on the processor that is called", calls},
	{"irq: smp_call from all to all at once", calls_crosswise},
	{"irq: each processor's timer, periodic and once", timers},
	{"irq: held back while interrupts are off", held_back},
};

const struct tap_group interrupts_group = TAP_GROUP(cases);
