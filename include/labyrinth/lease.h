/* SPDX-License-Identifier: MIT */
/*
 * The lease protocol between a VMM and the broker. Prose twin:
 * docs/lease-protocol.md.
 *
 * A SOCK_SEQPACKET UNIX socket carries messages of one fixed size, in the
 * host's byte order. The VMM speaks first: HELLO, answered by WELCOME or
 * REFUSED. Then LEASE is answered by LEASED, with the lease's descriptor in
 * SCM_RIGHTS, or by REFUSED; RETURN is a command and has no answer. An answer
 * repeats the seq of its question. To a VMM that asked for events the broker
 * sends RECLAIM, PRESSURE, REVOKING and REVOKED at any time after WELCOME, with
 * seq 0; REVOKED is answered by RETURN. Root says AUDIT (labyrinth/audit.h) or
 * REVOKE instead of HELLO, and nothing after it. Anything else, from either
 * side, ends the connection; and the end of the connection, however it came
 * about, gives every lease back, unless it is the broker that ends: then the
 * VMM keeps its leases, and comes back to the next broker with a HELLO that
 * says ADOPT.
 */
#ifndef LABYRINTH_LEASE_H
#define LABYRINTH_LEASE_H

#include <stddef.h>
#include <stdint.h>

#define LAB_LEASE_MAGIC	  UINT32_C(0x6573616c) /* "lase" in memory */
#define LAB_LEASE_VERSION 1
#define LAB_NAME_MAX	  64 /* bytes of a name with its NUL */

enum lab_lease_type {
	LAB_LEASE_HELLO = 1,	/* VMM: who I am and what I ask for */
	LAB_LEASE_WELCOME = 2,	/* broker: admitted */
	LAB_LEASE_REFUSED = 3,	/* broker: no, and why */
	LAB_LEASE_LEASE = 4,	/* VMM: one lease, please */
	LAB_LEASE_LEASED = 5,	/* broker: here it is (one descriptor) */
	LAB_LEASE_RETURN = 6,	/* VMM: unmapped and closed, take it back */
	LAB_LEASE_RECLAIM = 7,	/* broker: give some back, please (event) */
	LAB_LEASE_PRESSURE = 8, /* broker: the pool's level changed (event) */
	LAB_LEASE_REVOKED = 9,	/* broker: a lease was taken (event) */
	LAB_LEASE_REVOKING =
		10,		/* broker: one will be, if none comes (event) */
	LAB_LEASE_LIMIT = 11,	/* broker: your limit has changed (event) */
	LAB_LEASE_AUDIT = 16,	/* auditor: tell me all that the ledger holds */
	LAB_LEASE_AUDITED = 17, /* broker: here it is (one descriptor) */
	LAB_LEASE_REVOKE = 18,	/* administrator: take leases from a guest */
	LAB_LEASE_TAKEN = 19,	/* broker: done */
};

/* Flags of a HELLO. */
#define LAB_HELLO_EVENTS 0x1 /* send me events */
#define LAB_HELLO_ADOPT	 0x2 /* I ran under a broker of this pool before you */
#define LAB_HELLO_TALLY	 0x4 /* a struct lab_tally comes with this */

/* How much a pool still has to lend above its guests' guarantees. */
enum lab_lease_level {
	LAB_LEASE_LEVEL_NONE = 0,     /* enough: no pressure */
	LAB_LEASE_LEVEL_LOW = 1,      /* at its low watermark, or below */
	LAB_LEASE_LEVEL_CRITICAL = 2, /* at its min watermark, or below */
};

/* Why a lease was taken from its owner, or will be. */
enum lab_revoke_reason {
	LAB_REVOKE_NONE = 0,	/* REVOKING: it stays where it is, after all */
	LAB_REVOKE_RECLAIM = 1, /* others waited, and it gave nothing back */
	LAB_REVOKE_ADMIN = 2,	/* an administrator said so */
};

/* So many REVOKED are not yet answered by RETURN, at most. */
#define LAB_REVOKED_MAX 64

/* So many REVOKING stand at a time, at most. */
#define LAB_REVOKING_MAX 16

/* The longest time that a REVOKE may leave the guest, in ms. */
#define LAB_GRACE_MAX 60000

/* How a lease's file is backed: what the owner must know to map it well. */
enum lab_backing {
	LAB_BACKING_SHMEM = 1,	 /* 4 KiB pages; the owner locks them */
	LAB_BACKING_HUGETLB = 2, /* one 2 MiB page; never swapped */
	LAB_BACKING_THP = 3,	 /* one 2 MiB page; the owner locks it */
	/* 4 KiB pages, never swapped; the owner makes the file, of its VM. */
	LAB_BACKING_GUEST_MEMFD = 4,
};

/*
 * The file that may come with a HELLO: what a guest does, as its VMM counts it,
 * and at LAB_TALLY_SHARE the table that the guest shares with the VMM
 * (labyrinth/share.h), where it counts what it does by itself. Of that the
 * broker looks at the head and at the processors' lines; the file is longer.
 */
#define LAB_TALLY_CPUS	128u   /* struct lab_tally_cpu[LAB_CPUS_MAX] */
#define LAB_TALLY_SHARE 4096u  /* struct lab_share */
#define LAB_TALLY_BYTES 12288u /* that are looked at */

/*
 * The file begins with this. The VMM writes it as things happen, the broker
 * reads it when somebody asks: each number is whole, but they are not all of
 * one instant. Nothing but what viewers are told depends on it. What the guest
 * did by itself is not in it, but in the table: who reads adds it.
 */
struct lab_tally {
	/* Grants made (each of a bulk counts), by context; they only grow. */
	uint64_t grants_atomic;
	uint64_t grants_nowait;
	uint64_t grants_kernel;
	/* Calls that were refused for want of memory, likewise. */
	uint64_t failed_atomic;
	uint64_t failed_nowait;
	uint64_t failed_kernel;
	uint64_t releases; /* grants given back */
	uint64_t mistakes; /* calls refused for the guest's own fault */
	uint64_t calls;	   /* hypercalls, whatever their answer */
	uint64_t refills;  /* leases got ahead of demand */
	uint64_t reserved[2]; /* 0; pages of now are in the table */
	/* These are numbers of now. */
	uint64_t pages_min; /* its watermarks, in free pages */
	uint64_t pages_low;
	uint64_t pages_high;
	uint64_t level; /* where it is against them: enum lab_level */
};

/*
 * Of each processor; all only grow. A lease that comes or goes by itself counts
 * for the processor that moved the guest's books last: by a call, or by a kick
 * that the VMM had asked for (labyrinth/share.h; who it was is the guest's word).
 */
struct lab_tally_cpu {
	uint64_t slow;	    /* grants made by a call */
	uint64_t failed;    /* calls refused for want of memory */
	uint64_t refilled;  /* leases got ahead of demand; `refills` is the sum */
	uint64_t reclaimed; /* leases given back: for surplus, or a REVOKING */
};

struct lab_lease_msg {
	uint32_t magic;	  /* LAB_LEASE_MAGIC */
	uint16_t version; /* LAB_LEASE_VERSION */
	uint16_t type;	  /* enum lab_lease_type */
	uint64_t seq;	  /* the VMM's number of the question, from 1 */
	union {
		struct {
			char name[LAB_NAME_MAX]; /* of the guest */
			char pool[LAB_NAME_MAX]; /* to lease from */
			uint64_t memory;	 /* boot RAM, leases */
			uint64_t guarantee;	 /* leases; >= memory */
			uint64_t limit;		 /* leases; >= guarantee */
			uint32_t flags;		 /* LAB_HELLO_*; no others */
			uint32_t cpus;		 /* 1 to LAB_CPUS_MAX */
			uint64_t maximum; /* of the limit, ever; 0: as now */
		} hello;
		struct {
			uint32_t guest;	     /* id, > 0, unique in the broker */
			uint32_t backing;    /* enum lab_backing */
			uint64_t pool_total; /* leases in the pool */
			uint8_t uuid[16];    /* of the guest */
			uint64_t held;	     /* leases; 0 but for ADOPT */
		} welcome;
		struct {
			int32_t error;	/* positive errno */
			char text[220]; /* one sentence, NUL-terminated */
		} refused;
		struct {
			uint32_t wait_ms; /* to wait for others; 0: do not */
		} lease;
		struct {
			uint64_t lease; /* id: generation << 32 | extent */
		} leased;
		struct {
			uint64_t lease; /* id, as in LEASED */
		} returned;
		struct {
			uint64_t leases; /* how many, > 0 */
			uint32_t level;	 /* CRITICAL: a guest waits; LOW */
		} reclaim;
		struct {
			uint32_t level; /* enum lab_lease_level */
			uint32_t reserved;
			uint64_t blank;	    /* leases ready to hand over */
			uint64_t total;	    /* leases of the pool */
			uint64_t available; /* what the level is about */
		} pressure;
		struct {
			uint64_t lease;	 /* id, as in LEASED */
			uint32_t reason; /* enum lab_revoke_reason */
		} revoked;
		struct {
			uint64_t lease;	 /* id, as in LEASED */
			uint32_t reason; /* enum lab_revoke_reason */
			uint32_t ms;	 /* until then; > 0 unless NONE */
		} revoking;
		struct {
			uint64_t leases; /* that the guest may hold now */
		} limit;
		struct {
			uint64_t bytes; /* of the file that comes with it */
		} audited;
		struct {
			char name[LAB_NAME_MAX]; /* of the guest */
			uint64_t leases;   /* 0: all above its guarantee */
			uint32_t grace_ms; /* for the guest to give them up */
		} revoke;
		struct {
			uint64_t leases; /* given up or taken */
			uint64_t given;	 /* of these: given up in time */
		} taken;
		uint8_t pad[240];
	};
};

_Static_assert(sizeof(struct lab_lease_msg) == 256, "lab_lease_msg: size");
_Static_assert(offsetof(struct lab_lease_msg, version) == 4, "lab_lease_msg");
_Static_assert(offsetof(struct lab_lease_msg, type) == 6, "lab_lease_msg");
_Static_assert(offsetof(struct lab_lease_msg, seq) == 8, "lab_lease_msg");
_Static_assert(offsetof(struct lab_lease_msg, hello.name) == 16, "hello");
_Static_assert(offsetof(struct lab_lease_msg, hello.pool) == 80, "hello");
_Static_assert(offsetof(struct lab_lease_msg, hello.memory) == 144, "hello");
_Static_assert(offsetof(struct lab_lease_msg, hello.guarantee) == 152, "hello");
_Static_assert(offsetof(struct lab_lease_msg, hello.limit) == 160, "hello");
_Static_assert(offsetof(struct lab_lease_msg, hello.flags) == 168, "hello");
_Static_assert(offsetof(struct lab_lease_msg, hello.cpus) == 172, "hello");
_Static_assert(offsetof(struct lab_lease_msg, hello.maximum) == 176, "hello");
_Static_assert(offsetof(struct lab_lease_msg, welcome.guest) == 16, "welcome");
_Static_assert(offsetof(struct lab_lease_msg, welcome.backing) == 20,
	       "welcome");
_Static_assert(offsetof(struct lab_lease_msg, welcome.pool_total) == 24,
	       "welcome");
_Static_assert(offsetof(struct lab_lease_msg, welcome.uuid) == 32, "welcome");
_Static_assert(offsetof(struct lab_lease_msg, welcome.held) == 48, "welcome");
_Static_assert(offsetof(struct lab_lease_msg, refused.error) == 16, "refused");
_Static_assert(offsetof(struct lab_lease_msg, refused.text) == 20, "refused");
_Static_assert(offsetof(struct lab_lease_msg, lease.wait_ms) == 16, "lease");
_Static_assert(offsetof(struct lab_lease_msg, leased.lease) == 16, "leased");
_Static_assert(offsetof(struct lab_lease_msg, returned.lease) == 16,
	       "returned");
_Static_assert(offsetof(struct lab_lease_msg, reclaim.leases) == 16, "reclaim");
_Static_assert(offsetof(struct lab_lease_msg, reclaim.level) == 24, "reclaim");
_Static_assert(offsetof(struct lab_lease_msg, pressure.level) == 16,
	       "pressure");
_Static_assert(offsetof(struct lab_lease_msg, pressure.blank) == 24,
	       "pressure");
_Static_assert(offsetof(struct lab_lease_msg, pressure.total) == 32,
	       "pressure");
_Static_assert(offsetof(struct lab_lease_msg, pressure.available) == 40,
	       "pressure");
_Static_assert(offsetof(struct lab_lease_msg, revoked.lease) == 16, "revoked");
_Static_assert(offsetof(struct lab_lease_msg, revoked.reason) == 24, "revoked");
_Static_assert(offsetof(struct lab_lease_msg, revoking.lease) == 16,
	       "revoking");
_Static_assert(offsetof(struct lab_lease_msg, revoking.reason) == 24,
	       "revoking");
_Static_assert(offsetof(struct lab_lease_msg, revoking.ms) == 28, "revoking");
_Static_assert(offsetof(struct lab_lease_msg, limit.leases) == 16, "limit");
_Static_assert(offsetof(struct lab_lease_msg, audited.bytes) == 16, "audited");
_Static_assert(offsetof(struct lab_lease_msg, revoke.name) == 16, "revoke");
_Static_assert(offsetof(struct lab_lease_msg, revoke.leases) == 80, "revoke");
_Static_assert(offsetof(struct lab_lease_msg, revoke.grace_ms) == 88, "revoke");
_Static_assert(offsetof(struct lab_lease_msg, taken.leases) == 16, "taken");
_Static_assert(offsetof(struct lab_lease_msg, taken.given) == 24, "taken");

_Static_assert(sizeof(struct lab_tally) == LAB_TALLY_CPUS, "lab_tally: size");
_Static_assert(offsetof(struct lab_tally, grants_atomic) == 0, "lab_tally");
_Static_assert(offsetof(struct lab_tally, grants_nowait) == 8, "lab_tally");
_Static_assert(offsetof(struct lab_tally, grants_kernel) == 16, "lab_tally");
_Static_assert(offsetof(struct lab_tally, failed_atomic) == 24, "lab_tally");
_Static_assert(offsetof(struct lab_tally, failed_nowait) == 32, "lab_tally");
_Static_assert(offsetof(struct lab_tally, failed_kernel) == 40, "lab_tally");
_Static_assert(offsetof(struct lab_tally, releases) == 48, "lab_tally");
_Static_assert(offsetof(struct lab_tally, mistakes) == 56, "lab_tally");
_Static_assert(offsetof(struct lab_tally, calls) == 64, "lab_tally");
_Static_assert(offsetof(struct lab_tally, refills) == 72, "lab_tally");
_Static_assert(offsetof(struct lab_tally, reserved) == 80, "lab_tally");
_Static_assert(offsetof(struct lab_tally, pages_min) == 96, "lab_tally");
_Static_assert(offsetof(struct lab_tally, pages_low) == 104, "lab_tally");
_Static_assert(offsetof(struct lab_tally, pages_high) == 112, "lab_tally");
_Static_assert(offsetof(struct lab_tally, level) == 120, "lab_tally");
_Static_assert(sizeof(struct lab_tally_cpu) == 32, "lab_tally_cpu: size");
_Static_assert(offsetof(struct lab_tally_cpu, failed) == 8, "lab_tally_cpu");
_Static_assert(offsetof(struct lab_tally_cpu, refilled) == 16, "lab_tally_cpu");
_Static_assert(offsetof(struct lab_tally_cpu, reclaimed) == 24,
	       "lab_tally_cpu");

#endif
