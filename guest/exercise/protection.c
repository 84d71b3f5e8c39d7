/* SPDX-License-Identifier: MIT */
/* Selftest: the guest's own page tables and exceptions. */
#include "freestanding.h"

#include "mmu.h"
#include "segment.h"
#include "selftest.h"
#include "trap.h"

#define RING3_GATE 0x20 /* ring3.S */

extern char lab_text_start[], lab_rodata_start[], lab_stack_guard[];

/* ring3.S */
int64_t ring3_enter(int64_t (*function)(void), uint64_t stack);
void ring3_back(void);

int64_t ring3_call(int64_t (*function)(void))
{
	static char user_stack[4096] __attribute__((aligned(16)));
	static char kernel_stack[4096] __attribute__((aligned(16)));
	unsigned long flags;
	int64_t result;

	trap_set_gate(RING3_GATE, ring3_back, 3);
	segment_set_ring0_stack((uint64_t)kernel_stack + sizeof(kernel_stack));
	mmu_open_image(true);
	/* The way back is by a gate that leaves interrupts off. */
	flags = local_irq_save();
	result = ring3_enter(function,
			     (uint64_t)user_stack + sizeof(user_stack));
	local_irq_restore(flags);
	mmu_open_image(false);
	return result;
}

/* Refused with this vector and address? */
static bool faults(bool answered, unsigned int vector, const void *address)
{
	struct trap_refusal refusal = trap_last_refusal();

	expect_or_false(answered, false);
	expect_or_false(refusal.vector, vector);
	expect_or_false(refusal.address, (uint64_t)address);
	return true;
}

static void page_zero(void)
{
	/* Where a NULL with a small offset leads. */
	char *address = (char *)8;
	uint8_t byte = 7;

	if (faults(lab_probe_read(address, &byte), 14, address))
		faults(lab_probe_write(address, 1), 14, address);
	expect(byte, 7);
}

static void read_only(void)
{
	faults(lab_probe_write(lab_text_start, 0), 14, lab_text_start);
	faults(lab_probe_write(lab_rodata_start, 0), 14, lab_rodata_start);
	expect(lab_probe_read(lab_text_start, NULL), true);
	expect(lab_probe_read(lab_rodata_start, NULL), true);
}

static void no_execution(void)
{
	expect(run_data(), false);
	expect(trap_last_refusal().vector, 14);
}

static void guard_page(void)
{
	char *last = lab_stack_guard + PAGE_SIZE - 1;

	if (faults(lab_probe_write(last, 0), 14, last))
		expect(lab_probe_write(last + 1, 0), true);
}

static void not_mapped(void)
{
	char *ram = (char *)ram_end();
	char *window = (char *)window_end();

	faults(lab_probe_read(ram, NULL), 14, ram);
	faults(lab_probe_read(window, NULL), 14, window);
	expect(lab_probe_read(ram - 1, NULL), true);
}

static void not_canonical(void)
{
	faults(lab_probe_read((char *)(UINT64_C(1) << 62), NULL), 13, NULL);
}

static void memory_answers(void)
{
	volatile char word = 1;
	uint8_t value = 0;

	expect(lab_probe_write(&word, 42), true);
	expect(word, 42);
	expect(lab_probe_read(&word, &value), true);
	expect(value, 42);
}

static const struct tap_case cases[] = {
	{"page 0 is not there", page_zero},
	{"code and constants are read-only", read_only},
	{"data does not run", no_execution},
	{"the page below the stack is not there", guard_page},
	{"nothing behind RAM or the window is mapped", not_mapped},
	{"an impossible address: general protection", not_canonical},
	{"a probe of memory answers", memory_answers},
};

const struct tap_group protection_group = TAP_GROUP(cases);
