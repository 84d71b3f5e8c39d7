/* SPDX-License-Identifier: MIT */
/*
 * What the broker tells an auditor: the answer to LAB_LEASE_AUDIT carries one
 * sealed file with all that the ledger holds, as it was in one instant. Prose
 * twin: docs/audit.md.
 *
 * The file is a struct lab_audit, then its pools, guests and extents, each an
 * array with nothing between; in the host's byte order. The extents are those
 * of the first pool, in order, then those of the next.
 */
#ifndef LABYRINTH_AUDIT_H
#define LABYRINTH_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include <labyrinth/lease.h>

#define LAB_AUDIT_MAGIC	  UINT32_C(0x74647561) /* "audt" in memory */
#define LAB_AUDIT_VERSION 1

/* In exactly one of these each extent is, at any instant. */
enum lab_extent_state {
	LAB_EXTENT_WITHDRAWN = 0, /* out of service */
	LAB_EXTENT_DIRTY = 1,	  /* nobody's; waits for a fresh file */
	LAB_EXTENT_BLANK = 2,	  /* zeroed, resident, ready */
	LAB_EXTENT_LEASED = 3,	  /* one guest's */
	LAB_EXTENT_REVOKING = 4,  /* being cut from its last owner */
	LAB_EXTENT_STATES = 5,	  /* how many there are */
};

struct lab_audit {
	uint32_t magic;	  /* LAB_AUDIT_MAGIC */
	uint32_t version; /* LAB_AUDIT_VERSION */
	uint64_t bytes;	  /* of the file, all told */
	uint64_t extents; /* of all pools together */
	uint32_t pools;
	uint32_t guests;
	uint32_t pid; /* of the broker, as it sees itself */
	uint32_t reserved;
};

struct lab_audit_pool {
	char name[LAB_NAME_MAX];
	uint32_t backing;    /* enum lab_backing */
	uint32_t total;	     /* extents */
	uint32_t guaranteed; /* extents promised to its guests */
	/* How many extents are in each state, as the ledger counts. */
	uint32_t counts[LAB_EXTENT_STATES];
};

struct lab_audit_guest {
	char name[LAB_NAME_MAX];
	uint32_t id;   /* > 0 */
	uint32_t pid;  /* of its VMM, as the kernel told the broker */
	uint32_t pool; /* index among the pools */
	uint32_t guarantee;
	uint32_t limit;
	uint32_t held; /* extents, as the ledger counts */
};

struct lab_audit_extent {
	uint64_t device;     /* of its file: st_dev; 0 without a file */
	uint64_t inode;	     /* st_ino; 0 without a file */
	uint32_t generation; /* of its latest lease; 0 before the first */
	uint32_t owner;	     /* id of a guest; 0 unless leased */
	uint32_t state;	     /* enum lab_extent_state */
	uint32_t reserved;
};

_Static_assert(sizeof(struct lab_audit) == 40, "lab_audit: size");
_Static_assert(offsetof(struct lab_audit, magic) == 0, "lab_audit");
_Static_assert(offsetof(struct lab_audit, version) == 4, "lab_audit");
_Static_assert(offsetof(struct lab_audit, bytes) == 8, "lab_audit");
_Static_assert(offsetof(struct lab_audit, extents) == 16, "lab_audit");
_Static_assert(offsetof(struct lab_audit, pools) == 24, "lab_audit");
_Static_assert(offsetof(struct lab_audit, guests) == 28, "lab_audit");
_Static_assert(offsetof(struct lab_audit, pid) == 32, "lab_audit");

_Static_assert(sizeof(struct lab_audit_pool) == 96, "lab_audit_pool: size");
_Static_assert(offsetof(struct lab_audit_pool, name) == 0, "pool");
_Static_assert(offsetof(struct lab_audit_pool, backing) == 64, "pool");
_Static_assert(offsetof(struct lab_audit_pool, total) == 68, "pool");
_Static_assert(offsetof(struct lab_audit_pool, guaranteed) == 72, "pool");
_Static_assert(offsetof(struct lab_audit_pool, counts) == 76, "pool");

_Static_assert(sizeof(struct lab_audit_guest) == 88, "lab_audit_guest: size");
_Static_assert(offsetof(struct lab_audit_guest, name) == 0, "guest");
_Static_assert(offsetof(struct lab_audit_guest, id) == 64, "guest");
_Static_assert(offsetof(struct lab_audit_guest, pid) == 68, "guest");
_Static_assert(offsetof(struct lab_audit_guest, pool) == 72, "guest");
_Static_assert(offsetof(struct lab_audit_guest, guarantee) == 76, "guest");
_Static_assert(offsetof(struct lab_audit_guest, limit) == 80, "guest");
_Static_assert(offsetof(struct lab_audit_guest, held) == 84, "guest");

_Static_assert(sizeof(struct lab_audit_extent) == 32, "lab_audit_extent: size");
_Static_assert(offsetof(struct lab_audit_extent, device) == 0, "extent");
_Static_assert(offsetof(struct lab_audit_extent, inode) == 8, "extent");
_Static_assert(offsetof(struct lab_audit_extent, generation) == 16, "extent");
_Static_assert(offsetof(struct lab_audit_extent, owner) == 20, "extent");
_Static_assert(offsetof(struct lab_audit_extent, state) == 24, "extent");

#endif
