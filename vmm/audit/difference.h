/* SPDX-License-Identifier: MIT */
/* What does not agree: which check, where, and a sentence for people. */
#ifndef LABYRINTH_AUDIT_DIFFERENCE_H
#define LABYRINTH_AUDIT_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit/snapshot.h"

/* Each has a name (check_name) and a row in docs/audit.md. */
enum check {
	CHECK_LEDGER_SUMS,
	CHECK_LEDGER_OWNER,
	CHECK_LEDGER_LIMIT,
	CHECK_LEDGER_GUARANTEE,
	CHECK_LEDGER_FILE,
	CHECK_UNMAPPED,
	CHECK_MAPPED_TWICE,
	CHECK_MAPPED_PARTLY,
	CHECK_MAPPED_PRIVATE,
	CHECK_MAPPED_ELSEWHERE,
	CHECK_MAPPED_UNOWNED,
	CHECK_NOT_LOCKED,
	CHECK_FORKABLE,
	CHECK_DUMPABLE,
	CHECK_MERGEABLE,
	CHECK_DESCRIPTOR_KEPT,
	CHECK_DESCRIPTOR_ELSEWHERE,
	CHECK_NOT_RESIDENT,
	CHECK_SWAPPED,
	CHECK_FRAME_SHARED,
	CHECK_FRAME_KSM,
	CHECK_FRAME_COPY,
	CHECK_FRAME_SWAPCACHE,
	CHECK_FRAME_POISONED,
	CHECK_FRAME_FREE,
	CHECK_FRAME_BACKING,
	CHECK_FRAME_TWICE,
	CHECKS
};

const char *check_name(enum check check);

struct difference {
	enum check check;
	char pool[LAB_NAME_MAX];
	uint32_t extent;	  /* its number in the pool, or SNAPSHOT_NONE */
	uint32_t generation;	  /* of the extent */
	char guest[LAB_NAME_MAX]; /* whose it is; empty when nobody's */
	pid_t pid;		  /* of the process it is about, or 0 */
	uint64_t frame;		  /* a page frame it is about, or 0 */
	char text[320];
};

struct differences {
	struct difference *all;
	size_t count;
	size_t room;
	bool exhausted; /* there was no memory for one more */
};

/* Where a difference is. What does not apply is 0, NULL or SNAPSHOT_NONE. */
struct where {
	uint32_t pool;	 /* for what is of a whole pool */
	uint32_t extent; /* of the snapshot; decides the pool, if given */
	const struct lab_audit_guest *guest;
	pid_t pid;
	uint64_t frame;
};

/* Note one; the sentence gets pool, extent and guest before it. */
void differences_add(struct differences *self, enum check check,
		     const struct snapshot *snapshot, const struct where *where,
		     const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * Keep what `later` has as well: the same check of the same lease (extent and
 * generation), guest and process; once each. The words of the later one stay.
 * Both are sorted by it.
 */
void differences_keep_common(struct differences *self,
			     struct differences *later);

void differences_free(struct differences *self);

#endif
