/* SPDX-License-Identifier: MIT */
/*
 * Proves that /dev/kvm runs guest code: one machine, one processor, three
 * instructions in real mode.  Prints what the guest said, and the capabilities
 * that matter to Labyrinth; exits 0 only if the guest said it.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tiny-guest.h"

#define PORT 0x10

/* Headers older than the kernel lack some of these: the numbers are ABI. */
static const struct {
	const char *name;
	int number;
} capabilities[] = {
	{"KVM_CAP_XEN_HVM", 38},
	{"KVM_CAP_SYNC_REGS", 74},
	{"KVM_CAP_GUEST_MEMFD", 234},
	{"KVM_CAP_PRE_FAULT_MEMORY", 236},
	{"KVM_CAP_GUEST_MEMFD_FLAGS", 244},
};

/* mov $'!', %al; out %al, $PORT; hlt */
static const unsigned char code[] = {0xb0, '!', 0xe6, PORT, 0xf4};

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm, vcpu, said = 0;
	struct kvm_run *run;

	if (kvm < 0)
		err(1, "cannot open /dev/kvm");
	if (ASK(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		errx(1, "/dev/kvm speaks another version");
	vm = ASK(kvm, KVM_CREATE_VM, 0);
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(*capabilities);
	     i++)
		printf("%s %#x\n", capabilities[i].name,
		       ASK(vm, KVM_CHECK_EXTENSION, capabilities[i].number));

	load_guest(vm, code, sizeof(code));
	vcpu = ASK(vm, KVM_CREATE_VCPU, 0);
	run = mmap(NULL, (size_t)ASK(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
		   PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		err(1, "cannot map the processor's state");
	start_at_code(vcpu);

	for (;;) {
		ASK(vcpu, KVM_RUN, 0);
		switch (run->exit_reason) {
		case KVM_EXIT_IO:
			said = *((char *)run + run->io.data_offset);
			printf("the guest said %c on port %#x\n", said,
			       run->io.port);
			break;
		case KVM_EXIT_HLT:
			return said != '!';
		default:
			errx(1, "the guest left with reason %u",
			     run->exit_reason);
		}
	}
}
