/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the exercise exclusive share: two processes, ada and bob.
 * Included by assembly, too.
 */
#ifndef EXERCISE_EXCLUSIVE_H
#define EXERCISE_EXCLUSIVE_H

/* Where things are in both: code, stack, a page that both have; and room for
 * what a case maps, each apart from the others by more than one table. */
#define USER_CODE   0x600000000000
#define USER_STACK  0x600000200000
#define USER_SHARED 0x600000400000
#define USER_HERE   0x600000600000
#define USER_THERE  0x600040000000

/* Fields of struct shared, which lies in the shared page. */
#define SHARED_ARRIVED 0
#define SHARED_WANTED  8
#define SHARED_GO      16

#ifndef __ASSEMBLER__

#include <labyrinth/guest.h>

#include "tap.h"

extern const struct tap_group binding_group, shortage_group, ring3_group,
	together_group;

struct shared {
	uint64_t arrived; /* atomic */
	uint64_t wanted;
	uint64_t go; /* atomic */
};

/* Both live from the first case to the last; each has a stack of its own. */
extern struct mm *ada, *bob;
extern struct shared *shared; /* as the kernel sees it */

/* A program of user.S in a process: mm_run() from there. */
int run(struct mm *mm, const char *program, uint64_t argument,
	struct mm_exit *exit);

/* An exclusive block, zeroed, that fails the running case if it is NULL. */
struct page *take_exclusive(unsigned int order);

/* Map it at USER_HERE for a process alone, readable and writable. */
int map_here(struct mm *mm, struct page *page, unsigned int order);

/* Did an access to this address end the run, and was it nobody's page? */
bool is_plain_fault(int result, const struct mm_exit *exit, uint64_t address);

/* Programs: what each does stands beside it in user.S. */
extern const char user_start[], user_end[];
extern const char user_read[], user_write[], user_jump[], user_registers[];
extern const char user_await[], user_meet[], user_watch[];
extern const char user_cli[], user_hlt[], user_read_cr3[], user_write_cr3[];
extern const char user_rdmsr[], user_wrmsr[], user_lgdt[], user_in[];
extern const char user_out[], user_irq[], user_breakpoint[], user_swapgs[];
extern const char user_syscall[], user_x87[], user_step[], user_divide[];
extern const char user_iopl[], user_gs[];

#endif

#endif
