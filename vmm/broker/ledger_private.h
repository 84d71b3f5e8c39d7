/* SPDX-License-Identifier: MIT */
/* What the files of the ledger share. Nobody else includes it. */
#ifndef LABYRINTH_BROKER_LEDGER_PRIVATE_H
#define LABYRINTH_BROKER_LEDGER_PRIVATE_H

#include "broker/ledger.h"

struct extent {
	uint32_t next; /* in its state's list, or in its owner's when leased */
	uint32_t prev;
	uint32_t generation; /* of its latest lease; 0 before the first */
	uint32_t owner;	     /* account id; 0 unless leased */
	uint8_t state;	     /* enum extent_state */
};

_Static_assert(sizeof(struct extent) <= 24, "ledger: bytes for an extent");

struct ledger {
	uint32_t total;	     /* extents; never fewer than before */
	uint32_t size;	     /* of them, to be in service */
	uint32_t guaranteed; /* sum of guarantees */
	uint32_t promised;   /* sum of what is missing to the guarantees */
	uint32_t counts[EXTENT_STATES];
	struct extent_list lists[EXTENT_STATES]; /* leased: see the accounts */
	struct account *accounts;
	struct extent *extents;
};

/* Our own bug: better no broker than one that hands a page out twice. */
void ledger_insist(bool holds, uint32_t extent, const char *rule);

/* What is missing to its guarantee. */
static inline uint32_t ledger_unmet(const struct account *account)
{
	return account->guarantee > account->held
		       ? account->guarantee - account->held
		       : 0;
}

#endif
