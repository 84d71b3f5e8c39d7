/* SPDX-License-Identifier: MIT */
/* What a function called from C must keep. For assembly alone. */
#ifndef GUEST_CALLEE_H
#define GUEST_CALLEE_H

#ifdef __ASSEMBLER__
/* 48 bytes on the stack. */
	.macro push_callee_saved
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.endm

	.macro pop_callee_saved
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	.endm
#endif

#endif
