/* SPDX-License-Identifier: MIT */
/* Who handles which vector; the table is shared by all processors. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "apic.h"
#include "irq.h"
#include "percpu.h"

#define VECTORS 256

struct entry {
	irq_handler_t handler; /* NULL: nobody; written last */
	void *argument;
};

static struct entry table[VECTORS];
static uint64_t unexpected;		/* atomic */
static uint64_t reported[VECTORS / 64]; /* a bit for each vector; atomic */

void irq_set(unsigned int vector, irq_handler_t handler, void *argument)
{
	table[vector].argument = argument;
	__atomic_store_n(&table[vector].handler, handler, __ATOMIC_RELEASE);
}

int request_irq(unsigned int vector, irq_handler_t handler, void *argument)
{
	if (vector < LAB_IRQ_FIRST || vector > LAB_IRQ_LAST || !handler)
		return -LAB_EINVAL;
	if (__atomic_load_n(&table[vector].handler, __ATOMIC_RELAXED))
		return -LAB_EACCES;
	irq_set(vector, handler, argument);
	return 0;
}

void free_irq(unsigned int vector)
{
	if (vector >= LAB_IRQ_FIRST && vector <= LAB_IRQ_LAST)
		__atomic_store_n(&table[vector].handler, NULL,
				 __ATOMIC_RELEASE);
}

uint64_t unexpected_irqs(void)
{
	return __atomic_load_n(&unexpected, __ATOMIC_RELAXED);
}

/* Counted each time, told once for each vector: no flood of lines. */
static void tell_unexpected(unsigned int vector)
{
	uint64_t bit = UINT64_C(1) << vector % 64;

	__atomic_fetch_add(&unexpected, 1, __ATOMIC_RELAXED);
	if (__atomic_fetch_or(&reported[vector / 64], bit, __ATOMIC_RELAXED) &
	    bit)
		return;
	printf("# processor %u: interrupt %u, which nobody asked for%s\n",
	       smp_processor_id(), vector,
	       vector == APIC_SPURIOUS_VECTOR ? " (spurious)" : "");
}

void irq_handle(unsigned int vector)
{
	struct percpu *cpu = this_cpu();
	irq_handler_t handler =
		__atomic_load_n(&table[vector].handler, __ATOMIC_ACQUIRE);

	cpu->interrupt_depth++;
	if (handler)
		handler(vector, table[vector].argument);
	else
		tell_unexpected(vector);
	if (vector != APIC_SPURIOUS_VECTOR)
		apic_end_of_interrupt();
	cpu->interrupt_depth--;
}

bool has_apic(void)
{
	return apic_is_there();
}

void send_ipi(unsigned int cpu, unsigned int vector)
{
	if (cpu >= num_online_cpus() || vector < LAB_IRQ_FIRST ||
	    vector > LAB_IRQ_LAST)
		panic("send_ipi: vector %u to processor %u", vector, cpu);
	if (!apic_is_there())
		panic("send_ipi: there is no APIC");
	apic_send(cpu, vector);
}

int start_timer(unsigned int vector, uint32_t ticks, bool periodic)
{
	if (!apic_is_there())
		return -LAB_ENXIO;
	if (vector < LAB_IRQ_FIRST || vector > LAB_IRQ_LAST || ticks == 0)
		return -LAB_EINVAL;
	apic_timer_start(vector, ticks, periodic);
	return 0;
}

void stop_timer(void)
{
	if (apic_is_there())
		apic_timer_stop();
}
