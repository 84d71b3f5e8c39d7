/* SPDX-License-Identifier: MIT */
/* Processors: start, idle loop, and functions that one has another run. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "apic.h"
#include "boot.h"
#include "cpu.h"
#include "irq.h"
#include "mmu.h"
#include "percpu.h"
#include "segment.h"
#include "smp.h"
#include "trap.h"

#define STACK_PAGES 4
#define SPARE_PAGES (SEGMENT_SPARE_STACKS * SEGMENT_SPARE_STACK / PAGE_SIZE)

/* How often to look for a sign of life after each SIPI, and how many. A
 * processor may share its core with all the others, and more. */
#define LOOKS	 20000000
#define STARTUPS 5

/* What the trampoline reads; see smp.h. */
struct smp_start {
	uint64_t cr0, cr3, cr4;
	uint64_t efer;	/* bits to set */
	uint64_t stack; /* its end */
	void (*entry)(struct percpu *cpu);
	struct percpu *argument;
};

_Static_assert(SMP_TRAMPOLINE_GPA == LAB_LOW_GPA, "the same page");
_Static_assert(SMP_PAGE_SIZE == PAGE_SIZE, "the same size");
_Static_assert(offsetof(struct smp_start, cr3) == SMP_START_CR3, "smp_start");
_Static_assert(offsetof(struct smp_start, cr4) == SMP_START_CR4, "smp_start");
_Static_assert(offsetof(struct smp_start, efer) == SMP_START_EFER, "smp_start");
_Static_assert(offsetof(struct smp_start, stack) == SMP_START_STACK,
	       "smp_start");
_Static_assert(offsetof(struct smp_start, entry) == SMP_START_ENTRY,
	       "smp_start");
_Static_assert(offsetof(struct smp_start, argument) == SMP_START_ARGUMENT,
	       "smp_start");

extern const char smp_trampoline[], smp_trampoline_end[]; /* trampoline.S */

static struct percpu *cpus[LAB_CPUS_MAX] = {&percpu_boot};
static uint32_t online = 1; /* cpus[] up to here run; atomic */
static bool each_runs;	    /* on_each_cpu() is under way; atomic */

unsigned int num_online_cpus(void)
{
	return __atomic_load_n(&online, __ATOMIC_ACQUIRE);
}

static bool is_pending(const struct smp_request *request)
{
	return __atomic_load_n(&request->pending, __ATOMIC_ACQUIRE);
}

static void post(struct smp_request *request, void (*function)(void *),
		 void *argument)
{
	request->function = function;
	request->argument = argument;
	__atomic_store_n(&request->pending, 1, __ATOMIC_RELEASE);
}

static void serve(struct smp_request *request)
{
	if (!is_pending(request))
		return;
	request->function(request->argument);
	__atomic_store_n(&request->pending, 0, __ATOMIC_RELEASE);
}

static void wait_for(const struct smp_request *request)
{
	while (is_pending(request))
		cpu_pause();
}

static void on_call(unsigned int vector, void *argument)
{
	(void)vector;
	(void)argument;
	__atomic_fetch_add(&this_cpu()->calls_served, 1, __ATOMIC_RELAXED);
	serve(&this_cpu()->call);
}

struct percpu *percpu_of(unsigned int cpu)
{
	return cpus[cpu];
}

/* Its coming is all: the idle loop looks again. */
static void on_wake(unsigned int vector, void *argument)
{
	(void)vector;
	(void)argument;
}

static void __attribute__((noreturn)) idle(struct percpu *cpu)
{
	for (;;) {
		cpu_interrupts_off();
		if (!is_pending(&cpu->task)) {
			cpu_wait_for_interrupt();
			continue;
		}
		cpu_interrupts_on();
		serve(&cpu->task);
	}
}

/* Called by trampoline.S on the processor's own stack. */
static void __attribute__((noreturn)) enter(struct percpu *cpu)
{
	segment_load(cpu, (char *)cpu->stack_guard + PAGE_SIZE +
				  STACK_PAGES * PAGE_SIZE);
	trap_load();
	if (!apic_enable() || apic_id() != cpu->id)
		panic("processor %u has no APIC of this id", cpu->id);
	__atomic_store_n(&cpu->online, 1, __ATOMIC_RELEASE);
	idle(cpu);
}

/* From low to high: the guard page, the stack, the spare stacks, itself. */
static struct percpu *make(unsigned int id)
{
	char *block = boot_alloc((1 + STACK_PAGES + SPARE_PAGES) * PAGE_SIZE +
				 sizeof(struct percpu));
	struct percpu *cpu =
		(struct percpu *)(block +
				  (1 + STACK_PAGES + SPARE_PAGES) * PAGE_SIZE);

	cpu->id = id;
	cpu->stack_guard = (uint64_t)block;
	mmu_unmap_page(cpu->stack_guard);
	return cpu;
}

static bool comes_online(const struct percpu *cpu)
{
	for (unsigned int i = 0; i < LOOKS; i++) {
		if (__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE))
			return true;
		cpu_pause();
	}
	return false;
}

static void start(struct percpu *cpu)
{
	*(struct smp_start *)(SMP_TRAMPOLINE_GPA +
			      PAGE_SIZE) = (struct smp_start){
		.cr0 = cpu_read_cr0(),
		.cr3 = cpu_read_cr3(),
		.cr4 = cpu_read_cr4(),
		.efer = CPU_EFER_LME | (cpu_rdmsr(CPU_MSR_EFER) & CPU_EFER_NXE),
		.stack = cpu->stack_guard + (1 + STACK_PAGES) * PAGE_SIZE,
		.entry = enter,
		.argument = cpu,
	};
	apic_send_init(cpu->id);
	/* The second SIPI follows at once: one of them may be lost. */
	apic_send_startup(cpu->id, SMP_TRAMPOLINE_GPA / PAGE_SIZE);
	for (unsigned int i = 1; i < STARTUPS; i++) {
		apic_send_startup(cpu->id, SMP_TRAMPOLINE_GPA / PAGE_SIZE);
		if (comes_online(cpu))
			return;
	}
	panic("processor %u does not start", cpu->id);
}

void smp_prepare(void)
{
	if (lab_boot_info()->cpus > 1)
		memcpy((void *)SMP_TRAMPOLINE_GPA, smp_trampoline,
		       (size_t)(smp_trampoline_end - smp_trampoline));
}

void smp_init(void)
{
	unsigned int wanted = lab_boot_info()->cpus;

	irq_set(IRQ_CALL, on_call, NULL);
	irq_set(IRQ_WAKE, on_wake, NULL);
	if (wanted > 1 && !apic_is_there())
		panic("%u processors, and no x2APIC to start them", wanted);
	for (unsigned int i = 1; i < wanted; i++) {
		cpus[i] = make(i);
		start(cpus[i]);
		__atomic_store_n(&online, i + 1, __ATOMIC_RELEASE);
	}
}

void on_each_cpu(void (*function)(void *argument), void *argument)
{
	unsigned int self = smp_processor_id(), count = num_online_cpus();

	might_sleep();
	if (__atomic_exchange_n(&each_runs, true, __ATOMIC_ACQUIRE))
		panic("on_each_cpu: called while it runs");
	for (unsigned int i = 0; i < count; i++) {
		if (i == self)
			continue;
		post(&cpus[i]->task, function, argument);
		apic_send(i, IRQ_WAKE);
	}
	function(argument);
	for (unsigned int i = 0; i < count; i++) {
		if (i != self)
			wait_for(&cpus[i]->task);
	}
	__atomic_store_n(&each_runs, false, __ATOMIC_RELEASE);
}

void smp_call(unsigned int cpu, void (*function)(void *argument),
	      void *argument)
{
	struct percpu *to;
	unsigned long flags;

	if (cpu >= num_online_cpus() || irqs_disabled())
		panic("smp_call: to processor %u, interrupts %s", cpu,
		      irqs_disabled() ? "off" : "on");
	if (cpu == smp_processor_id()) {
		flags = local_irq_save();
		function(argument);
		local_irq_restore(flags);
		return;
	}
	to = cpus[cpu];
	spin_lock(&to->call_lock);
	post(&to->call, function, argument);
	apic_send(cpu, IRQ_CALL);
	wait_for(&to->call);
	spin_unlock(&to->call_lock);
}
