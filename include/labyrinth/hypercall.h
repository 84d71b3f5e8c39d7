/* SPDX-License-Identifier: MIT */
/*
 * The hypercall ABI between a guest and its VMM: the one contract that both
 * sides compile. It needs nothing but C11's <stdint.h> and <stddef.h> and is
 * the same on both sides; docs/hypercalls.md is its prose twin, and a lint
 * keeps the two equal.
 *
 * Version rule: LAB_ABI_VERSION grows when a guest built against the older
 * header would misbehave (a number, an offset, a meaning changed). New calls,
 * new feature bits and fields appended to a sized structure keep it.
 *
 * Convention, the same on both transports: RAX holds the call's number, RDI,
 * RSI, RDX and R10 its arguments in order; the result comes back in RAX, and
 * every other register is kept. A result from -4095 to -1 is a negated errno
 * (Linux's numbers, below); anything else is the call's value.
 */
#ifndef LABYRINTH_HYPERCALL_H
#define LABYRINTH_HYPERCALL_H

#include <stddef.h>
#include <stdint.h>

#define LAB_ABI_VERSION 1

/* Pages and extents: the two units of everything below. */
#define LAB_PAGE_SHIFT	 12
#define LAB_PAGE_SIZE	 (UINT64_C(1) << LAB_PAGE_SHIFT)
#define LAB_EXTENT_SHIFT 21 /* a lease: 2 MiB */
#define LAB_EXTENT_SIZE	 (UINT64_C(1) << LAB_EXTENT_SHIFT)
#define LAB_EXTENT_PAGES 512
#define LAB_MAX_ORDER	 9 /* a grant is 2^order pages, order 0 to 9 */

/*
 * Where leases appear: guest-physical, from 4 GiB up. The size of the window
 * is the guest's (struct lab_boot_info). Guest RAM lies below it, from 0.
 */
#define LAB_WINDOW_BASE UINT64_C(0x100000000)

/*
 * Discovery. CPUID leaf LAB_CPUID_SIGNATURE: EBX, ECX, EDX spell
 * "LabyrinthLab". Leaf LAB_CPUID_ABI: EAX the ABI version, EBX the feature
 * bits (LAB_FEATURE_*), ECX the transport to use (LAB_TRANSPORT_*).
 */
#define LAB_CPUID_SIGNATURE UINT32_C(0x40000000)
#define LAB_CPUID_ABI	    UINT32_C(0x40000001)
#define LAB_SIGNATURE_EBX   UINT32_C(0x7962614c) /* "Laby" */
#define LAB_SIGNATURE_ECX   UINT32_C(0x746e6972) /* "rint" */
#define LAB_SIGNATURE_EDX   UINT32_C(0x62614c68) /* "hLab" */

#define LAB_TRANSPORT_PORT   1 /* OUT of EAX to port LAB_PORT (imm8 form) */
#define LAB_TRANSPORT_VMCALL 2 /* VMCALL, or VMMCALL on AMD and Hygon */
#define LAB_PORT	     0xe8

/*
 * A machine check (vector 18, MCi_STATUS and MCi_ADDR of bank 0) tells a
 * guest that has CR4.MCE set of an access to a window page that has no lease
 * behind it; without CR4.MCE such an access stops the guest.
 */
#define LAB_FEATURE_MACHINE_CHECK (1u << 0)
/* The host fills second-stage tables before a guest's first touch. */
#define LAB_FEATURE_PRE_FAULT (1u << 1)
/* The host's kernel counts what LAB_HC_STATS tells. */
#define LAB_FEATURE_STATS (1u << 2)

/*
 * Calls. The numbers start high so that none is one that the kernel's Xen
 * or KVM hypercalls answer by themselves. 0 is no call.
 *
 * Each says which errors (LAB_E..., below) it may answer, in the order of its
 * checks. Errors of any call, before its own: EPERM ENOSYS. When each comes
 * is said in docs/hypercalls.md; tests/lint/check-errors has header, prose and
 * tests agree on every one.
 */
#define LAB_HC_BASE UINT32_C(0x4c420000)
enum lab_hypercall {
	/* () -> LAB_ABI_VERSION; errors: none */
	LAB_HC_VERSION = 0x4c420001,
	/* () -> feature bits, as in CPUID; errors: none */
	LAB_HC_FEATURES = 0x4c420002,
	/*
	 * (gfp, order) -> guest-physical address of 2^order pages
	 * Errors: EINVAL ERANGE EDEADLK EDQUOT ENOMEM EAGAIN
	 */
	LAB_HC_GRANT = 0x4c420003,
	/*
	 * (gpa, order) -> 0
	 * Errors: ERANGE ENXIO EDOM EACCES ENOENT ESTALE EMSGSIZE
	 */
	LAB_HC_RELEASE = 0x4c420004,
	/*
	 * (gfp, order, count, OUT u64 gpa[count]) -> 0; whole or not at all
	 * Errors: EINVAL ERANGE E2BIG EFAULT EDEADLK EDQUOT ENOMEM
	 * EAGAIN
	 */
	LAB_HC_GRANT_BULK = 0x4c420005,
	/*
	 * (order, count, IN u64 gpa[count]) -> 0; whole or not at all
	 * Errors: ERANGE E2BIG EFAULT ENXIO EDOM EACCES ENOENT ESTALE
	 * EMSGSIZE
	 */
	LAB_HC_RELEASE_BULK = 0x4c420006,
	/*
	 * (OUT struct lab_counts, size) -> bytes written
	 * Errors: E2BIG EFAULT
	 */
	LAB_HC_QUERY = 0x4c420007,
	/*
	 * (gpa) -> order of the grant that covers this page of the window
	 * Errors: ENXIO EACCES ENOENT
	 */
	LAB_HC_INSPECT = 0x4c420008,
	/*
	 * (IN text, bytes) -> bytes written to the console
	 * Errors: E2BIG EFAULT
	 */
	LAB_HC_CONSOLE = 0x4c420009,
	/*
	 * (status 0 to 123); does not come back if status is in range
	 * Errors: E2BIG
	 */
	LAB_HC_EXIT = 0x4c42000a,
	/*
	 * (path, IN struct lab_fail, size) -> 0
	 * Errors: E2BIG EFAULT EINVAL
	 */
	LAB_HC_FAIL = 0x4c42000b,
	/*
	 * (IN bytes, count) -> bytes appended to the host's output file
	 * Errors: E2BIG EBADF EFAULT EIO
	 */
	LAB_HC_OUTPUT = 0x4c42000c,
	/*
	 * (status gpa in RAM or 0, size, vector or 0, processor) -> 0
	 * Errors: E2BIG EFAULT EDOM EINVAL
	 */
	LAB_HC_EVENTS = 0x4c42000d,
	/*
	 * (OUT struct lab_stats, size) -> bytes written
	 * Errors: E2BIG ENODATA EFAULT
	 */
	LAB_HC_STATS = 0x4c42000e,

	LAB_HC_MAX = LAB_HC_STATS
};

#define LAB_BULK_MAX	 512  /* grants in one bulk call: one page of u64 */
#define LAB_STATUS_ALIGN 64   /* bytes: of struct lab_status's address */
#define LAB_STATUS_MIN	 24   /* bytes: of one without notices */
#define LAB_NOTICES	 16   /* notices that may stand at a time */
#define LAB_CONSOLE_MAX	 4096 /* bytes in one console call */
#define LAB_OUTPUT_MAX	 4096 /* bytes in one output call */
#define LAB_EXIT_MAX	 123  /* highest exit status of a guest's own */

/*
 * Allocation flags of LAB_HC_GRANT: exactly one context, and modifiers. Any
 * other bit, no context or two contexts: -EINVAL.
 */
#define LAB_GFP_ATOMIC	(1u << 0)  /* never waits, may dig into the reserve */
#define LAB_GFP_NOWAIT	(1u << 1)  /* never waits, may not */
#define LAB_GFP_KERNEL	(1u << 2)  /* may wait for the broker */
#define LAB_GFP_ZERO	(1u << 8)  /* the pages read as zero */
#define LAB_GFP_NOWARN	(1u << 9)  /* a failure is not logged */
#define LAB_GFP_NORETRY (1u << 10) /* KERNEL: ask once, wait for no guest */
/* For one address space of the guest alone: the guest's kernel sees to it. */
#define LAB_GFP_EXCL  (1u << 11)
#define LAB_GFP_ASYNC (1u << 12) /* KERNEL: do not wait, send an event */

#define LAB_GFP_CONTEXTS (LAB_GFP_ATOMIC | LAB_GFP_NOWAIT | LAB_GFP_KERNEL)
#define LAB_GFP_ALL                                                           \
	(LAB_GFP_CONTEXTS | LAB_GFP_ZERO | LAB_GFP_NOWARN | LAB_GFP_NORETRY | \
	 LAB_GFP_EXCL | LAB_GFP_ASYNC)

/* Errors: Linux's numbers. Which call answers which is said above. */
#define LAB_EPERM    1	 /* a hypercall from a ring other than 0 */
#define LAB_ENOENT   2	 /* no grant begins at this page, nor ever did */
#define LAB_EIO	     5	 /* the host could not write its output file */
#define LAB_ENXIO    6	 /* the address lies outside the window */
#define LAB_E2BIG    7	 /* a count, size or status outside its range */
#define LAB_EBADF    9	 /* the host has no output file for this guest */
#define LAB_EAGAIN   11	 /* LAB_GFP_ASYNC: not now, an event will follow */
#define LAB_ENOMEM   12	 /* no free page of this order, and no lease for it */
#define LAB_EACCES   13	 /* a page of the window that is not this guest's */
#define LAB_EFAULT   14	 /* a buffer that is not all in the guest's memory */
#define LAB_EINVAL   22	 /* incoherent or unknown flags, path, attribute */
#define LAB_EDOM     33	 /* the address is not aligned to its order */
#define LAB_ERANGE   34	 /* order above LAB_MAX_ORDER */
#define LAB_EDEADLK  35	 /* LAB_GFP_KERNEL with interrupts off */
#define LAB_ENOSYS   38	 /* no such call */
#define LAB_ENODATA  61	 /* the host's kernel does not count this */
#define LAB_EMSGSIZE 90	 /* granted, but with another order */
#define LAB_ESTALE   116 /* released already */
#define LAB_EDQUOT   122 /* the guest's own limit is reached */

/* A guest's own counts, as LAB_HC_QUERY writes them. All since its start. */
struct lab_counts {
	uint64_t leases;	   /* leases held now, boot RAM's included */
	uint64_t leases_guarantee; /* leases that are never taken back */
	uint64_t leases_limit;	   /* leases that it may ever hold */
	uint64_t pages_granted;	   /* pages in grants now */
	uint64_t pages_free;	   /* ... in no grant, that could be granted */
	uint64_t grants;	   /* grants made (each of a bulk counts) */
	uint64_t grants_failed;	   /* refused for want of memory */
	uint64_t releases;	   /* grants given back */
	uint64_t mistakes;	   /* calls refused for the guest's own fault */
	uint64_t calls;		   /* hypercalls, whatever their answer */
	uint64_t pages_min;	   /* free pages that only ATOMIC may use */
	uint64_t pages_low;	   /* free pages at which a refill begins */
	uint64_t pages_high;	   /* free pages at which it ends */
	uint64_t refills;	   /* leases got ahead of demand */
	uint64_t events;	   /* events told, whether heard or not */
};

/*
 * How scarce memory is for this guest. LOW: it may soon be refused; give back
 * what can be spared. CRITICAL: what does not dig into the reserve is refused,
 * or will be.
 */
enum lab_level {
	LAB_LEVEL_NONE = 0,
	LAB_LEVEL_LOW = 1,
	LAB_LEVEL_CRITICAL = 2,
};

/* struct lab_status.pending */
#define LAB_EVENT_LEVEL	  (1u << 0) /* the level is another one */
#define LAB_EVENT_READY	  (1u << 1) /* what ASYNC asked for is there: ask */
#define LAB_EVENT_REFUSED (1u << 2) /* ... will not come */
#define LAB_EVENT_REVOKE  (1u << 3) /* there is a notice more */

/*
 * A lease that is about to be taken: the extent at this address goes in `ms`
 * from when this was written. No grant is made in it any more; once the last
 * one in it is released it goes back, and nothing is lost. The VMM writes
 * serial last, and sets it to 0 when this is over, however that came about.
 */
struct lab_notice {
	uint64_t address; /* guest-physical, of LAB_EXTENT_SIZE bytes */
	uint32_t serial;  /* of each notice another one; 0: no notice */
	uint32_t ms;	  /* > 0 */
};

/*
 * Where a guest reads what happens, without an exit. In boot RAM, aligned to
 * 64 bytes. The VMM writes; it believes nothing that it reads there. What the
 * guest may write is `pending`: it takes the bits out by an atomic exchange.
 */
struct lab_status {
	uint32_t level;	  /* enum lab_level: the worse of the next two */
	uint32_t own;	  /* of this guest's free pages and marks */
	uint32_t pool;	  /* of the pool, if this guest must mind it */
	uint32_t pending; /* LAB_EVENT_*: happened since the guest took them */
	uint64_t events;  /* how many were told, all since its start */
	/* For a guest that said it has room for all of this structure. */
	struct lab_notice notices[LAB_NOTICES];
};

/*
 * What this processor has cost the host, as LAB_HC_STATS writes it: since its
 * start, the exit of the call itself included. exits and those of its kinds are
 * KVM's own statistics.
 */
struct lab_stats {
	uint64_t exits;	       /* from the guest to the host's kernel */
	uint64_t guest_faults; /* of those, for second-stage tables' gaps */
	uint64_t interrupts;   /* of those, for the host's own interrupts */
	uint64_t user_exits;   /* its thread came back to the VMM */
	uint64_t host_faults;  /* page faults of the VMM's thread for it */
	uint64_t host_major;   /* of those, that had to wait for a disk */
};

/*
 * Fault injection, as Linux's fail_page_alloc: on purpose, a path answers as
 * if memory were short. Each path has attributes of its own.
 */
enum lab_fail_path {
	LAB_FAIL_HYPERCALL = 1, /* GRANT; each block of a GRANT_BULK */
	LAB_FAIL_LEASE = 2,	/* getting one more lease from the broker */
	LAB_FAIL_MAP = 3,	/* mapping it into the window */
	LAB_FAIL_LOCAL = 4,	/* granting from the leases that are held */
	LAB_FAIL_REFILL = 5,	/* getting leases ahead of demand */

	LAB_FAIL_MAX = LAB_FAIL_REFILL
};

/* struct lab_fail.flags; any other bit: -EINVAL. */
#define LAB_FAIL_IGNORE_WAIT (1u << 0) /* spare calls that may wait */

/* What LAB_HC_FAIL reads. All zeroes: the path works as it should. */
struct lab_fail {
	uint32_t probability; /* percent, 0 to 100, of the calls that fail */
	uint32_t interval;    /* only each such call may; 0 is 1, each */
	int64_t times;	      /* failures until it stops; -1: no limit */
	uint64_t space;	      /* pages until the first failure may come */
	uint64_t nth;	      /* exactly this call fails, from 1; 0: none */
	uint32_t min_order;   /* calls of a lower order are spared */
	uint32_t flags;	      /* LAB_FAIL_IGNORE_WAIT */
};

_Static_assert(sizeof(struct lab_fail) == 40, "lab_fail: size");
_Static_assert(offsetof(struct lab_fail, probability) == 0, "lab_fail");
_Static_assert(offsetof(struct lab_fail, interval) == 4, "lab_fail");
_Static_assert(offsetof(struct lab_fail, times) == 8, "lab_fail");
_Static_assert(offsetof(struct lab_fail, space) == 16, "lab_fail");
_Static_assert(offsetof(struct lab_fail, nth) == 24, "lab_fail");
_Static_assert(offsetof(struct lab_fail, min_order) == 32, "lab_fail");
_Static_assert(offsetof(struct lab_fail, flags) == 36, "lab_fail");

_Static_assert(sizeof(struct lab_counts) == 120, "lab_counts: size");
_Static_assert(offsetof(struct lab_counts, leases) == 0, "lab_counts");
_Static_assert(offsetof(struct lab_counts, leases_guarantee) == 8,
	       "lab_counts");
_Static_assert(offsetof(struct lab_counts, leases_limit) == 16, "lab_counts");
_Static_assert(offsetof(struct lab_counts, pages_granted) == 24, "lab_counts");
_Static_assert(offsetof(struct lab_counts, pages_free) == 32, "lab_counts");
_Static_assert(offsetof(struct lab_counts, grants) == 40, "lab_counts");
_Static_assert(offsetof(struct lab_counts, grants_failed) == 48, "lab_counts");
_Static_assert(offsetof(struct lab_counts, releases) == 56, "lab_counts");
_Static_assert(offsetof(struct lab_counts, mistakes) == 64, "lab_counts");
_Static_assert(offsetof(struct lab_counts, calls) == 72, "lab_counts");
_Static_assert(offsetof(struct lab_counts, pages_min) == 80, "lab_counts");
_Static_assert(offsetof(struct lab_counts, pages_low) == 88, "lab_counts");
_Static_assert(offsetof(struct lab_counts, pages_high) == 96, "lab_counts");
_Static_assert(offsetof(struct lab_counts, refills) == 104, "lab_counts");
_Static_assert(offsetof(struct lab_counts, events) == 112, "lab_counts");
_Static_assert(sizeof(struct lab_notice) == 16, "lab_notice: size");
_Static_assert(offsetof(struct lab_notice, address) == 0, "lab_notice");
_Static_assert(offsetof(struct lab_notice, serial) == 8, "lab_notice");
_Static_assert(offsetof(struct lab_notice, ms) == 12, "lab_notice");

_Static_assert(sizeof(struct lab_status) == 280, "lab_status: size");
_Static_assert(offsetof(struct lab_status, level) == 0, "lab_status");
_Static_assert(offsetof(struct lab_status, own) == 4, "lab_status");
_Static_assert(offsetof(struct lab_status, pool) == 8, "lab_status");
_Static_assert(offsetof(struct lab_status, pending) == 12, "lab_status");
_Static_assert(offsetof(struct lab_status, events) == 16, "lab_status");
_Static_assert(offsetof(struct lab_status, notices) == LAB_STATUS_MIN,
	       "lab_status");

_Static_assert(sizeof(struct lab_stats) == 48, "lab_stats: size");
_Static_assert(offsetof(struct lab_stats, exits) == 0, "lab_stats");
_Static_assert(offsetof(struct lab_stats, guest_faults) == 8, "lab_stats");
_Static_assert(offsetof(struct lab_stats, interrupts) == 16, "lab_stats");
_Static_assert(offsetof(struct lab_stats, user_exits) == 24, "lab_stats");
_Static_assert(offsetof(struct lab_stats, host_faults) == 32, "lab_stats");
_Static_assert(offsetof(struct lab_stats, host_major) == 40, "lab_stats");

_Static_assert(LAB_EXTENT_PAGES *LAB_PAGE_SIZE == LAB_EXTENT_SIZE, "extent");
_Static_assert((1u << LAB_MAX_ORDER) == LAB_EXTENT_PAGES, "order");

#endif
