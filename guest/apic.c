/* SPDX-License-Identifier: MIT */
/* The local APIC by MSRs; numbers and bits as in the manuals. */
#include "freestanding.h"

#include "apic.h"
#include "cpu.h"

#define MSR_APIC_BASE UINT32_C(0x1b)
#define BASE_ENABLE   (UINT64_C(1) << 11)
#define BASE_X2APIC   (UINT64_C(1) << 10)

enum {
	REGISTER_ID = 0x802,
	REGISTER_VERSION = 0x803,
	REGISTER_TASK_PRIORITY = 0x808,
	REGISTER_END_OF_INTERRUPT = 0x80b,
	REGISTER_SPURIOUS = 0x80f,
	REGISTER_COMMAND = 0x830,
	REGISTER_TIMER = 0x832,
	REGISTER_LINT0 = 0x835,
	REGISTER_LINT1 = 0x836,
	REGISTER_TIMER_INITIAL = 0x838,
	REGISTER_TIMER_DIVIDE = 0x83e,
};

#define SPURIOUS_ENABLE	   (UINT64_C(1) << 8)
#define LVT_MASKED	   (UINT64_C(1) << 16)
#define LVT_PERIODIC	   (UINT64_C(1) << 17)
#define DIVIDE_BY_1	   UINT64_C(0xb)
#define COMMAND_INIT	   (UINT64_C(5) << 8)
#define COMMAND_STARTUP	   (UINT64_C(6) << 8)
#define COMMAND_ASSERT	   (UINT64_C(1) << 14)
#define VERSION_INTEGRATED UINT64_C(0x10) /* the least of a local APIC */

static bool is_there;

static bool cpuid_offers(void)
{
	struct cpu_leaf leaf = cpu_cpuid(1);

	return leaf.edx >> 9 & 1 && leaf.ecx >> 21 & 1;
}

/* CPUID may promise what the VMM has not got, so each step may fail. */
bool apic_enable(void)
{
	uint64_t base, version;

	is_there = cpuid_offers() && cpu_rdmsr_safe(MSR_APIC_BASE, &base) &&
		   cpu_wrmsr_safe(MSR_APIC_BASE,
				  base | BASE_ENABLE | BASE_X2APIC) &&
		   cpu_rdmsr_safe(REGISTER_VERSION, &version) &&
		   (version & 0xff) >= VERSION_INTEGRATED;
	if (!is_there)
		return false;
	cpu_wrmsr(REGISTER_TIMER, LVT_MASKED);
	cpu_wrmsr(REGISTER_LINT0, LVT_MASKED);
	cpu_wrmsr(REGISTER_LINT1, LVT_MASKED);
	cpu_wrmsr(REGISTER_TASK_PRIORITY, 0);
	cpu_wrmsr(REGISTER_SPURIOUS, SPURIOUS_ENABLE | APIC_SPURIOUS_VECTOR);
	return true;
}

bool apic_is_there(void)
{
	return is_there;
}

uint32_t apic_id(void)
{
	return (uint32_t)cpu_rdmsr(REGISTER_ID);
}

void apic_end_of_interrupt(void)
{
	if (is_there)
		cpu_wrmsr(REGISTER_END_OF_INTERRUPT, 0);
}

/* What was written before is seen by whom it reaches: these MSRs' writes do
 * not wait for earlier stores by themselves. */
static void command(uint32_t id, uint64_t what)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	cpu_wrmsr(REGISTER_COMMAND, (uint64_t)id << 32 | what);
}

void apic_send(uint32_t id, unsigned int vector)
{
	command(id, COMMAND_ASSERT | vector);
}

void apic_send_init(uint32_t id)
{
	command(id, COMMAND_ASSERT | COMMAND_INIT);
}

void apic_send_startup(uint32_t id, unsigned int page)
{
	command(id, COMMAND_ASSERT | COMMAND_STARTUP | page);
}

void apic_timer_start(unsigned int vector, uint32_t ticks, bool periodic)
{
	cpu_wrmsr(REGISTER_TIMER_DIVIDE, DIVIDE_BY_1);
	cpu_wrmsr(REGISTER_TIMER, vector | (periodic ? LVT_PERIODIC : 0));
	cpu_wrmsr(REGISTER_TIMER_INITIAL, ticks);
}

void apic_timer_stop(void)
{
	cpu_wrmsr(REGISTER_TIMER, LVT_MASKED);
	cpu_wrmsr(REGISTER_TIMER_INITIAL, 0);
}
