/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/vcpu.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <labyrinth/bootinfo.h>
#include <labyrinth/hypercall.h>

#include "base/kvm_compat.h"
#include "machine/cpus.h"
#include "machine/hole.h"

/* The page through which a vCPU and KVM speak. */
static int map_run(struct vcpu *self, struct err *err)
{
	int bytes = ioctl(self->vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	if (bytes < 0)
		return err_set(err, errno, "ask KVM for a vCPU's page");
	if (bytes < (int)sizeof(struct kvm_run))
		return err_say(err, ENOTSUP,
			       "KVM's vCPU page has %d bytes, too few", bytes);
	void *run = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE,
			 MAP_SHARED, self->fd, 0);
	if (run == MAP_FAILED)
		return err_set(err, errno, "cannot map the vCPU's page");
	self->run = run;
	self->run_bytes = (size_t)bytes;
	/* Registers come with each exit and go back only when changed. */
	self->run->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
	return 0;
}

int vcpu_open(struct vcpu *self, struct vm *vm, struct memory *memory,
	      const struct vcpu_identity *identity, uint64_t entry,
	      struct err *err)
{
	self->run = NULL;
	self->vm = vm;
	self->memory = memory;
	self->stats = STATS_NONE;
	self->fd = ioctl(vm->fd, KVM_CREATE_VCPU, self->id);
	if (self->fd < 0)
		return err_set(err, errno, "cannot create vCPU %u", self->id);
	int r = map_run(self, err);
	if (r == 0)
		r = vcpu_setup_cpuid(vm, self->fd, self->id, identity, err);
	if (r == 0)
		r = vcpu_setup_machine_check(vm, self->fd, err);
	if (r == 0 && self->id == 0)
		r = vcpu_setup_registers(self->fd, entry, err);
	return r;
}

#define RFLAGS_IF (UINT64_C(1) << 9)

/* A hypercall by OUT: registers as for VMCALL, in the shared page. */
static bool port_call(struct vcpu *self, const struct vcpu_ops *ops)
{
	struct kvm_regs *regs = &self->run->s.regs.regs;
	const struct vcpu_call call = {
		.vcpu = self,
		.number = regs->rax,
		.args = {regs->rdi, regs->rsi, regs->rdx, regs->r10},
		.ring = self->run->s.regs.sregs.ss.dpl,
		.may_sleep = (regs->rflags & RFLAGS_IF) != 0,
	};
	int64_t result = 0;

	bool goes_on = ops->hypercall(ops->context, &call, &result);
	regs->rax = (uint64_t)result;
	self->run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	return goes_on;
}

static bool vm_call(struct vcpu *self, const struct vcpu_ops *ops)
{
	struct kvm_xen_exit *xen = &self->run->xen;
	const struct vcpu_call call = {
		.vcpu = self,
		.number = xen->u.hcall.input,
		.args = {xen->u.hcall.params[0], xen->u.hcall.params[1],
			 xen->u.hcall.params[2], xen->u.hcall.params[3]},
		.ring = xen->u.hcall.cpl,
		.may_sleep = (self->run->s.regs.regs.rflags & RFLAGS_IF) != 0,
	};
	int64_t result = 0;

	bool goes_on = ops->hypercall(ops->context, &call, &result);
	xen->u.hcall.result = (uint64_t)result;
	return goes_on;
}

/* Any other port is an empty bus: reads give ones, writes are dropped. */
static bool port_exit(struct vcpu *self, const struct vcpu_ops *ops)
{
	struct kvm_run *run = self->run;

	if (run->io.port == LAB_PORT && run->io.size == 4 &&
	    run->io.count == 1 && run->io.direction == KVM_EXIT_IO_OUT)
		return port_call(self, ops);
	ops->mistake(ops->context);
	if (run->io.direction == KVM_EXIT_IO_IN)
		memset((uint8_t *)run + run->io.data_offset, 0xff,
		       (size_t)run->io.size * run->io.count);
	return true;
}

static void mmio_exit(struct vcpu *self, const struct vcpu_ops *ops)
{
	ops->mistake(ops->context);
	if (!self->run->mmio.is_write)
		memset(self->run->mmio.data, 0xff,
		       sizeof(self->run->mmio.data));
}

static int internal_error(const struct kvm_run *run, struct err *err)
{
	if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION)
		return err_say(err, EIO,
			       "KVM could not emulate the instruction at RIP");
	return err_say(err, EIO, "KVM reported an internal error (%u)",
		       run->internal.suberror);
}

/* What one exit asks for: 1 go on, 0 the guest has ended, else an error. */
static int handle_exit(struct vcpu *self, const struct vcpu_ops *ops,
		       struct err *err)
{
	const struct kvm_run *run = self->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		return port_exit(self, ops);
	case KVM_EXIT_XEN:
		if (run->xen.type != KVM_EXIT_XEN_HCALL)
			return err_say(err, EIO, "unknown Xen exit %u",
				       run->xen.type);
		return vm_call(self, ops);
	case KVM_EXIT_MMIO:
		mmio_exit(self, ops);
		return 1;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IOAPIC_EOI: /* of an I/O APIC that nothing drives */
		return 1;
	case KVM_EXIT_SHUTDOWN:
		return err_say(err, EFAULT,
			       "triple fault: an exception that it could not "
			       "take");
	case KVM_EXIT_FAIL_ENTRY:
		return err_say(err, EINVAL,
			       "the processor refused to enter it (%#llx)",
			       (unsigned long long)run->fail_entry
				       .hardware_entry_failure_reason);
	case KVM_EXIT_INTERNAL_ERROR:
		return internal_error(run, err);
	default:
		return err_say(err, EIO, "KVM exit %u, which nobody asked for",
			       run->exit_reason);
	}
}

/* One way into the guest and out again: 1 go on, 0 it has ended, or an error.
 */
static int run_once(struct vcpu *self, const struct vcpu_ops *ops,
		    struct err *err)
{
	gate_enter(&self->cpus->gate, self->id);
	int ran = ioctl(self->fd, KVM_RUN, 0);
	int code = errno;
	gate_leave(&self->cpus->gate, self->id);
	self->user_exits++;

	if (ran == 0)
		return handle_exit(self, ops, err);
	if (code == EFAULT) {
		ops->mistake(ops->context);
		int r = hole_touched(self, err);
		return r == HOLE_OTHER_EXIT ? handle_exit(self, ops, err) : r;
	}
	if (code == EINTR || code == EAGAIN)
		return 1;
	return err_set(err, code, "KVM_RUN failed");
}

int vcpu_run(struct vcpu *self, const struct vcpu_ops *ops, struct err *err)
{
	for (;;) {
		/* A kick sets it after `ended`; so clear it before the look. */
		__atomic_store_n(&self->run->immediate_exit, 0,
				 __ATOMIC_SEQ_CST);
		if (atomic_load(&self->cpus->ended))
			return 0;
		int r = run_once(self, ops, err);
		if (r <= 0)
			return r;
	}
}

/* No processor of the guest has this number. */
#define PRE_FAULTER_ID LAB_CPUS_MAX

int vcpu_open_pre_faulter(struct vm *vm, const struct vcpu_identity *identity,
			  struct err *err)
{
	if (!vm->has_pre_fault)
		return 0;
	vm->pre_faulter = ioctl(vm->fd, KVM_CREATE_VCPU, PRE_FAULTER_ID);
	if (vm->pre_faulter < 0)
		return err_set(err, errno,
			       "cannot create a vCPU to fill tables with");
	return vcpu_setup_cpuid(vm, vm->pre_faulter, PRE_FAULTER_ID, identity,
				err);
}

int vcpu_stats(struct vcpu *self, uint64_t counts[STATS_COUNTS])
{
	return stats_read(&self->stats, self->fd, counts);
}

void vcpu_close(struct vcpu *self)
{
	stats_close(&self->stats);
	if (self->run != NULL)
		munmap(self->run, self->run_bytes);
	if (self->fd >= 0)
		close(self->fd);
	*self = VCPU_NONE;
}
