/* SPDX-License-Identifier: MIT */
/*
 * The least guest that QEMU can start: entered through PVH in 32-bit mode, it
 * writes a line to the first serial port, and halts. What is between QEMU's
 * start and this line is QEMU's.
 */
	.section .note.pvh, "a", @note
	.long	4, 4, 18	/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	_start

	.text
	.code32
	.globl _start
_start:
	movw	$0x3f8, %dx
	movl	$text, %esi
1:	lodsb
	testb	%al, %al
	jz	2f
	outb	%al, %dx
	jmp	1b
2:	cli
	hlt
	jmp	2b

text:	.asciz	"hello\n"
