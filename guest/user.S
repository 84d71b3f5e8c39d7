/* SPDX-License-Identifier: MIT */
/* To ring 3, and where its end leads. Prototypes in process.c. */
#include "callee.h"
#include "segment.h"

	.text
/*
 * void user_enter(uint64_t entry, uint64_t argument, uint64_t stack,
 * void *ring0_stack): in ring 0, interrupts off, the address space loaded.
 * Interrupts from ring 3 push below what is pushed here: ring0_stack is where
 * the TSS has its RSP0. user_left returns in its place. Ring 3 gets nothing of
 * ours: every other register is 0.
 */
	.globl	user_enter
	.type	user_enter, @function
user_enter:
	push_callee_saved
	mov	%rsp, (%rcx)
	push	$SEGMENT_USER_DATA
	push	%rdx
	push	$0x202
	push	$SEGMENT_USER_CODE
	push	%rdi
	mov	%rsi, %rdi
	swapgs
	xor	%eax, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	iretq
	.size	user_enter, . - user_enter

/*
 * By iretq from the exception that ended ring 3 (end_run() in process.c): ring 0,
 * interrupts off, GS ours, RSP as user_enter left it.
 */
	.globl	user_left
	.type	user_left, @function
user_left:
	pop_callee_saved
	ret
	.size	user_left, . - user_left

	.section .note.GNU-stack, "", @progbits
