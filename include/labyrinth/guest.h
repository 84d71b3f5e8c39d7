/* SPDX-License-Identifier: MIT */
/*
 * What a guest program sees: the calls of docs/hypercalls.md as C functions
 * under the names that kernel programmers know, and a small freestanding
 * environment (console, exit). Link with liblabyrinth-guest; pkg-config
 * labyrinth-guest says how.
 *
 * The guest library runs one vCPU, identity-mapped: a guest-physical address
 * and the pointer to it are the same number.
 */
#ifndef LABYRINTH_GUEST_H
#define LABYRINTH_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/bootinfo.h>
#include <labyrinth/hypercall.h>

typedef uint32_t gfp_t;

#define GFP_ATOMIC ((gfp_t)LAB_GFP_ATOMIC)
#define GFP_NOWAIT ((gfp_t)LAB_GFP_NOWAIT)
#define GFP_KERNEL ((gfp_t)LAB_GFP_KERNEL)
#define __GFP_ZERO ((gfp_t)LAB_GFP_ZERO)

#define PAGE_SHIFT LAB_PAGE_SHIFT
#define PAGE_SIZE  LAB_PAGE_SIZE
#define MAX_ORDER  LAB_MAX_ORDER

/*
 * The guest's program, in place of a kernel's init. argv[0] is the kernel's
 * name, argv[argc] is NULL. What it returns (0 to LAB_EXIT_MAX) is the exit
 * status of `labyrinth run`; anything else becomes LAB_EXIT_MAX.
 */
int main(int argc, char **argv);

/* A granted block, by its first page. Never dereferenced; opaque. */
struct page;

/*
 * 2^order contiguous pages (order 0 to MAX_ORDER), aligned to their size, or
 * NULL. gfp: one of GFP_ATOMIC, GFP_NOWAIT, GFP_KERNEL, and __GFP_ZERO if
 * wanted. The block is the caller's until __free_pages().
 */
struct page *alloc_pages(gfp_t gfp, unsigned int order);

/* alloc_pages() of order 0. */
struct page *alloc_page(gfp_t gfp);

/*
 * Give a block back, with the order it was granted with. NULL is allowed and
 * does nothing. A mistake changes nothing and is counted by the VMM.
 */
void __free_pages(struct page *page, unsigned int order);

/* __free_pages() of order 0. */
void __free_page(struct page *page);

/* Where the block's bytes are. NULL for NULL. */
void *page_address(const struct page *page);

/* The block that begins at an address which page_address() gave. */
struct page *virt_to_page(const void *address);

/*
 * count (1 to LAB_BULK_MAX) blocks of one order, all or none. 0, or a negated
 * errno and pages[] untouched.
 */
int alloc_pages_bulk(gfp_t gfp, unsigned int order, unsigned int count,
		     struct page **pages);

/* Give count blocks of one order back, all or none. 0 or a negated errno. */
int free_pages_bulk(unsigned int order, unsigned int count,
		    struct page **pages);

/* The raw call: number and arguments as in <labyrinth/hypercall.h>. */
int64_t lab_hypercall(uint64_t number, uint64_t a, uint64_t b, uint64_t c,
		      uint64_t d);

/* This guest's counts. 0 or a negated errno. */
int lab_query(struct lab_counts *counts);

/*
 * Make calls of this path fail on purpose, as <labyrinth/hypercall.h> says;
 * attributes that are all zeroes end it. 0 or a negated errno.
 */
int lab_fail_set(enum lab_fail_path path, const struct lab_fail *attributes);

/* What the VMM handed over at entry; valid for the guest's life. */
const struct lab_boot_info *lab_boot_info(void);

/* The transport in use: LAB_TRANSPORT_PORT or LAB_TRANSPORT_VMCALL. */
unsigned int lab_transport(void);

/*
 * Read (or write) one byte at any address without dying of it: true if the
 * access was answered, false if the machine refused it (a page fault, or a
 * machine check for a window page without a lease behind it).
 */
bool lab_probe_read(const volatile void *address, uint8_t *value);
bool lab_probe_write(volatile void *address, uint8_t value);

/* Print to the guest's console: %s %c %d %i %u %x %p %%, l ll z, width, 0 -. */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int puts(const char *text);
int putchar(int c);

/* End the guest with this exit status (0 to LAB_EXIT_MAX). */
void exit(int status) __attribute__((noreturn));

/* End the guest with a message and exit status LAB_EXIT_MAX. */
void panic(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);
/* Decimal, or 0x hexadecimal; stops at the first other character. */
unsigned long strtoul(const char *text, char **end, int base);

#endif
