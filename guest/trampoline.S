/* SPDX-License-Identifier: MIT */
/*
 * From real mode to the kernel's own page tables: what a SIPI starts. Copied to
 * LAB_LOW_GPA, one page, by smp.c, and run nowhere else.
 */
#include "smp.h"

	.section .rodata.trampoline, "a", @progbits

/* An address here as it is after the copy, from the start of the copy. */
#define OFFSET(label) ((label) - smp_trampoline)
/* A field of struct smp_start, which lies in the page behind the copy. */
#define START(field) (SMP_PAGE_SIZE + (field))

/*
 * A SIPI jumps here: real mode, interrupts off, CS = address of the copy / 16,
 * IP = 0, nothing else to rely on. Ends in the C function that struct smp_start
 * names, which does not come back.
 */
	.code16
	.globl	smp_trampoline
smp_trampoline:
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	OFFSET(gdt_pointer)
	mov	START(SMP_START_CR4), %eax
	mov	%eax, %cr4
	mov	START(SMP_START_CR3), %eax
	mov	%eax, %cr3
	/* Before paging: the tables have NX bits, elsewhere reserved. */
	mov	$0xc0000080, %ecx
	rdmsr
	or	START(SMP_START_EFER), %eax
	wrmsr
	/* Protection and paging at once: with LME on this is long mode. */
	mov	START(SMP_START_CR0), %eax
	mov	%eax, %cr0
	ljmpl	$8, $(SMP_TRAMPOLINE_GPA + OFFSET(in_long_mode))

	.code64
in_long_mode:
	mov	$16, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	mov	$(SMP_TRAMPOLINE_GPA + SMP_PAGE_SIZE), %ebx
	mov	SMP_START_STACK(%rbx), %rsp
	mov	SMP_START_ARGUMENT(%rbx), %rdi
	xor	%ebp, %ebp
	call	*SMP_START_ENTRY(%rbx)
1:	hlt
	jmp	1b

/* Null, 64-bit code, data; until the processor loads its own. Accessed bits
 * are set, for the page is not writable. */
	.balign	8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	SMP_TRAMPOLINE_GPA + OFFSET(gdt)

	.globl	smp_trampoline_end
smp_trampoline_end:

	.section .note.GNU-stack, "", @progbits
