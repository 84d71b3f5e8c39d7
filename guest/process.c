/* SPDX-License-Identifier: MIT */
/* A run of ring 3, from the way in to the report of its end. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "cpu.h"
#include "mm.h"
#include "percpu.h"
#include "segment.h"
#include "trap.h"

#define PAGE_FAULT 14

/* user.S */
void user_enter(uint64_t entry, uint64_t argument, uint64_t stack,
		void *ring0_stack);
void user_left(void);

/*
 * Ring 3 of this processor is at its end: its frame now leads into user_left,
 * on the stack that user_enter was left on.
 */
static bool end_run(struct trap_frame *frame, uint64_t address)
{
	struct percpu *cpu = this_cpu();
	struct mm_exit *exit = cpu->ring3_exit;

	if (!exit)
		return false;
	cpu->ring3_exit = NULL;
	if (frame->vector == LAB_RING3_CALL)
		exit->value = frame->rax;
	exit->vector = (unsigned int)frame->vector;
	exit->error = frame->error;
	exit->rip = frame->rip;
	exit->address = address;
	frame->rip = (uint64_t)user_left;
	frame->cs = SEGMENT_KERNEL_CODE;
	frame->ss = SEGMENT_KERNEL_DATA;
	frame->rsp = cpu->segments.tss.rsp[0];
	frame->rflags = CPU_RFLAGS_FIXED;
	return true;
}

/* The way there and back, as one call. */
static void excursion(struct mm *mm, uint64_t entry, uint64_t argument,
		      uint64_t stack, struct mm_exit *exit)
{
	unsigned long flags = local_irq_save();
	struct percpu *cpu = this_cpu();

	/* The kernel keeps no x87 or MMX registers, so nobody has any. */
	cpu_write_cr0(cpu_read_cr0() | CPU_CR0_TS);
	cpu->ring3_exit = exit;
	mm_enter(mm);
	user_enter(entry, argument, stack,
		   (char *)&cpu->segments.tss +
			   offsetof(struct segment_tss, rsp));
	mm_leave(mm);
	local_irq_restore(flags);
}

/* Says why, too: whose page it was. */
static void tell(const struct mm *mm, struct mm_exit *exit)
{
	const char *name = trap_name(exit->vector);
	struct excl_place place = {.address = 0};

	if (exit->vector == PAGE_FAULT &&
	    mm_find_other(mm, exit->address, &exit->page, &place)) {
		memcpy(exit->owner, place.owner, sizeof(exit->owner));
		exit->owner_address = place.address;
		printf("# process %s touched guest page 0x%lx, which is "
		       "exclusive to %s at 0x%lx\n",
		       mm_name(mm), exit->page, exit->owner,
		       exit->owner_address);
		return;
	}
	exit->page = 0;
	printf("# process %s: %s, error code 0x%lx, RIP 0x%lx, address 0x%lx\n",
	       mm_name(mm), name ? name : "reserved exception", exit->error,
	       exit->rip, exit->address);
}

int mm_run(struct mm *mm, uint64_t entry, uint64_t argument, uint64_t stack,
	   struct mm_exit *exit)
{
	might_sleep();
	/* Elsewhere the IRET itself could fault, in ring 0. */
	if (!mm_is_user(entry, 1))
		return -LAB_ENXIO;
	memset(exit, 0, sizeof(*exit));
	trap_catch_ring3(end_run);
	excursion(mm, entry, argument, stack, exit);
	if (exit->vector == LAB_RING3_CALL) {
		exit->vector = 0;
		return 0;
	}
	tell(mm, exit);
	return -LAB_EFAULT;
}
