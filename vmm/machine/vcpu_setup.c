/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/vcpu_setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <labyrinth/bootinfo.h>
#include <labyrinth/hypercall.h>

#include "base/cleanup.h"
#include "base/kvm_compat.h"
#include "machine/boot.h"

/* KVM's own bound is 256 entries; ours are two of them. */
#define CPUID_MAX 256

#define CR0_PE	  (UINT64_C(1) << 0)
#define CR0_MP	  (UINT64_C(1) << 1)
#define CR0_ET	  (UINT64_C(1) << 4)
#define CR0_NE	  (UINT64_C(1) << 5)
#define CR0_WP	  (UINT64_C(1) << 16)
#define CR0_PG	  (UINT64_C(1) << 31)
#define CR4_PAE	  (UINT64_C(1) << 5)
#define EFER_LME  (UINT64_C(1) << 8)
#define EFER_LMA  (UINT64_C(1) << 10)
#define MCG_SER_P (UINT64_C(1) << 24)

/* Drop the hypervisor's leaves, say that there is a hypervisor. */
static void adopt_entries(struct kvm_cpuid2 *cpuid, uint32_t id)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid->entries[i];
		if (e->function >> 28 == 4)
			continue;
		if (e->function == 1) {
			e->ebx = (e->ebx & 0x00ffffffu) | id << 24;
			e->ecx |= 1u << 31 | 1u << 21; /* we; x2APIC */
		}
		if (e->function == 0xb || e->function == 0x1f)
			e->edx = id; /* x2APIC id */
		cpuid->entries[kept++] = *e;
	}
	cpuid->nent = kept;
}

static void add_entry(struct kvm_cpuid2 *cpuid, struct kvm_cpuid_entry2 entry)
{
	cpuid->entries[cpuid->nent++] = entry;
}

int vcpu_setup_cpuid(const struct vm *vm, int vcpu, unsigned int id,
		     const struct vcpu_identity *identity, struct err *err)
{
	cleanup_free struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) +
				  (CPUID_MAX + 2) * sizeof(cpuid->entries[0]));

	if (cpuid == NULL)
		return err_set(err, ENOMEM, "cannot hold KVM's CPUID table");
	cpuid->nent = CPUID_MAX;
	if (ioctl(vm->kvm, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
		return err_set(err, errno, "cannot read KVM's CPUID table");
	adopt_entries(cpuid, id);
	add_entry(cpuid,
		  (struct kvm_cpuid_entry2){.function = LAB_CPUID_SIGNATURE,
					    .eax = LAB_CPUID_ABI,
					    .ebx = LAB_SIGNATURE_EBX,
					    .ecx = LAB_SIGNATURE_ECX,
					    .edx = LAB_SIGNATURE_EDX});
	add_entry(cpuid, (struct kvm_cpuid_entry2){.function = LAB_CPUID_ABI,
						   .eax = LAB_ABI_VERSION,
						   .ebx = identity->features,
						   .ecx = identity->transport});
	if (ioctl(vcpu, KVM_SET_CPUID2, cpuid) < 0)
		return err_set(err, errno, "cannot give the vCPU its CPUID");
	return 0;
}

int vcpu_setup_machine_check(const struct vm *vm, int vcpu, struct err *err)
{
	uint64_t supported = 0;

	if (ioctl(vm->kvm, KVM_X86_GET_MCE_CAP_SUPPORTED, &supported) < 0)
		return err_set(err, errno,
			       "cannot ask KVM for its machine checks");
	uint64_t cap = 1 | (supported & MCG_SER_P);
	if (ioctl(vcpu, KVM_X86_SETUP_MCE, &cap) < 0)
		return err_set(err, errno,
			       "cannot give the vCPU machine checks");
	return 0;
}

static struct kvm_segment flat(uint16_t selector, uint8_t type, uint8_t code)
{
	return (struct kvm_segment){
		.limit = 0xffffffffu,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
		.l = code,
		.db = !code,
		.g = 1,
	};
}

int vcpu_setup_registers(int vcpu, uint64_t entry, struct err *err)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = {
		.rip = entry,
		.rdi = LAB_BOOT_INFO_GPA,
		.rflags = 2, /* the bit that is always one; interrupts off */
	};

	if (ioctl(vcpu, KVM_GET_SREGS, &sregs) < 0)
		return err_set(err, errno, "cannot read the vCPU's registers");
	sregs.cs = flat(BOOT_CODE_SELECTOR, 11, 1);
	sregs.ds = flat(BOOT_DATA_SELECTOR, 3, 0);
	sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.ds;
	sregs.gdt.base = LAB_GDT_GPA;
	sregs.gdt.limit = BOOT_GDT_BYTES - 1;
	sregs.idt.base = 0;
	sregs.idt.limit = 0;
	sregs.cr3 = LAB_PAGE_TABLE_GPA;
	sregs.cr4 = CR4_PAE;
	sregs.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	sregs.efer = EFER_LME | EFER_LMA;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0 ||
	    ioctl(vcpu, KVM_SET_REGS, &regs) < 0)
		return err_set(err, errno, "cannot set the vCPU's registers");
	return 0;
}
