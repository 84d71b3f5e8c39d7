/* SPDX-License-Identifier: MIT */
/*
 * The processor's instructions that C has no words for, one function each,
 * and the numbers of the manuals that more than one file needs.
 */
#ifndef GUEST_CPU_H
#define GUEST_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define CPU_CR0_TS  (UINT64_C(1) << 3)	/* no x87, no MMX */
#define CPU_CR0_WP  (UINT64_C(1) << 16) /* ring 0 heeds read-only, too */
#define CPU_CR4_PAE (UINT64_C(1) << 5)
#define CPU_CR4_MCE (UINT64_C(1) << 6)

#define CPU_RFLAGS_FIXED (UINT64_C(1) << 1) /* always 1 */
#define CPU_RFLAGS_IF	 (UINT64_C(1) << 9) /* interrupts are on */

/* An entry of a page table. */
#define CPU_PTE_PRESENT (UINT64_C(1) << 0)
#define CPU_PTE_WRITE	(UINT64_C(1) << 1)
#define CPU_PTE_USER	(UINT64_C(1) << 2) /* ring 3 may use it */
#define CPU_PTE_LARGE	(UINT64_C(1) << 7)
#define CPU_PTE_OURS	(UINT64_C(1) << 9) /* nothing to the processor */
#define CPU_PTE_NX	(UINT64_C(1) << 63)
#define CPU_PTE_ADDRESS UINT64_C(0x000ffffffffff000)

#define CPU_MSR_EFER	   UINT32_C(0xc0000080)
#define CPU_EFER_LME	   (UINT64_C(1) << 8)
#define CPU_EFER_NXE	   (UINT64_C(1) << 11)
#define CPU_MSR_GS_BASE	   UINT32_C(0xc0000101)
#define CPU_MSR_MCG_CAP	   UINT32_C(0x179)
#define CPU_MSR_MCG_STATUS UINT32_C(0x17a)
#define CPU_MCG_MCIP	   (UINT64_C(1) << 2) /* a machine check is handled */
#define CPU_MSR_MC0_STATUS UINT32_C(0x401)
#define CPU_MC_VAL	   (UINT64_C(1) << 63) /* the bank holds an error */
#define CPU_MC_ADDRV	   (UINT64_C(1) << 58) /* its address is valid */
#define CPU_MSR_MC0_ADDR   UINT32_C(0x402)

struct cpu_leaf {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpu_leaf cpu_cpuid(uint32_t leaf)
{
	struct cpu_leaf r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(0));
	return r;
}

static inline uint64_t cpu_rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void cpu_wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)),
			   "c"(msr)
			 : "memory");
}

/* The same, but false where the machine refuses; vectors.S. */
bool cpu_rdmsr_safe(uint32_t msr, uint64_t *value);
bool cpu_wrmsr_safe(uint32_t msr, uint64_t value);

static inline uint64_t cpu_read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static inline void cpu_write_cr0(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

/* The address of the last page fault. */
static inline uint64_t cpu_read_cr2(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint64_t cpu_read_cr3(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

static inline void cpu_write_cr3(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t cpu_read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline void cpu_write_cr4(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

static inline void cpu_invlpg(uint64_t address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline uint64_t cpu_read_rflags(void)
{
	uint64_t value;

	__asm__ volatile("pushfq\n\tpop %0" : "=r"(value));
	return value;
}

static inline void cpu_interrupts_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void cpu_interrupts_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/*
 * Let interrupts in and sleep until one comes. None slips in between: STI
 * takes effect after the instruction that follows it.
 */
static inline void cpu_wait_for_interrupt(void)
{
	__asm__ volatile("sti\n\thlt" : : : "memory");
}

/* In a loop that waits for another processor. */
static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Stop for good: interrupts are off, so nothing wakes it but an NMI. */
static inline void __attribute__((noreturn)) cpu_halt(void)
{
	for (;;)
		__asm__ volatile("cli\n\thlt");
}

#endif
