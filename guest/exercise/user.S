/* SPDX-License-Identifier: MIT */
/*
 * Programs for ring 3, copied into a page that processes have at USER_CODE.
 * Each begins with its argument in RDI, and ends by LAB_RING3_CALL with RAX as
 * its result, or by an exception. Those that wait have patience, not for ever.
 */
#include "exclusive.h"

#define PATIENCE 0x40000000

	.section .rodata.user, "a", @progbits

	.macro	program name
	.globl	\name
\name:
	.endm

	.globl	user_start
user_start:

/* The word at the argument. */
program user_read
	mov	(%rdi), %rax
	int	$0x21

/* Write a word of ones there; 0. */
program user_write
	movq	$-1, (%rdi)
	xor	%eax, %eax
	int	$0x21

/* Run what is there. */
program user_jump
	jmp	*%rdi

/* All registers that should be 0, in one. */
program user_registers
	or	%rbx, %rax
	or	%rcx, %rax
	or	%rdx, %rax
	or	%rsi, %rax
	or	%rbp, %rax
	or	%r8, %rax
	or	%r9, %rax
	or	%r10, %rax
	or	%r11, %rax
	or	%r12, %rax
	or	%r13, %rax
	or	%r14, %rax
	or	%r15, %rax
	int	$0x21

/* Say that it is here; `go` once that is not below the argument, or 0. */
program user_await
	movabs	$USER_SHARED, %rsi
	mov	$PATIENCE, %ecx
	lock incq SHARED_ARRIVED(%rsi)
1:	mov	SHARED_GO(%rsi), %rax
	cmp	%rdi, %rax
	jae	2f
	dec	%ecx
	jnz	1b
	xor	%eax, %eax
2:	int	$0x21

/*
 * Wait for all others; then again and again see that the page at USER_HERE
 * holds the argument alone, and write it anew. How many words did not, or -1 if
 * the others did not come.
 */
program user_meet
	movabs	$USER_SHARED, %rsi
	mov	$PATIENCE, %ecx
	lock incq SHARED_ARRIVED(%rsi)
1:	mov	SHARED_ARRIVED(%rsi), %rax
	cmp	SHARED_WANTED(%rsi), %rax
	jae	2f
	dec	%ecx
	jnz	1b
	mov	$-1, %rax
	int	$0x21
2:	xor	%eax, %eax
	mov	$200, %ebx
3:	movabs	$USER_HERE, %rsi
	mov	$512, %ecx
4:	cmp	%rdi, (%rsi)
	je	5f
	inc	%rax
5:	mov	%rdi, (%rsi)
	add	$8, %rsi
	dec	%ecx
	jnz	4b
	dec	%ebx
	jnz	3b
	int	$0x21

/* Say that it is here, and read the word at the argument until it changes. */
program user_watch
	movabs	$USER_SHARED, %rsi
	mov	$PATIENCE, %ecx
	mov	(%rdi), %rax
	lock incq SHARED_ARRIVED(%rsi)
1:	cmp	%rax, (%rdi)
	jne	2f
	dec	%ecx
	jnz	1b
2:	int	$0x21

/* What ring 3 may not. */
program user_cli
	cli
program user_hlt
	hlt
program user_read_cr3
	mov	%cr3, %rax
program user_write_cr3
	mov	%rax, %cr3
program user_rdmsr
	rdmsr
program user_wrmsr
	wrmsr
program user_lgdt
	lgdt	-16(%rsp)
program user_in
	in	$0xe8, %eax
program user_out
	out	%eax, $0xe8
program user_irq
	int	$0x30
program user_breakpoint
	int3
program user_swapgs
	swapgs
program user_syscall
	syscall
program user_x87
	fninit
program user_divide
	div	%ecx
	int	$0x21

/* The trap flag: stop after one instruction. */
program user_step
	pushfq
	orq	$0x100, (%rsp)
	popfq
	nop
	int	$0x21

/* Ask for IOPL 3 and interrupts off; the flags that it got. */
program user_iopl
	pushfq
	orq	$0x3000, (%rsp)
	andq	$~0x200, (%rsp)
	popfq
	pushfq
	pop	%rax
	int	$0x21

/* Load GS and FS, by which their bases are lost, and wait like user_await. */
program user_gs
	mov	$0x1b, %eax
	mov	%eax, %gs
	mov	%eax, %fs
	jmp	user_await

	.globl	user_end
user_end:

	.section .note.GNU-stack, "", @progbits
