/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/hole.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>
#include <labyrinth/lease.h>

#include "base/kvm_compat.h"
#include "machine/cpus.h"
#include "machine/gpa.h"

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
#define MSR_MC0_CTL	0x400
#define MCG_RESTART	(UINT64_C(1) << 0)
#define MCG_AT_RIP	(UINT64_C(1) << 1)
#define MCG_IN_PROGRESS (UINT64_C(1) << 2)

/* Does this address lie in a window extent that holds nothing readable? */
static bool is_hole(const struct vcpu *self, uint64_t gpa)
{
	int64_t page = gpa_to_page(self->memory, gpa);

	return page >= 0 &&
	       !memory_readable(
		       self->memory,
		       memory_window_extent(self->memory,
					    (uint32_t)page / LAB_EXTENT_PAGES));
}

/*
 * Let KVM finish the MMIO that it has begun, without running the guest. An
 * access over two pages is two exits, and a locked one reads and writes; *gpa
 * becomes the first address that lies in a hole, if there is one. The window's
 * slot is still out: else KVM fails to emulate a locked access.
 */
static int finish_access(struct vcpu *self, uint64_t *gpa, struct err *err)
{
	int r;

	self->run->immediate_exit = 1;
	do {
		if (!is_hole(self, *gpa))
			*gpa = self->run->mmio.phys_addr;
		memset(self->run->mmio.data, 0xff,
		       sizeof(self->run->mmio.data));
		r = ioctl(self->fd, KVM_RUN, 0);
	} while (r == 0 && self->run->exit_reason == KVM_EXIT_MMIO);
	self->run->immediate_exit = 0;
	if (r == 0 || errno != EINTR)
		return err_say(err, EIO,
			       "KVM did not finish an access to no memory");
	self->run->exit_reason = KVM_EXIT_MMIO;
	return 0;
}

/*
 * What KVM cannot emulate without the slot (a page table there, say) it may
 * try for ever without an exit. A signal ends that, after processor time and
 * not after time, so that a busy host does not.
 */
#define DEADLINE_MS 100

static int start_deadline(timer_t *timer, struct err *err)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
				 .sigev_signo = SIGUSR1,
				 ._sigev_un._tid = gettid()};
	/* Again and again: the first may come on the way into KVM_RUN. */
	const struct timespec period = {.tv_nsec = DEADLINE_MS * 1000000L};
	const struct itimerspec times = {.it_value = period,
					 .it_interval = {.tv_nsec = 1000000}};

	if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, timer) < 0)
		return err_set(err, errno, "cannot set a deadline for KVM");
	if (timer_settime(*timer, 0, &times, NULL) == 0)
		return 0;
	int code = errno;
	timer_delete(*timer);
	return err_set(err, code, "cannot set a deadline for KVM");
}

/* Processor time of this thread, ns. */
static int64_t used_time(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/*
 * Run the faulting instruction once without the window's slot: an access to
 * no slot at all is an MMIO exit, which has the address. The slot comes back
 * before anything else runs: every other vCPU is kept out of the guest, and
 * this one takes no interrupt. 1 if there was an exit, and *gpa if it is an
 * MMIO, which is finished then; 0 if the guest has ended meanwhile, or a
 * negated errno.
 */
static int run_without_window(struct vcpu *self, uint64_t *gpa, struct err *err)
{
	struct memory *memory = self->memory;
	uint64_t bytes = (uint64_t)memory->window * LAB_EXTENT_SIZE;
	uint8_t *window =
		memory->base + (uint64_t)memory->ram * LAB_EXTENT_SIZE;

	const int64_t start = used_time();
	timer_t deadline;

	int r = start_deadline(&deadline, err);
	if (r < 0)
		return r;
	r = vm_set_slot(self->vm, VM_SLOT_WINDOW, LAB_WINDOW_BASE, window, 0,
			err);
	if (r < 0) {
		timer_delete(deadline);
		return r;
	}
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
	} while (run < 0 && (code == EINTR || code == EAGAIN) &&
		 used_time() - start < DEADLINE_MS * INT64_C(1000000));
	timer_delete(deadline);
	int finished = 0;
	if (!ended && run == 0 && self->run->exit_reason == KVM_EXIT_MMIO) {
		*gpa = self->run->mmio.phys_addr;
		finished = finish_access(self, gpa, err);
	}
	r = vm_set_slot(self->vm, VM_SLOT_WINDOW, LAB_WINDOW_BASE, window,
			bytes, err);
	if (r < 0 || ended)
		return r;
	if (run < 0 && (code == EINTR || code == EAGAIN))
		return err_say(err, EFAULT,
			       "it touched memory that is not there, in a way "
			       "that KVM does not tell where");
	if (run < 0)
		return err_say(err, code,
			       "it touched memory that is gone, and not in "
			       "its window: a lease of its RAM was revoked");
	return finished < 0 ? finished : 1;
}

/* KVM drops a machine check in silence when the guest has cleared MC0_CTL. */
static bool can_tell(const struct vcpu *self)
{
	/* One entry in the array at the structure's end. */
	_Alignas(struct kvm_msrs)
		uint8_t bytes[sizeof(struct kvm_msrs) +
			      sizeof(struct kvm_msr_entry)] = {0};
	struct kvm_msrs *msrs = (struct kvm_msrs *)bytes;

	msrs->nmsrs = 1;
	msrs->entries[0].index = MSR_MC0_CTL;
	return (self->run->s.regs.sregs.cr4 & CR4_MCE) != 0 &&
	       ioctl(self->fd, KVM_GET_MSRS, msrs) == 1 &&
	       msrs->entries[0].data == UINT64_MAX;
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

/*
 * What the broker says of a lease that it took comes by another thread, and
 * may be behind the touch: who stops the guest has time for it, but not much.
 */
#define REASON_TURNS 100
#define REASON_MS    10

static uint8_t await_reason(const struct memory *memory, uint32_t extent)
{
	for (int i = 0; i < REASON_TURNS; i++) {
		uint8_t reason = memory_reason(memory, extent);
		if (reason != 0)
			return reason;
		poll(NULL, 0, REASON_MS);
	}
	return 0;
}

/* What the broker said of it. */
static const char *reason_said(uint8_t reason)
{
	switch (reason) {
	case 0:
		return "";
	case LAB_REVOKE_RECLAIM:
		return ": it holds more than its guarantee, and gave back "
		       "nothing that other guests wait for";
	case LAB_REVOKE_ADMIN:
		return ": an administrator took it";
	case MEMORY_DROPPED:
		return ": the broker let go of this guest, and took all";
	default:
		return ", for a reason that this VMM does not know";
	}
}

/* Why the guest stops, when it cannot be told. */
static int stop(const struct vcpu *self, uint64_t gpa, uint32_t extent,
		struct err *err)
{
	if (memory_present(self->memory, extent))
		return err_say(
			err, EFAULT,
			"it touched guest page %#llx, whose lease "
			"%#llx is revoked%s",
			(unsigned long long)gpa,
			(unsigned long long)memory_lease(self->memory, extent),
			reason_said(await_reason(self->memory, extent)));
	return err_say(err, EFAULT,
		       "it touched guest page %#llx, which has no lease, and "
		       "it has not enabled machine checks (CR4.MCE, MC0_CTL)",
		       (unsigned long long)gpa);
}

/*
 * What the access to `gpa` of the window means: `before` is the state at the
 * instruction that made it.
 */
static int answer(struct vcpu *self, uint64_t gpa,
		  const struct kvm_regs *before, struct err *err)
{
	uint32_t page = (uint32_t)gpa_to_page(self->memory, gpa);
	uint32_t extent =
		memory_window_extent(self->memory, page / LAB_EXTENT_PAGES);

	bool filled = memory_readable(self->memory, extent);
	if (!filled &&
	    (!can_tell(self) || memory_present(self->memory, extent))) {
		self->run->s.regs.regs = *before; /* for the report */
		return stop(self, gpa, extent, err);
	}
	/* As if the instruction had never begun; this precedes the check,
	 * for setting registers drops a pending exception. */
	if (ioctl(self->fd, KVM_SET_REGS, before) < 0)
		return err_set(err, errno, "cannot set the vCPU's registers");
	/* Another vCPU has had a lease mapped there meanwhile: try again. */
	if (filled)
		return 1;
	int r = inject(self, gpa, err);
	return r < 0 ? r : 1;
}

int hole_touched(struct vcpu *self, struct err *err)
{
	struct kvm_regs before = self->run->s.regs.regs;

	if (self->memory->window == 0)
		return err_say(err, EFAULT,
			       "its RAM is gone: a lease of it was revoked");
	cpus_pause(self->cpus);
	pthread_mutex_lock(&self->vm->window_there);
	uint64_t gpa = 0;
	int r = run_without_window(self, &gpa, err);
	pthread_mutex_unlock(&self->vm->window_there);
	cpus_resume(self->cpus);
	if (r <= 0)
		return r;
	if (self->run->exit_reason == KVM_EXIT_MMIO &&
	    gpa_to_page(self->memory, gpa) >= 0)
		return answer(self, gpa, &before, err);
	/* It is out for another reason, which is the loop's to handle. */
	self->run->s.regs.regs.rflags |= before.rflags & RFLAGS_IF;
	self->run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	return HOLE_OTHER_EXIT;
}
