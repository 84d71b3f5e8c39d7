/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "hcall/handlers.h"
#include "machine/gpa.h"

/* What this processor has cost: 0 or -ENODATA. Makes system calls. */
static int collect(struct vcpu *vcpu, struct lab_stats *stats)
{
	uint64_t counts[STATS_COUNTS];
	struct rusage usage;

	int r = vcpu_stats(vcpu, counts);
	if (r < 0)
		return r;
	/* The thread's and not the process's: KVM has a page of the host
	 * faulted in by the vCPU's own thread, so that all which a touch can
	 * cost is here, and nothing that others do. Cannot fail. */
	getrusage(RUSAGE_THREAD, &usage);
	*stats = (struct lab_stats){
		.exits = counts[STATS_EXITS],
		.guest_faults = counts[STATS_FAULTS],
		.interrupts = counts[STATS_INTERRUPTS],
		.user_exits = vcpu->user_exits,
		.host_faults = (uint64_t)(usage.ru_minflt + usage.ru_majflt),
		.host_major = (uint64_t)usage.ru_majflt,
	};
	return 0;
}

int64_t hcall_stats(struct hcall_guest *guest, const struct vcpu_call *call)
{
	struct lab_stats stats;
	uint64_t size = call->args[1];

	if (size == 0)
		return -E2BIG;
	/* A newer guest may ask for more than there is. */
	if (size > sizeof(stats))
		size = sizeof(stats);
	spin_unlock(&guest->lock);
	int r = collect(call->vcpu, &stats);
	spin_lock(&guest->lock);
	if (r < 0)
		return r;
	/* Now, and not before: another processor may have released it. */
	void *to =
		gpa_to_host(guest->memory, guest->window, call->args[0], size);
	if (to == NULL)
		return -EFAULT;
	memcpy(to, &stats, size);
	return (int64_t)size;
}
