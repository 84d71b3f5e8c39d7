/* SPDX-License-Identifier: MIT */
/* Exclusive: what ring 3 gets, and what it may not. */
#include "freestanding.h"

#include "cpu.h"
#include "exclusive.h"
#include "percpu.h"
#include "mmu.h"
#include "selftest.h"
#include "smp.h"

#define PERIOD 500000 /* ticks of the timer */
#define TICKS  5

#define ERROR_PRESENT UINT64_C(1)
#define ERROR_WRITE   UINT64_C(2)
#define ERROR_USER    UINT64_C(4)
#define ERROR_FETCH   UINT64_C(16)

extern char lab_text_start[], lab_rodata_start[]; /* guest.lds */

static void registers(void)
{
	struct mm_exit exit;

	expect(run(ada, user_registers, 0, &exit), 0);
	expect(exit.value, 0);
	expect(exit.vector, 0);
	expect(exit.page, 0);
}

static void kernel_memory(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	const uint64_t addresses[] = {
		(uint64_t)lab_text_start,
		(uint64_t)lab_rodata_start,
		(uint64_t)&shared,
		(uint64_t)this_cpu(),
		(uint64_t)page,
		cpu_read_cr3(),
		LAB_BOOT_INFO_GPA,
		LAB_LOW_GPA,
		UINT64_C(0xffff800000000000),
	};
	struct mm_exit exit;

	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		uint64_t at = addresses[i];

		expect(is_plain_fault(run(ada, user_read, at, &exit), &exit,
				      at),
		       true);
		expect(is_plain_fault(run(ada, user_write, at, &exit), &exit,
				      at),
		       true);
		expect(is_plain_fault(run(ada, user_jump, at, &exit), &exit,
				      at),
		       true);
	}
	expect(*(uint64_t *)page, 0);
	__free_page(page);
}

static void rights(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	struct mm_exit exit;

	/* The first is code that can be run where it may be. */
	*(uint16_t *)page_address(page) = 0x21cd; /* int $0x21 */
	expect(mm_map(ada, USER_HERE, page, 0, VM_READ | VM_WRITE), 0);
	expect(is_plain_fault(run(ada, user_jump, USER_HERE, &exit), &exit,
			      USER_HERE),
	       true);
	expect(exit.error, ERROR_PRESENT | ERROR_USER | ERROR_FETCH);
	expect(mm_unmap(ada, USER_HERE, 0), 0);
	expect(mm_map(ada, USER_HERE, page, 0, VM_READ | VM_EXEC), 0);
	expect(run(ada, user_jump, USER_HERE, &exit), 0);
	expect(is_plain_fault(run(ada, user_write, USER_HERE, &exit), &exit,
			      USER_HERE),
	       true);
	expect(exit.error, ERROR_PRESENT | ERROR_WRITE | ERROR_USER);
	expect(mm_unmap(ada, USER_HERE, 0), 0);
	__free_page(page);
}

static void privileges(void)
{
	static const struct {
		const char *program;
		unsigned int vector;
	} forbidden[] = {
		{user_cli, 13},	       {user_hlt, 13},
		{user_read_cr3, 13},   {user_write_cr3, 13},
		{user_rdmsr, 13},      {user_wrmsr, 13},
		{user_lgdt, 13},       {user_in, 13},
		{user_out, 13},	       {user_irq, 13},
		{user_breakpoint, 13}, {user_swapgs, 13},
		{user_syscall, 6},     {user_x87, 7},
		{user_step, 1},	       {user_divide, 0},
	};
	struct lab_counts before = counts_now();
	struct mm_exit exit;

	for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++) {
		expect(run(bob, forbidden[i].program, 0, &exit), -LAB_EFAULT);
		expect(exit.vector, forbidden[i].vector);
		expect(exit.page, 0);
	}
	expect(run(bob, user_iopl, 0, &exit), 0);
	expect(exit.value & 0x3200, CPU_RFLAGS_IF);
	/* No call of theirs came to the VMM. */
	expect(counts_now().mistakes, before.mistakes);
}

static void entries(void)
{
	struct mm_exit exit = {.value = 7};

	expect(mm_run(ada, 0, 0, 0, &exit), -LAB_ENXIO);
	expect(mm_run(ada, (uint64_t)lab_text_start, 0, 0, &exit), -LAB_ENXIO);
	expect(mm_run(ada, LAB_USER_END, 0, 0, &exit), -LAB_ENXIO);
	expect(mm_run(ada, UINT64_C(1) << 62, 0, 0, &exit), -LAB_ENXIO);
	expect(exit.value, 7);
	expect(is_plain_fault(mm_run(ada, USER_HERE, 0, 0, &exit), &exit,
			      USER_HERE),
	       true);
	expect(exit.error, ERROR_USER | ERROR_FETCH);
	expect(exit.rip, USER_HERE);
}

static void on_tick(unsigned int vector, void *argument)
{
	(void)vector;
	(void)argument;
	__atomic_fetch_add(&shared->go, 1, __ATOMIC_RELEASE);
}

/* Its end waits for what only the timer's handler writes. */
static void interrupted_in(const char *program)
{
	uint64_t unexpected = unexpected_irqs();
	struct mm_exit exit;
	int r;

	if (!has_apic())
		return;
	memset(shared, 0, sizeof(*shared));
	expect(request_irq(VECTOR_TIMER, on_tick, NULL), 0);
	start_timer(VECTOR_TIMER, PERIOD, true);
	r = run(ada, program, TICKS, &exit);
	stop_timer();
	free_irq(VECTOR_TIMER);
	expect(r, 0);
	expect(exit.value >= TICKS, true);
	expect(unexpected_irqs(), unexpected);
	expect(smp_processor_id(), 0);
	expect(preempt_count(), 0);
	expect(irqs_disabled(), false);
	expect(cpu_read_cr3(), (uint64_t)mmu_root());
}

static void interrupted(void)
{
	interrupted_in(user_await);
}

static void without_gs(void)
{
	interrupted_in(user_gs);
}

static const struct tap_case cases[] = {
	{"ring 3: it gets its argument, and nothing of the kernel's",
	 registers},
	{"ring 3: the kernel's memory is not there", kernel_memory},
	{"ring 3: data does not run, and code is not written", rights},
	{"ring 3: no privileged instruction, no port, no x87", privileges},
	{"ring 3: it begins at user addresses only", entries},
	{"ring 3: interrupts come", interrupted},
	{"ring 3: it may load GS, and interrupts still come", without_gs},
};

const struct tap_group ring3_group = TAP_GROUP(cases);
