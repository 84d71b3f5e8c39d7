/* SPDX-License-Identifier: MIT */
/*
 * An excursion to ring 3 and back, and one into a page of data: what C cannot
 * say. Prototypes in selftest.h; C parts in protection.c.
 */
#include "callee.h"
#include "segment.h"

	.text
/*
 * int64_t ring3_enter(int64_t (*function)(void), uint64_t stack): called in
 * ring 0, with the image open to ring 3 and the gate of ring3_back set. Leaves
 * for ring 3 with IOPL 3; ring3_back returns in its place.
 */
	.globl	ring3_enter
ring3_enter:
	push_callee_saved
	mov	%rsp, ring0_stack
	push	$SEGMENT_USER_DATA
	push	%rsi
	push	$0x3002
	push	$SEGMENT_USER_CODE
	push	$in_ring3
	swapgs
	iretq

/* By iretq from above: ring 3, RDI = function, an empty stack. */
in_ring3:
	call	*%rdi
	int	$0x20

/* From the int above, by its gate: ring 0, RAX = the function's result. */
	.globl	ring3_back
ring3_back:
	swapgs
	mov	ring0_stack, %rsp
	mov	$SEGMENT_KERNEL_DATA, %ecx
	mov	%ecx, %ss
	pop_callee_saved
	ret

/* bool run_data(void) */
	.globl	run_data
run_data:
	call	data_code
	ret

/* By iretq from the page fault of the call above, its return address pushed. */
run_data_refused:
	add	$8, %rsp
	xor	%eax, %eax
	ret

	.section .lab_fixups, "a", @progbits
	.quad	data_code, run_data_refused

	.data
data_code:
	mov	$1, %eax
	ret

	.bss
	.balign	8
ring0_stack:
	.skip	8

	.section .note.GNU-stack, "", @progbits
