/* SPDX-License-Identifier: MIT */
/*
 * A machine of one page whose guest does nothing but leave by a port, and a VMM
 * that does nothing but let it in again: no exit to user space can be cheaper.
 * Prints cycles of the time-stamp counter, the median of batches.
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../testbed/tiny-guest.h"
#include "bench.h"

#define BATCH	100
#define BATCHES 64

/* For ever: out %al, $0x10. */
static const uint8_t code[] = {0xe6, 0x10, 0xeb, 0xfc};

/* One batch of exits, each of which must be the one that was asked for. */
static uint64_t run_batch(int vcpu, const struct kvm_run *run)
{
	uint64_t before = __builtin_ia32_rdtsc();

	for (int i = 0; i < BATCH; i++) {
		if (ioctl(vcpu, KVM_RUN, 0) < 0)
			err(1, "KVM_RUN failed");
		if (run->exit_reason != KVM_EXIT_IO)
			errx(1, "the guest left with reason %u",
			     run->exit_reason);
	}
	return __builtin_ia32_rdtsc() - before;
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	uint64_t samples[BATCHES];

	if (kvm < 0)
		err(1, "cannot open /dev/kvm");
	int vm = ASK(kvm, KVM_CREATE_VM, NULL);
	load_guest(vm, code, sizeof(code));
	int vcpu = ASK(vm, KVM_CREATE_VCPU, NULL);
	struct kvm_run *run =
		mmap(NULL, (size_t)ASK(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
		     PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		err(1, "cannot map the processor's state");
	start_at_code(vcpu);
	for (int i = 0; i < BATCHES; i++)
		samples[i] = run_batch(vcpu, run);
	uint64_t median = bench_median(samples, BATCHES);
	printf("exit_cycles %" PRIu64 ".%02" PRIu64 "\n", median / BATCH,
	       median % BATCH * 100 / BATCH);
	return 0;
}
