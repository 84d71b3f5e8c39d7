/* SPDX-License-Identifier: MIT */
/* The IDT, the report of an exception nobody expected, and the fixups. All
 * processors share it. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "console.h"
#include "cpu.h"
#include "irq.h"
#include "percpu.h"
#include "segment.h"
#include "trap.h"

enum {
	DOUBLE_FAULT = 8,
	NMI = 2,
	GENERAL_PROTECTION = 13,
	PAGE_FAULT = 14,
	MACHINE_CHECK = 18,
	EXCEPTIONS = 32,
	GATES = 256,
};

#define DOOR_SIZE 16 /* vectors.S */

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t stack; /* of the TSS, or 0 */
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

struct fixup {
	uint64_t from, to; /* RIPs */
};

extern const char trap_doors[];					/* vectors.S */
extern const struct fixup lab_fixups_start[], lab_fixups_end[]; /* guest.lds */

/* Called by vectors.S; if it returns, the frame says where to go on. */
void trap_handle(struct trap_frame *frame);

static struct gate idt[GATES];
static trap_ring3_hook ring3_hook; /* atomic */

static const char *const names[EXCEPTIONS] = {
	[0] = "divide error",
	[1] = "debug",
	[2] = "non-maskable interrupt",
	[3] = "breakpoint",
	[4] = "overflow",
	[5] = "bound range exceeded",
	[6] = "invalid opcode",
	[7] = "device not available",
	[8] = "double fault",
	[10] = "invalid TSS",
	[11] = "segment not present",
	[12] = "stack fault",
	[13] = "general protection",
	[14] = "page fault",
	[16] = "floating-point error",
	[17] = "alignment check",
	[18] = "machine check",
	[19] = "vector floating-point error",
	[20] = "virtualization",
	[21] = "control protection",
	[28] = "hypervisor injection",
	[29] = "VMM communication",
	[30] = "security",
};

const char *trap_name(unsigned int vector)
{
	return vector < EXCEPTIONS ? names[vector] : NULL;
}

struct trap_refusal trap_last_refusal(void)
{
	return this_cpu()->last_refusal;
}

/* The address in bank 0, or 0 if the bank has none. */
static uint64_t machine_check_address(void)
{
	uint64_t wanted = CPU_MC_VAL | CPU_MC_ADDRV;

	if ((cpu_rdmsr(CPU_MSR_MCG_CAP) & 0xff) == 0 ||
	    (cpu_rdmsr(CPU_MSR_MC0_STATUS) & wanted) != wanted)
		return 0;
	return cpu_rdmsr(CPU_MSR_MC0_ADDR);
}

/* Until this, the next machine check would shut the processor down. */
static void machine_check_done(void)
{
	if (cpu_rdmsr(CPU_MSR_MCG_CAP) & 0xff)
		cpu_wrmsr(CPU_MSR_MC0_STATUS, 0);
	cpu_wrmsr(CPU_MSR_MCG_STATUS,
		  cpu_rdmsr(CPU_MSR_MCG_STATUS) & ~CPU_MCG_MCIP);
}

/* The address that an exception tells of, or 0. */
static uint64_t fault_address(const struct trap_frame *frame)
{
	switch (frame->vector) {
	case MACHINE_CHECK:
		return machine_check_address();
	case PAGE_FAULT:
		return cpu_read_cr2();
	default:
		return 0;
	}
}

/* Is this an access that may be refused? Then step over it. */
static bool recover(struct trap_frame *frame)
{
	const struct fixup *fixup = lab_fixups_start;
	uint64_t address = fault_address(frame);

	if (frame->vector != MACHINE_CHECK && frame->vector != PAGE_FAULT &&
	    frame->vector != GENERAL_PROTECTION)
		return false;

	while (fixup < lab_fixups_end && fixup->from != frame->rip)
		fixup++;
	if (fixup == lab_fixups_end)
		return false;
	frame->rip = fixup->to;
	this_cpu()->last_refusal = (struct trap_refusal){
		.vector = (unsigned int)frame->vector,
		.address = address,
	};
	if (frame->vector == MACHINE_CHECK)
		machine_check_done();
	return true;
}

/* Is this ring 3's end, by its call or by a fault of its own? */
static bool end_ring3(struct trap_frame *frame)
{
	trap_ring3_hook hook = __atomic_load_n(&ring3_hook, __ATOMIC_ACQUIRE);
	uint64_t vector = frame->vector;

	if (!hook || !(frame->cs & 3) || vector == NMI ||
	    vector == DOUBLE_FAULT ||
	    (vector >= EXCEPTIONS && vector != LAB_RING3_CALL) ||
	    !hook(frame, fault_address(frame)))
		return false;
	if (vector == MACHINE_CHECK)
		machine_check_done();
	return true;
}

static void explain(const struct trap_frame *frame)
{
	uint64_t error = frame->error;

	if (frame->vector == PAGE_FAULT)
		printf("*** a %s in ring %d at %016lx: %s\n",
		       error & 16  ? "fetch"
		       : error & 2 ? "write"
				   : "read",
		       error & 4 ? 3 : 0, cpu_read_cr2(),
		       error & 1 ? "not allowed" : "no such page");
	/* The push that did not fit was a page fault first. */
	if (frame->vector == DOUBLE_FAULT &&
	    cpu_read_cr2() - this_cpu()->stack_guard < PAGE_SIZE)
		puts("*** the stack is used up");
	if (frame->vector == MACHINE_CHECK)
		printf("*** bank 0: status %016lx, address %016lx\n",
		       cpu_rdmsr(CPU_MSR_MC0_STATUS), machine_check_address());
}

static void report(const struct trap_frame *f)
{
	const char *name = names[f->vector];

	printf("\n*** exception %lu: %s, error code 0x%lx, on processor %u\n",
	       f->vector, name ? name : "reserved", f->error,
	       smp_processor_id());
	explain(f);
	printf("*** RIP %016lx  CS %04lx  RFLAGS %08lx  RSP %016lx\n", f->rip,
	       f->cs, f->rflags, f->rsp);
	printf("*** RAX %016lx  RBX %016lx  RCX %016lx\n", f->rax, f->rbx,
	       f->rcx);
	printf("*** RDX %016lx  RSI %016lx  RDI %016lx\n", f->rdx, f->rsi,
	       f->rdi);
	printf("*** RBP %016lx  R8  %016lx  R9  %016lx\n", f->rbp, f->r8,
	       f->r9);
	printf("*** R10 %016lx  R11 %016lx  R12 %016lx\n", f->r10, f->r11,
	       f->r12);
	printf("*** R13 %016lx  R14 %016lx  R15 %016lx\n", f->r13, f->r14,
	       f->r15);
	printf("*** CR2 %016lx  CR4 %08lx\n", cpu_read_cr2(), cpu_read_cr4());
}

void trap_handle(struct trap_frame *frame)
{
	static bool reporting;

	if (end_ring3(frame))
		return;
	if (frame->vector >= EXCEPTIONS) {
		irq_handle((unsigned int)frame->vector);
		return;
	}
	if (recover(frame))
		return;
	console_claim_end();
	/* An exception in its own report gets none. */
	if (!reporting) {
		reporting = true;
		report(frame);
	}
	exit(LAB_EXIT_MAX);
}

static void set_gate(unsigned int vector, uint64_t entry, uint8_t stack,
		     unsigned int ring)
{
	idt[vector] = (struct gate){
		.offset_low = (uint16_t)entry,
		.selector = SEGMENT_KERNEL_CODE,
		.stack = stack,
		.type = (uint8_t)(0x8e | ring << 5),
		.offset_middle = (uint16_t)(entry >> 16),
		.offset_high = (uint32_t)(entry >> 32),
	};
}

void trap_catch_ring3(trap_ring3_hook hook)
{
	__atomic_store_n(&ring3_hook, hook, __ATOMIC_RELEASE);
}

void trap_set_gate(unsigned int vector, void (*entry)(void), unsigned int ring)
{
	if (vector < EXCEPTIONS || vector >= LAB_IRQ_FIRST || ring > 3)
		panic("no gate for vector %u, ring %u", vector, ring);
	set_gate(vector, (uint64_t)entry, 0, ring);
}

static uint8_t spare_stack(unsigned int vector)
{
	switch (vector) {
	case DOUBLE_FAULT:
		return SEGMENT_STACK_FAULT;
	case MACHINE_CHECK:
		return SEGMENT_STACK_MACHINE_CHECK;
	case NMI:
		return SEGMENT_STACK_NMI;
	default:
		return 0;
	}
}

void trap_load(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = {sizeof(idt) - 1, (uint64_t)idt};

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

void trap_init(void)
{
	for (unsigned int i = 0; i < GATES; i++)
		set_gate(i, (uint64_t)trap_doors + (uint64_t)i * DOOR_SIZE,
			 spare_stack(i), i == LAB_RING3_CALL ? 3 : 0);
	trap_load();
}
