/* SPDX-License-Identifier: MIT */
/*
 * What a guest program sees: the calls of docs/hypercalls.md as C functions
 * under the names that kernel programmers know, and a small freestanding
 * environment (console, exit). Link with liblabyrinth-guest; pkg-config
 * labyrinth-guest says how.
 *
 * The guest is identity-mapped: a guest-physical address and the pointer to it
 * are the same number. main() runs on processor 0 with interrupts on; the
 * others, all started by then, are idle until on_each_cpu() or an interrupt
 * gives them something to do. Every function here may be called on any
 * processor, and unless it says otherwise in an interrupt's handler.
 */
#ifndef LABYRINTH_GUEST_H
#define LABYRINTH_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/bootinfo.h>
#include <labyrinth/hypercall.h>
#include <labyrinth/mm.h>

typedef uint32_t gfp_t;

#define GFP_ATOMIC ((gfp_t)LAB_GFP_ATOMIC)
#define GFP_NOWAIT ((gfp_t)LAB_GFP_NOWAIT)
#define GFP_KERNEL ((gfp_t)LAB_GFP_KERNEL)

#define __GFP_ZERO    ((gfp_t)LAB_GFP_ZERO)
#define __GFP_NOWARN  ((gfp_t)LAB_GFP_NOWARN)
#define __GFP_NORETRY ((gfp_t)LAB_GFP_NORETRY)
#define __GFP_ASYNC   ((gfp_t)LAB_GFP_ASYNC)
#define GFP_EXCL      ((gfp_t)LAB_GFP_EXCL)

#define PAGE_SHIFT LAB_PAGE_SHIFT
#define PAGE_SIZE  LAB_PAGE_SIZE
#define MAX_ORDER  LAB_MAX_ORDER

/* Vectors that a program may use; those around them are the library's. */
#define LAB_IRQ_FIRST 48
#define LAB_IRQ_LAST  239

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
 * NULL. gfp: one of GFP_ATOMIC, GFP_NOWAIT, GFP_KERNEL, and of the modifiers
 * what is wanted. The block is the caller's until __free_pages(). With
 * GFP_KERNEL the context must be one that may wait: see might_sleep(). But with
 * GFP_KERNEL | __GFP_ASYNC nothing waits: see on_memory(). With GFP_EXCL the
 * block can be mapped in one address space only, and once: see mm_map(). That
 * may take a page more, to record it, and is refused if that one cannot be had.
 */
struct page *alloc_pages(gfp_t gfp, unsigned int order);

/* alloc_pages() of order 0. */
struct page *alloc_page(gfp_t gfp);

/*
 * Give a block back, with the order it was granted with. NULL is allowed and
 * does nothing. A mistake changes nothing and is counted by the VMM. Panics if
 * an exclusive block is mapped.
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
 * errno and pages[] untouched. The context as for alloc_pages().
 */
int alloc_pages_bulk(gfp_t gfp, unsigned int order, unsigned int count,
		     struct page **pages);

/* Give count blocks of one order back, all or none. 0 or a negated errno. */
int free_pages_bulk(unsigned int order, unsigned int count,
		    struct page **pages);

/*
 * How scarce memory is, as the host told last; without an exit. Before a grant
 * fails for want of memory it is not LAB_LEVEL_NONE.
 */
enum lab_level lab_pressure(void);

/* What a shrinker is called for. */
struct shrink_control {
	enum lab_level level;	  /* not LAB_LEVEL_NONE */
	unsigned long nr_to_scan; /* pages; of scan_objects() alone */
};

/*
 * Who keeps pages that it could do without. Both functions are called when the
 * level changes, in an interrupt's handler on processor 0: they may not wait,
 * and take locks with irqsave. The structure is the library's between
 * register_shrinker() and unregister_shrinker().
 */
struct shrinker {
	/* How many pages it could give back. */
	unsigned long (*count_objects)(struct shrinker *self,
				       struct shrink_control *control);
	/* Give back up to nr_to_scan of them; how many it gave. */
	unsigned long (*scan_objects)(struct shrinker *self,
				      struct shrink_control *control);
	struct shrinker *next;
};

/*
 * From now on, and once at once if there is pressure: at LAB_LEVEL_LOW half of
 * what it counts is asked for, at LAB_LEVEL_CRITICAL all. Needs an APIC to be
 * heard of later: see has_apic(). Not for use in handlers.
 */
void register_shrinker(struct shrinker *shrinker);

/* No more; it is not called any more when this returns. */
void unregister_shrinker(struct shrinker *shrinker);

/*
 * What follows a grant with __GFP_ASYNC that came back empty (-LAB_EAGAIN of
 * alloc_pages_bulk()): function(true) when it is worth to try again,
 * function(false) when the memory will not come. Called in an interrupt's
 * handler on processor 0. NULL: nobody listens. Needs an APIC.
 */
void on_memory(void (*function)(bool ready, void *argument), void *argument);

/* A lease that is about to be taken, whatever the guest does. */
struct revoke_notice {
	void *start;	    /* of the pages that go with it */
	unsigned long size; /* bytes */
	unsigned int ms;    /* that were left when the host said so */
};

/*
 * Who has pages to save. The function is called once for each notice, with a
 * struct revoke_notice, in an interrupt's handler on processor 0, as shrinkers
 * are. No grant is made in that range any more. Once all that is granted in it
 * was released, now or later, it goes back and nothing is lost; whoever touches
 * it after its time ends the guest. A notice may also come to nothing.
 */
struct notifier_block {
	int (*notifier_call)(struct notifier_block *self, unsigned long action,
			     void *data);
	struct notifier_block *next;
};

#define REVOKE_NOTICE 1 /* the action: data is a struct revoke_notice */

/* What it returns. */
#define NOTIFY_DONE 0	   /* not interested */
#define NOTIFY_OK   1	   /* done */
#define NOTIFY_STOP 0x8001 /* done, and the others need not hear of it */

/*
 * From now on, and at once of each notice that stands; the others hear of those
 * no second time. 0; or -LAB_ENODATA without an APIC, by which to hear of it
 * (has_apic()). Not for use in handlers.
 */
int register_revoke_notifier(struct notifier_block *block);

/* No more; it is not called any more when this returns. 0, or -LAB_ENOENT. */
int unregister_revoke_notifier(struct notifier_block *block);

/* The raw call: number and arguments as in <labyrinth/hypercall.h>. */
int64_t lab_hypercall(uint64_t number, uint64_t a, uint64_t b, uint64_t c,
		      uint64_t d);

/* This guest's counts. 0 or a negated errno. */
int lab_query(struct lab_counts *counts);

/*
 * What this processor has cost the host. 0 or a negated errno: -LAB_ENODATA
 * where the host's kernel does not count it (no LAB_FEATURE_STATS).
 */
int lab_stats(struct lab_stats *stats);

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

/*
 * Processors: number n, from 0, has APIC id n. All that the VMM gives are
 * online when main() begins, and stay.
 */
unsigned int smp_processor_id(void);
unsigned int num_online_cpus(void);

/*
 * Run function(argument) on every processor at once, on this one too, and wait
 * until all are done. On the others it runs in place of their idle loop, with
 * interrupts on: it may wait. Only from a context that may wait, and not from
 * within itself.
 */
void on_each_cpu(void (*function)(void *argument), void *argument);

/*
 * Interrupt one processor to run function(argument) in its interrupt's
 * context, whatever it does, and wait until it is done. With cpu this
 * processor it is called with interrupts off. Interrupts must be on here.
 */
void smp_call(unsigned int cpu, void (*function)(void *argument),
	      void *argument);

/* This processor's interrupts; save says in an opaque word what they were. */
void local_irq_disable(void);
void local_irq_enable(void);
unsigned long local_irq_save(void);
void local_irq_restore(unsigned long flags);
bool irqs_disabled(void);

/*
 * An interrupt's handler: called on the processor that got it, with interrupts
 * off, in an atomic context. What it prints does not mix with an unfinished
 * line of what it interrupted.
 */
typedef void (*irq_handler_t)(unsigned int vector, void *argument);

/*
 * Let a vector (LAB_IRQ_FIRST to LAB_IRQ_LAST) of all processors have a
 * handler: 0, -LAB_EINVAL for a bad vector or no handler, -LAB_EACCES if it
 * has one. free_irq() does not wait for a handler that runs on another
 * processor. Not for use in handlers, nor by two processors at once.
 */
int request_irq(unsigned int vector, irq_handler_t handler, void *argument);
void free_irq(unsigned int vector);

/* How many interrupts came that have no handler; each vector is told once. */
uint64_t unexpected_irqs(void);

/*
 * Is there a local APIC, for interrupts between processors and timers? There
 * always is with more than one processor.
 */
bool has_apic(void);

/* Raise a vector on a processor, this one or another. Needs an APIC. */
void send_ipi(unsigned int cpu, unsigned int vector);

/*
 * This processor's timer: a vector after so many ticks (at least 1) of its
 * APIC's clock, which under KVM are nanoseconds; once, or every so many. A
 * start replaces what ran. 0, -LAB_EINVAL, or -LAB_ENXIO without an APIC.
 */
int start_timer(unsigned int vector, uint32_t ticks, bool periodic);
void stop_timer(void);

/* In an atomic context from one to the other; they nest. */
void preempt_disable(void);
void preempt_enable(void);

/* How deep: spinlocks held, preempt_disable(), interrupt handlers. */
unsigned int preempt_count(void);
bool in_atomic(void);

/*
 * Panic unless this context may wait: not in_atomic(), interrupts on. A call
 * that may wait says so even when it need not.
 */
void might_sleep(void);

/*
 * A lock held for a few instructions, never while waiting. Zero is unlocked.
 * One that an interrupt's handler takes, too, is taken with irqsave elsewhere.
 * Panics when its holder takes it again, or who does not hold it unlocks it.
 */
typedef struct {
	uint32_t owner; /* number of the processor plus 1, or 0; atomic */
} spinlock_t;

#define SPINLOCK_INIT \
	{             \
		0     \
	}

void spin_lock(spinlock_t *lock);
bool spin_trylock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
unsigned long spin_lock_irqsave(spinlock_t *lock);
void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags);

/*
 * Print to the guest's console: %s %c %d %i %u %x %p %%, l ll z, width, 0 -.
 * A line of up to 512 bytes is not torn by another processor's.
 */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int puts(const char *text);
int putchar(int c);

/*
 * Append bytes to the file of `labyrinth run --output`. 0, or a negated errno:
 * -LAB_EBADF without such a file, -LAB_EIO when it cannot be written.
 */
int lab_output(const void *bytes, size_t size);

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
