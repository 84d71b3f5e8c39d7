/* SPDX-License-Identifier: MIT */
/*
 * The only file with the hypercall instruction. A call keeps every register
 * but RAX, and may write to memory that its arguments point to.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "cpu.h"
#include "hcall.h"

static enum {
	INSTRUCTION_OUT,
	INSTRUCTION_VMCALL,
	INSTRUCTION_VMMCALL,
} instruction;

/* "AuthenticAMD" or "HygonGenuine", by their EBX. */
static bool vendor_is_amd(void)
{
	uint32_t ebx = cpu_cpuid(0).ebx;

	return ebx == UINT32_C(0x68747541) || ebx == UINT32_C(0x6f677948);
}

void hcall_init(void)
{
	struct cpu_leaf signature = cpu_cpuid(LAB_CPUID_SIGNATURE);
	struct cpu_leaf abi = cpu_cpuid(LAB_CPUID_ABI);

	if (signature.ebx != LAB_SIGNATURE_EBX ||
	    signature.ecx != LAB_SIGNATURE_ECX ||
	    signature.edx != LAB_SIGNATURE_EDX || abi.eax != LAB_ABI_VERSION)
		cpu_halt();
	if (abi.ecx == LAB_TRANSPORT_PORT)
		instruction = INSTRUCTION_OUT;
	else if (abi.ecx == LAB_TRANSPORT_VMCALL)
		instruction = vendor_is_amd() ? INSTRUCTION_VMMCALL
					      : INSTRUCTION_VMCALL;
	else
		cpu_halt();
}

unsigned int lab_transport(void)
{
	return instruction == INSTRUCTION_OUT ? LAB_TRANSPORT_PORT
					      : LAB_TRANSPORT_VMCALL;
}

int64_t lab_hypercall(uint64_t number, uint64_t a, uint64_t b, uint64_t c,
		      uint64_t d)
{
	register uint64_t r10 __asm__("r10") = d;
	uint64_t rax = number;

	switch (instruction) {
	case INSTRUCTION_OUT:
		__asm__ volatile("outl %%eax, %[port]"
				 : "+a"(rax)
				 : [port] "N"(LAB_PORT), "D"(a), "S"(b), "d"(c),
				   "r"(r10)
				 : "memory");
		break;
	case INSTRUCTION_VMCALL:
		__asm__ volatile("vmcall"
				 : "+a"(rax)
				 : "D"(a), "S"(b), "d"(c), "r"(r10)
				 : "memory");
		break;
	case INSTRUCTION_VMMCALL:
		__asm__ volatile("vmmcall"
				 : "+a"(rax)
				 : "D"(a), "S"(b), "d"(c), "r"(r10)
				 : "memory");
		break;
	}
	return (int64_t)rax;
}
