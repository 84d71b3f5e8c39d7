/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "base/kvm_compat.h"

static int check_required(const struct vm *self, struct err *err)
{
	int version = ioctl(self->kvm, KVM_GET_API_VERSION, 0);

	if (version < 0)
		return err_set(err, errno,
			       "ask /dev/kvm for its API (is it KVM's?)");
	if (version != KVM_API_VERSION)
		return err_say(err, ENOTSUP,
			       "/dev/kvm speaks API version %d, not %d",
			       version, KVM_API_VERSION);
	int sync = ioctl(self->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS);
	if (sync < 0)
		return err_set(err, errno, "ask KVM what it can do");
	int want = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
	if ((sync & want) != want)
		return err_say(err, ENOTSUP,
			       "this kernel's KVM has no KVM_CAP_SYNC_REGS; "
			       "Linux 4.17 and newer have it");
	if (ioctl(self->kvm, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0)
		return err_say(err, ENOTSUP,
			       "this kernel's KVM has no "
			       "KVM_CAP_IMMEDIATE_EXIT; Linux 4.13 and newer "
			       "have it");
	return 0;
}

int vm_open(struct vm *self, struct err *err)
{
	*self = VM_NONE;
	self->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (self->kvm < 0)
		return err_set(err, errno,
			       "cannot open /dev/kvm (is KVM there, and may "
			       "this user use it? see the group kvm)");
	int r = check_required(self, err);
	if (r < 0)
		return r;
	/* It takes all locks of this process's memory, unless interrupted. */
	do {
		self->fd = ioctl(self->kvm, KVM_CREATE_VM, 0);
	} while (self->fd < 0 && errno == EINTR);
	if (self->fd < 0)
		return err_set(err, errno,
			       "cannot create a VM (KVM_CREATE_VM)");
	int xen = ioctl(self->fd, KVM_CHECK_EXTENSION, KVM_CAP_XEN_HVM);
	self->has_vmcall =
		xen > 0 && (xen & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL) != 0;
	self->has_pre_fault = ioctl(self->fd, KVM_CHECK_EXTENSION,
				    KVM_CAP_PRE_FAULT_MEMORY) > 0;
	self->has_stats = ioctl(self->fd, KVM_CHECK_EXTENSION,
				KVM_CAP_BINARY_STATS_FD) > 0;
	int files =
		ioctl(self->fd, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_MEMFD_FLAGS);
	self->has_guest_memfd =
		files > 0 && (files & KVM_MAPPABLE_FILE) == KVM_MAPPABLE_FILE;
	/* Local APICs in the kernel; the I/O APIC, of which nothing is used,
	 * would be ours. Before the first vCPU. */
	struct kvm_enable_cap split = {.cap = KVM_CAP_SPLIT_IRQCHIP,
				       .args = {24}};
	if (ioctl(self->fd, KVM_ENABLE_CAP, &split) < 0)
		return err_set(err, errno,
			       "cannot have local APICs in the kernel "
			       "(KVM_CAP_SPLIT_IRQCHIP)");
	/* Three pages that Intel's real mode needs; AMD ignores them. */
	if (ioctl(self->fd, KVM_SET_TSS_ADDR, 0xfffbd000UL) < 0)
		return err_set(err, errno, "cannot place the VM's TSS");
	return 0;
}

int vm_intercept_vmcall(struct vm *self, struct err *err)
{
	struct kvm_xen_hvm_config config = {
		.flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL,
		/*
		 * KVM intercepts for VMs only that name an MSR. Nobody is
		 * told of this one; a guest that writes it has a page of its
		 * own filled with hypercall stubs, and nothing more.
		 */
		.msr = 0x4c420000,
	};

	if (!self->has_vmcall)
		return err_say(err, ENOTSUP,
			       "this kernel does not hand hypercalls to user "
			       "space (no KVM_CAP_XEN_HVM with "
			       "INTERCEPT_HCALL): use --transport=port");
	if (ioctl(self->fd, KVM_XEN_HVM_CONFIG, &config) < 0)
		return err_set(err, errno,
			       "cannot have hypercalls handed to user space "
			       "(KVM_XEN_HVM_CONFIG)");
	return 0;
}

int vm_set_slot(struct vm *self, enum vm_slot slot, uint64_t gpa, void *host,
		uint64_t bytes, struct err *err)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)host,
	};

	if (ioctl(self->fd, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return err_set(err, errno,
			       "cannot give the VM %llu MiB at guest address "
			       "%#llx",
			       (unsigned long long)bytes >> 20,
			       (unsigned long long)gpa);
	return 0;
}

int vm_listen(struct vm *self, uint16_t port, int eventfd, struct err *err)
{
	struct kvm_ioeventfd request = {
		.addr = port,
		.len = 1,
		.fd = eventfd,
		.flags = KVM_IOEVENTFD_FLAG_PIO,
	};

	if (ioctl(self->fd, KVM_IOEVENTFD, &request) < 0)
		return err_set(err, errno,
			       "cannot hear port %#x (KVM_IOEVENTFD)", port);
	return 0;
}

void vm_pre_fault(struct vm *self, uint64_t gpa, uint64_t bytes)
{
	struct kvm_pre_fault_memory range = {.gpa = gpa, .size = bytes};

	if (!self->has_pre_fault || self->pre_faulter < 0)
		return;
	pthread_mutex_lock(&self->window_there);
	/* KVM moves gpa on and shrinks size as it goes. */
	while (range.size > 0) {
		if (ioctl(self->pre_faulter, KVM_PRE_FAULT_MEMORY, &range) ==
			    0 ||
		    errno == EINTR || errno == EAGAIN)
			continue;
		/* Shadow paging cannot: never ask again. A lease that was
		 * revoked meanwhile is another matter. */
		if (errno != EFAULT)
			self->has_pre_fault = false;
		break;
	}
	pthread_mutex_unlock(&self->window_there);
}

int vm_make_memory(struct vm *self, int *fd, struct err *err)
{
	struct kvm_create_guest_memfd create = {.size = LAB_EXTENT_SIZE,
						.flags = KVM_MAPPABLE_FILE};

	*fd = ioctl(self->fd, KVM_CREATE_GUEST_MEMFD, &create);
	if (*fd >= 0 && fcntl(*fd, F_SETFD, FD_CLOEXEC) == 0)
		return 0;
	return err_set(err, errno,
		       "cannot make memory of this VM "
		       "(KVM_CREATE_GUEST_MEMFD)");
}

/* Where a local APIC hears messages, and how one names its processor. */
#define MSI_ADDRESS  UINT32_C(0xfee00000)
#define MSI_TO(apic) ((uint32_t)(apic) << 12)

int vm_interrupt(struct vm *self, unsigned int apic, unsigned int vector,
		 struct err *err)
{
	struct kvm_msi msi = {.address_lo = MSI_ADDRESS | MSI_TO(apic),
			      .data = vector};

	/* 0: the guest has not switched this APIC on, and hears nothing. */
	if (ioctl(self->fd, KVM_SIGNAL_MSI, &msi) < 0)
		return err_set(err, errno, "cannot interrupt processor %u",
			       apic);
	return 0;
}

void vm_close(struct vm *self)
{
	if (self->pre_faulter >= 0)
		close(self->pre_faulter);
	if (self->fd >= 0)
		close(self->fd);
	if (self->kvm >= 0)
		close(self->kvm);
	*self = VM_NONE;
}
