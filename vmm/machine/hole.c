/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/hole.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>

#include <labyrinth/hypercall.h>

#include "machine/cpus.h"
#include "machine/gpa.h"
#include "machine/kvm_compat.h"

#define CR4_MCE	  (UINT64_C(1) << 6)
#define RFLAGS_IF (UINT64_C(1) << 9)

/* IA32_MCi_STATUS and IA32_MCG_STATUS, as Intel's and AMD's manuals say. */
#define MCI_VALID	(UINT64_C(1) << 63)
#define MCI_UNCORRECTED (UINT64_C(1) << 61)
#define MCI_ENABLED	(UINT64_C(1) << 60)
#define MCI_MISC_VALID	(UINT64_C(1) << 59)
#define MCI_ADDR_VALID	(UINT64_C(1) << 58)
#define MCI_SIGNALLED	(UINT64_C(1) << 56)
#define MCI_ACTION	(UINT64_C(1) << 55)
#define MCI_DATA_LOAD	UINT64_C(0x134)
#define MCI_MISC_PAGE	UINT64_C(0x8c) /* physical address, 4 KiB */
#define MCG_RESTART	(UINT64_C(1) << 0)
#define MCG_AT_RIP	(UINT64_C(1) << 1)
#define MCG_IN_PROGRESS (UINT64_C(1) << 2)

/*
 * Run the faulting instruction once without the window's slot: an access to
 * no slot at all is an MMIO exit, which has the address. The slot comes back
 * before anything else runs: every other vCPU is kept out of the guest, and
 * this one takes no interrupt. 1 if there was an exit, 0 if the guest has
 * ended meanwhile, or a negated errno.
 */
static int run_without_window(struct vcpu *self, struct err *err)
{
	struct memory *memory = self->memory;
	uint64_t bytes = (uint64_t)memory->window * LAB_EXTENT_SIZE;
	uint8_t *window =
		memory->base + (uint64_t)memory->ram * LAB_EXTENT_SIZE;

	int r = vm_set_slot(self->vm, VM_SLOT_WINDOW, LAB_WINDOW_BASE, window,
			    0, err);
	if (r < 0)
		return r;
	int run, code;
	bool ended;
	self->run->s.regs.regs.rflags &= ~RFLAGS_IF;
	self->run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	do {
		__atomic_store_n(&self->run->immediate_exit, 0,
				 __ATOMIC_SEQ_CST);
		ended = atomic_load(&self->cpus->ended);
		run = ended ? 0 : ioctl(self->fd, KVM_RUN, 0);
		code = errno;
	} while (run < 0 && (code == EINTR || code == EAGAIN));
	r = vm_set_slot(self->vm, VM_SLOT_WINDOW, LAB_WINDOW_BASE, window,
			bytes, err);
	if (r < 0 || ended)
		return r;
	if (run < 0)
		return err_say(err, code,
			       "it touched memory that is gone, and not in "
			       "its window: a lease of its RAM was revoked");
	return 1;
}

/* Let KVM finish the MMIO that it has begun, without running the guest. */
static int finish_access(struct vcpu *self, struct err *err)
{
	int r;

	self->run->immediate_exit = 1;
	do {
		/* An access over two pages is two MMIO exits. */
		memset(self->run->mmio.data, 0xff,
		       sizeof(self->run->mmio.data));
		r = ioctl(self->fd, KVM_RUN, 0);
	} while (r == 0 && self->run->exit_reason == KVM_EXIT_MMIO);
	self->run->immediate_exit = 0;
	if (r == 0 || errno != EINTR)
		return err_say(err, EIO,
			       "KVM did not finish an access to no memory");
	return 0;
}

static int inject(struct vcpu *self, uint64_t gpa, struct err *err)
{
	struct kvm_x86_mce check = {
		.status = MCI_VALID | MCI_UNCORRECTED | MCI_ENABLED |
			  MCI_MISC_VALID | MCI_ADDR_VALID | MCI_SIGNALLED |
			  MCI_ACTION | MCI_DATA_LOAD,
		.addr = gpa,
		.misc = MCI_MISC_PAGE,
		.mcg_status = MCG_RESTART | MCG_AT_RIP | MCG_IN_PROGRESS,
		.bank = 0,
	};

	if (ioctl(self->fd, KVM_X86_SET_MCE, &check) < 0)
		return err_set(err, errno,
			       "cannot give the guest a machine check");
	return 0;
}

/* Why the guest stops, when it cannot be told. */
static int stop(const struct vcpu *self, uint64_t gpa, uint32_t extent,
		struct err *err)
{
	if (memory_present(self->memory, extent))
		return err_say(
			err, EFAULT,
			"it touched guest page %#llx, whose lease "
			"%#llx is revoked",
			(unsigned long long)gpa,
			(unsigned long long)memory_lease(self->memory, extent));
	return err_say(err, EFAULT,
		       "it touched guest page %#llx, which has no lease, and "
		       "it has not enabled machine checks (CR4.MCE)",
		       (unsigned long long)gpa);
}

/*
 * What the access to `gpa` of the window means: `before` is the state at the
 * instruction that made it.
 */
static int answer(struct vcpu *self, uint64_t gpa,
		  const struct kvm_regs *before, struct err *err)
{
	bool can_tell = (self->run->s.regs.sregs.cr4 & CR4_MCE) != 0;
	uint32_t page = (uint32_t)gpa_to_page(self->memory, gpa);
	uint32_t extent =
		memory_window_extent(self->memory, page / LAB_EXTENT_PAGES);

	bool filled = memory_readable(self->memory, extent);
	if (!filled && (!can_tell || memory_present(self->memory, extent)))
		return stop(self, gpa, extent, err);
	int r = finish_access(self, err);
	if (r < 0)
		return r;
	/* As if the instruction had never begun; this precedes the check,
	 * for setting registers drops a pending exception. */
	if (ioctl(self->fd, KVM_SET_REGS, before) < 0)
		return err_set(err, errno, "cannot set the vCPU's registers");
	/* Another vCPU has had a lease mapped there meanwhile: try again. */
	if (filled)
		return 1;
	r = inject(self, gpa, err);
	return r < 0 ? r : 1;
}

int hole_touched(struct vcpu *self, struct err *err)
{
	struct kvm_regs before = self->run->s.regs.regs;

	if (self->memory->window == 0)
		return err_say(err, EFAULT,
			       "its RAM is gone: a lease of it was revoked");
	cpus_pause(self->cpus);
	int r = run_without_window(self, err);
	cpus_resume(self->cpus);
	if (r <= 0)
		return r;
	if (self->run->exit_reason == KVM_EXIT_MMIO &&
	    gpa_to_page(self->memory, self->run->mmio.phys_addr) >= 0)
		return answer(self, self->run->mmio.phys_addr, &before, err);
	/* It is out for another reason, which is the loop's to handle. */
	self->run->s.regs.regs.rflags |= before.rflags & RFLAGS_IF;
	self->run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	return HOLE_OTHER_EXIT;
}
