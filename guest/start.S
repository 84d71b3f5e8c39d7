/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of a guest, and its stack. Everything after them is
 * C, in init.c.
 */
	.section .text.start, "ax", @progbits

/*
 * The VMM jumps here, as <labyrinth/bootinfo.h> says: 64-bit mode, ring 0,
 * interrupts off, RAM identity-mapped, RDI = address of the boot information,
 * no stack. Never returns.
 */
	.globl	_start
	.type	_start, @function
_start:
	cld
	mov	%rdi, %rbx
	mov	$lab_bss_start, %edi
	mov	$lab_bss_end, %ecx
	sub	%edi, %ecx
	xor	%eax, %eax
	rep stosb
	mov	$lab_stack_end, %esp
	xor	%ebp, %ebp
	mov	%rbx, %rdi
	call	init
	/* init ends in exit, which does not come back. */
1:	hlt
	jmp	1b
	.size	_start, . - _start

/*
 * The one stack of ring 0, and a page below it that mmu.c leaves unmapped: an
 * overflow is a double fault with a report, not a silent overwrite.
 */
	.section .bss.stack, "aw", @nobits
	.balign	4096
	.globl	lab_stack_guard
lab_stack_guard:
	.skip	4096
	.skip	32768
	.globl	lab_stack_end
lab_stack_end:

	.section .note.GNU-stack, "", @progbits
