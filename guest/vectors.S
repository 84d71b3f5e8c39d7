/* SPDX-License-Identifier: MIT */
/*
 * The doors of the 32 exceptions and 224 interrupts, and the accesses that may
 * fail.
 */
	.text

/*
 * One door for each vector, 16 bytes apart. The processor jumps here in ring
 * 0, interrupts off, its frame on the stack; some vectors push an error code,
 * for the others a 0 stands in.
 */
	.balign	16
	.globl	trap_doors
trap_doors:
	.set	vector, 0
	.rept	32
	.balign	16
	.if	!((1 << vector) & 0x60227d00)
	push	$0
	.endif
	push	$vector
	jmp	enter
	.set	vector, vector + 1
	.endr
	.rept	224
	.balign	16
	push	$0
	push	$vector
	jmp	enter
	.set	vector, vector + 1
	.endr

/*
 * From every door: vector, error code and the processor's frame on the stack.
 * Where the frame says ring 3, before or after, GS is swapped: it is ring 3's
 * there and the kernel's here. No exception comes between the door and the
 * swap: nothing there touches but a kernel stack, and there is no NMI.
 */
	.balign	16
enter:
	testb	$3, 24(%rsp)
	jz	1f
	swapgs
1:	push	%rax
	push	%rbx
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rbp
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	cld
	mov	%rsp, %rdi
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	trap_handle
	/* It came back: the frame's RIP is now where to go on. */
	mov	%rbp, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rbp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rbx
	pop	%rax
	add	$16, %rsp
	testb	$3, 8(%rsp)
	jz	1f
	swapgs
1:	iretq

/* If the instruction at FROM is refused, go on at TO; trap.c reads it. */
	.macro	fixup from, to
	.pushsection .lab_fixups, "a", @progbits
	.quad	\from, \to
	.popsection
	.endm

/* bool lab_probe_read(const volatile void *address, uint8_t *value) */
	.globl	lab_probe_read
	.type	lab_probe_read, @function
lab_probe_read:
1:	movb	(%rdi), %al
	test	%rsi, %rsi
	jz	2f
	movb	%al, (%rsi)
2:	mov	$1, %eax
	ret
	fixup	1b, refused
	.size	lab_probe_read, . - lab_probe_read

/* bool probe_read_word(const volatile void *address, uint64_t *value) */
	.globl	probe_read_word
	.type	probe_read_word, @function
probe_read_word:
1:	movq	(%rdi), %rax
	movq	%rax, (%rsi)
	mov	$1, %eax
	ret
	fixup	1b, refused
	.size	probe_read_word, . - probe_read_word

/* bool lab_probe_write(volatile void *address, uint8_t value) */
	.globl	lab_probe_write
	.type	lab_probe_write, @function
lab_probe_write:
1:	movb	%sil, (%rdi)
	mov	$1, %eax
	ret
	fixup	1b, refused
	.size	lab_probe_write, . - lab_probe_write

/* bool cpu_rdmsr_safe(uint32_t msr, uint64_t *value) */
	.globl	cpu_rdmsr_safe
	.type	cpu_rdmsr_safe, @function
cpu_rdmsr_safe:
	mov	%edi, %ecx
1:	rdmsr
	mov	%eax, (%rsi)
	mov	%edx, 4(%rsi)
	mov	$1, %eax
	ret
	fixup	1b, refused
	.size	cpu_rdmsr_safe, . - cpu_rdmsr_safe

/* bool cpu_wrmsr_safe(uint32_t msr, uint64_t value) */
	.globl	cpu_wrmsr_safe
	.type	cpu_wrmsr_safe, @function
cpu_wrmsr_safe:
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
1:	wrmsr
	mov	$1, %eax
	ret
	fixup	1b, refused
	.size	cpu_wrmsr_safe, . - cpu_wrmsr_safe

/* By iretq from an exception in one of those above, their stack untouched. */
refused:
	xor	%eax, %eax
	ret

	.section .note.GNU-stack, "", @progbits
