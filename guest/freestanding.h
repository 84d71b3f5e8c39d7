/* SPDX-License-Identifier: MIT */
/*
 * First include of every guest source: refuses a build whose flags would put
 * into the guest what this machine does not have. A builder's own CFLAGS come
 * after ours and win silently, so the compiler itself is asked.
 */
#ifndef GUEST_FREESTANDING_H
#define GUEST_FREESTANDING_H

#if !defined(__x86_64__) || defined(__ILP32__)
#error "a guest is a 64-bit x86-64 program"
#endif

#if __STDC_HOSTED__
#error "a guest has no C library: compile with -ffreestanding"
#endif

#if defined(__SSP__) || defined(__SSP_STRONG__) || defined(__SSP_ALL__)
#error "a guest has no stack protector: compile with -fno-stack-protector"
#endif

#if defined(__PIC__) || defined(__PIE__)
#error "a guest is linked to a fixed place: compile with -fno-pic -fno-pie"
#endif

#if defined(__SSE__)
#error "a guest never saves vector registers: compile with -mgeneral-regs-only"
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#error "a guest has no sanitizer's run-time library"
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#error "a guest has no sanitizer's run-time library"
#endif
#endif

#endif
