/* SPDX-License-Identifier: MIT */
/*
 * The table that a guest and its VMM share: the state of each page of the
 * window, so that the guest may grant and release without an exit. Prose, and
 * the protocol of the words: docs/share.md. The code that keeps it, the same
 * on both sides, is vmm/share; a guest has it from the guest library.
 *
 * The table has, from its start, and all of it zeroes at first:
 *	offset				what
 *	0				struct lab_share
 *	LAB_SHARE_CPUS			struct lab_share_cpu[LAB_CPUS_MAX]
 *	LAB_SHARE_CHILDREN		u64 for each extent
 *	LAB_SHARE_MAPS(extents)		16 u64 for each extent
 *	LAB_SHARE_INDEX(extents)	hints, LAB_SHARE_LISTS parts
 * Nothing in it says how long it is or where a part begins: each side knows
 * the number of extents for itself. Every word is read and written by atomic
 * operations only, each side by sequentially consistent ones unless the prose
 * says that less will do. The VMM believes nothing that it reads there; a guest
 * that writes anything else than the protocol says harms itself alone.
 */
#ifndef LABYRINTH_SHARE_H
#define LABYRINTH_SHARE_H

#include <stddef.h>
#include <stdint.h>

#include <labyrinth/bootinfo.h>
#include <labyrinth/hypercall.h>

#define LAB_SHARE_VERSION 2
#define LAB_SHARE_MAGIC	  UINT64_C(0x657261687362616c) /* "labshare" */

#define LAB_SHARE_LINE	    64u	 /* bytes: no two writers share a line */
#define LAB_SHARE_MAP_WORDS 16u	 /* of an extent */
#define LAB_SHARE_MAP_PAGES 32u	 /* of a word */
#define LAB_SHARE_MAP_BYTES 128u /* of an extent */

/*
 * A word of a map. Bit i is "used": page i of the word is in a grant. Bit
 * 32 + i is "head": a grant begins (or, where used is clear, began) there. A
 * grant of order 0 to 5 lies in one word, and reaches from its head to the next
 * head, unused page or the word's end. In the words of a larger one all 32 used
 * bits are set; bit LAB_SHARE_LARGE(order) is, and of the other heads that of
 * page 0 in the grant's first word: nothing smaller looks so.
 */
#define LAB_SHARE_LARGE(order) (32 + 3 + (order)) /* 41 to 44 */

/*
 * A child: what an extent has.
 *	bits 0-15	free pages, less what a grant under way reserved
 *	bits 16, 17	enum lab_share_state
 *	bits 20-23	bucket: 1 + the order of its largest free block, or
 *			more; LAB_SHARE_HELD: processors work in it, whatever it
 *			has; 0 if it is full or not open
 *	bits 32-63	version: another one after each block that became free
 */
enum lab_share_state {
	LAB_SHARE_ABSENT = 0, /* no lease */
	LAB_SHARE_OPEN = 1,   /* grants come from it */
	LAB_SHARE_CLOSED = 2, /* none do, but what is granted may be released */
	LAB_SHARE_LOST = 3,   /* its lease was taken; nothing comes there */
};

#define LAB_SHARE_FREE		UINT64_C(0xffff)
#define LAB_SHARE_STATE_SHIFT	16
#define LAB_SHARE_STATE		(UINT64_C(3) << LAB_SHARE_STATE_SHIFT)
#define LAB_SHARE_BUCKET_SHIFT	20
#define LAB_SHARE_BUCKET	(UINT64_C(15) << LAB_SHARE_BUCKET_SHIFT)
#define LAB_SHARE_VERSION_SHIFT 32

#define LAB_SHARE_HELD	(LAB_MAX_ORDER + 2u) /* the last bucket */
#define LAB_SHARE_LISTS LAB_SHARE_HELD	     /* buckets but 0 */

/* The head. Each group is a line of its own. */
struct lab_share {
	/* Set by the VMM before the guest starts, for the guest to check. */
	uint64_t magic;	  /* LAB_SHARE_MAGIC */
	uint32_t version; /* LAB_SHARE_VERSION */
	uint32_t extents; /* of the window */
	uint32_t min;	  /* pages: the guest's marks, as QUERY tells them */
	uint32_t low;
	uint32_t high;
	uint32_t reserved[9];

	/*
	 * Free pages of open extents, less what grants under way took of it.
	 * Negative only for a moment, when an extent closes beside a grant.
	 */
	int64_t unused;
	uint64_t unused_rest[7];

	/* Counts of rarer changes. */
	int64_t spares; /* open extents that are wholly free */
	int64_t shut;	/* free pages of closed extents */
	int64_t leases; /* open and closed extents */
	int64_t moves;	/* of extents from one bucket to another */
	int64_t clears; /* of bits of the index, under way */
	uint64_t counts_rest[3];

	/* The VMM's words to the guest. */
	uint32_t flags; /* LAB_SHARE_CALL */
	/* 1: kick after a release that leaves so much; take it by exchange. */
	uint32_t arm_release;
	uint32_t arm_low;   /* 1: kick at `low_at` or below; the same */
	uint32_t kicker;    /* the guest: which processor kicked last */
	int64_t low_at;	    /* pages unused */
	int64_t release_at; /* pages unused, at least, ... */
	int64_t spares_at;  /* ... and of `spares` */
	uint64_t words_rest[3];

	uint64_t rest[480];
};

/* lab_share.flags: use the hypercalls, not the table. */
#define LAB_SHARE_CALL (1u << 0)

/*
 * What a processor has for itself. Only it writes here, and the VMM while it
 * waits in a hypercall.
 */
struct lab_share_cpu {
	/* Where it works: extent, and above it by 32 bits the map's word to
	 * look at first. A hint: it may do so if the child is held, by
	 * whomever. */
	uint64_t place;
	uint64_t grants[3]; /* on the fast path: atomic, nowait, kernel */
	uint64_t slow;	    /* grants and releases that needed a hypercall */
	uint64_t failed;    /* grants refused */
	uint64_t releases;  /* on the fast path */
	uint64_t reserved;
};

#define LAB_SHARE_ALIGN(bytes)                      \
	(((uint64_t)(bytes) + LAB_SHARE_LINE - 1) & \
	 ~(uint64_t)(LAB_SHARE_LINE - 1))

#define LAB_SHARE_CPUS	   4096u
#define LAB_SHARE_CHILDREN 8192u
#define LAB_SHARE_MAPS(extents) \
	(LAB_SHARE_CHILDREN + LAB_SHARE_ALIGN(8 * (uint64_t)(extents)))
#define LAB_SHARE_INDEX(extents) \
	(LAB_SHARE_MAPS(extents) + LAB_SHARE_MAP_BYTES * (uint64_t)(extents))

/*
 * The index has a part for each bucket but 0, of the extents that are in it;
 * that of 1 comes first. A part has levels: the first has a bit for each
 * extent, each above one for each word of the level below, the last is one
 * word; then it is filled up to a line. A bit may be wrong only while somebody is changing it. Who moves
 * an extent to another bucket sets the bit of that, counts the move, and clears
 * the old bit; who cleared one that should be there sets it again and counts
 * that, too. So a search that found no bit knows whether one was there, if
 * nobody clears any.
 */
#define LAB_SHARE_LEVELS 4u /* at most; of 64 to the 4th extents */

_Static_assert(sizeof(struct lab_share) == LAB_SHARE_CPUS, "lab_share: size");
_Static_assert(offsetof(struct lab_share, magic) == 0, "lab_share");
_Static_assert(offsetof(struct lab_share, version) == 8, "lab_share");
_Static_assert(offsetof(struct lab_share, extents) == 12, "lab_share");
_Static_assert(offsetof(struct lab_share, min) == 16, "lab_share");
_Static_assert(offsetof(struct lab_share, low) == 20, "lab_share");
_Static_assert(offsetof(struct lab_share, high) == 24, "lab_share");
_Static_assert(offsetof(struct lab_share, unused) == 64, "lab_share");
_Static_assert(offsetof(struct lab_share, spares) == 128, "lab_share");
_Static_assert(offsetof(struct lab_share, shut) == 136, "lab_share");
_Static_assert(offsetof(struct lab_share, leases) == 144, "lab_share");
_Static_assert(offsetof(struct lab_share, moves) == 152, "lab_share");
_Static_assert(offsetof(struct lab_share, clears) == 160, "lab_share");
_Static_assert(offsetof(struct lab_share, flags) == 192, "lab_share");
_Static_assert(offsetof(struct lab_share, arm_release) == 196, "lab_share");
_Static_assert(offsetof(struct lab_share, arm_low) == 200, "lab_share");
_Static_assert(offsetof(struct lab_share, kicker) == 204, "lab_share");
_Static_assert(offsetof(struct lab_share, low_at) == 208, "lab_share");
_Static_assert(offsetof(struct lab_share, release_at) == 216, "lab_share");
_Static_assert(offsetof(struct lab_share, spares_at) == 224, "lab_share");
_Static_assert(offsetof(struct lab_share, rest) == 256, "lab_share");
_Static_assert(sizeof(struct lab_share_cpu) == LAB_SHARE_LINE,
	       "lab_share_cpu: size");
_Static_assert(offsetof(struct lab_share_cpu, place) == 0, "lab_share_cpu");
_Static_assert(offsetof(struct lab_share_cpu, grants) == 8, "lab_share_cpu");
_Static_assert(offsetof(struct lab_share_cpu, slow) == 32, "lab_share_cpu");
_Static_assert(offsetof(struct lab_share_cpu, failed) == 40, "lab_share_cpu");
_Static_assert(offsetof(struct lab_share_cpu, releases) == 48, "lab_share_cpu");
_Static_assert(LAB_SHARE_CPUS + LAB_CPUS_MAX * sizeof(struct lab_share_cpu) ==
		       LAB_SHARE_CHILDREN,
	       "lines of the processors");
_Static_assert(LAB_SHARE_MAP_WORDS *LAB_SHARE_MAP_PAGES == LAB_EXTENT_PAGES,
	       "map of an extent");

#endif
