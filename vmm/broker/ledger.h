/* SPDX-License-Identifier: MIT */
/*
 * The ledger of one pool: in which state each extent is, who owns it, and what
 * each guest was promised. The only truth about ownership; it makes no system
 * call and knows no file. Every operation is O(1) in the size of the pool.
 *
 * A caller that breaks a rule below is a bug of the broker, not of a guest:
 * the ledger says what happened on standard error and aborts.
 */
#ifndef LABYRINTH_BROKER_LEDGER_H
#define LABYRINTH_BROKER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The way of an extent:
 * withdrawn -> dirty -> blank -> leased -> revoking -> dirty -> ...,
 * dirty -> withdrawn when no fresh file could be had for it, and dirty or blank
 * -> withdrawn when the pool is to have fewer. What an earlier broker had
 * leased begins as leased: ledger_restore().
 */
enum extent_state {
	EXTENT_WITHDRAWN, /* out of service; every extent starts here */
	EXTENT_DIRTY,	  /* nobody's; waits for a fresh file */
	EXTENT_BLANK,	  /* zeroed, resident, ready to hand over */
	EXTENT_LEASED,	  /* owned by exactly one guest */
	EXTENT_REVOKING,  /* being cut from its last owner */
	EXTENT_STATES
};

#define LEDGER_NO_EXTENT UINT32_MAX

/* Extents in the order in which they came; the ledger's own. */
struct extent_list {
	uint32_t first; /* LEDGER_NO_EXTENT when empty, as is last */
	uint32_t last;
};

/*
 * What one guest was promised and holds. The broker keeps it in the guest's
 * record; all its fields are the ledger's to write.
 */
struct account {
	uint32_t id;	    /* of the guest, > 0, unique in the broker */
	uint32_t guarantee; /* extents promised to it while it lives */
	uint32_t limit;	    /* the most that it is lent now */
	uint32_t maximum;   /* of that limit, ever: so it holds no more */
	uint32_t held;	    /* extents that it holds now */
	struct extent_list leases;
	struct account *next;
	struct account *prev;
};

/* What an account holds above its guarantee. */
static inline uint32_t account_excess(const struct account *account)
{
	return account->held > account->guarantee
		       ? account->held - account->guarantee
		       : 0;
}

/* May a guest get one more lease? */
enum ledger_answer {
	LEDGER_NOW,   /* yes: a blank extent is there for it */
	LEDGER_LATER, /* yes, once a dirty extent has been scrubbed */
	LEDGER_NONE,  /* no: what is left is promised to others, or none is */
	LEDGER_LIMIT, /* no: it holds its limit */
};

struct ledger;

/*
 * A ledger of `total` (> 0) withdrawn extents, all of which are to be in
 * service; NULL without memory.
 */
struct ledger *ledger_new(uint32_t total);

/* Free a ledger, whatever it says; accounts are their keepers'. */
void ledger_free(struct ledger *self);

/*
 * Have `size` (> 0, at least ledger_guaranteed()) extents in service from now
 * on; the extents of a ledger that has fewer become so many, the new ones
 * withdrawn. 0, or -ENOMEM with nothing changed. O(1) but for the new ones,
 * which are listed.
 */
int ledger_resize(struct ledger *self, uint32_t size);

/* Extents to be in service, of all that there are. */
uint32_t ledger_size(const struct ledger *self);

/* How many it lacks of its size. */
uint32_t ledger_missing(const struct ledger *self);

/*
 * How many of the withdrawn are to come into service: what it lacks of its
 * size, or of what is promised, when more than that size is lent.
 */
uint32_t ledger_due(const struct ledger *self);

/* How many are in service that are not to be: to be withdrawn once free. */
uint32_t ledger_surplus(const struct ledger *self);

/* How many of the surplus are free now, and claimed by nobody's guarantee. */
uint32_t ledger_excess(const struct ledger *self);

/*
 * Open an account, if the pool can keep the promise: the sum of all guarantees
 * fits in the pool's size, and what is neither lent nor promised now covers
 * this one. Needs 0 < guarantee <= limit <= total and an id that is not in use.
 * 0, or -ENOMEM and the sentence with the numbers.
 */
int ledger_admit(struct ledger *self, struct account *account, uint32_t id,
		 uint32_t guarantee, uint32_t limit, struct err *err);

/*
 * Open an account as an earlier broker had it, at the beginning, while no
 * extent is blank or dirty: what it promised then is not weighed again. Needs
 * what ledger_admit() needs. 0, or -EUCLEAN and a sentence when the guarantees
 * together are more than the pool.
 */
int ledger_restore_account(struct ledger *self, struct account *account,
			   uint32_t id, uint32_t guarantee, uint32_t limit,
			   struct err *err);

/*
 * Say of a withdrawn extent that was never leased what an earlier broker knew:
 * the generation of its latest lease, and that an account holds it now (NULL:
 * nobody does), which then may have one more by its limit. This is where such
 * an extent begins, not a way that it takes.
 */
void ledger_restore(struct ledger *self, uint32_t extent, uint32_t generation,
		    struct account *account);

/* Close an account that holds nothing. */
void ledger_dismiss(struct ledger *self, struct account *account);

/*
 * Move its limit, from its guarantee to its maximum. It may hold more than that
 * now: it is lent no more then.
 */
void ledger_set_limit(struct account *account, uint32_t limit);

/*
 * The rule of who gets one more: never above the limit; below the guarantee
 * always; above it only what is promised to nobody. Extents that are
 * revoking or withdrawn count for nothing here: they may never come back.
 */
enum ledger_answer ledger_may_lease(const struct ledger *self,
				    const struct account *account);

/*
 * The one function that changes an extent's state. `account` is whose it
 * becomes (to EXTENT_LEASED, for which ledger_may_lease() must say
 * LEDGER_NOW) or ceases to be (from EXTENT_LEASED), and NULL otherwise. A new
 * owner gets a new generation.
 */
void ledger_move(struct ledger *self, uint32_t extent, enum extent_state to,
		 struct account *account);

/* The extent that is longest in a state other than leased, or none. */
uint32_t ledger_first(const struct ledger *self, enum extent_state state);

/* A lease's name on the wire: generation << 32 | extent. */
uint64_t ledger_lease_id(const struct ledger *self, uint32_t extent);

/*
 * The extent that an account owns under this name, now. 0, or: -EINVAL when
 * the pool has no such extent, -ESTALE when the name is of an earlier lease of
 * it, -EPERM when another owns it or nobody does.
 */
int ledger_find(const struct ledger *self, uint64_t lease,
		const struct account *account, uint32_t *extent);

enum extent_state ledger_state(const struct ledger *self, uint32_t extent);

/* The id of the account that owns an extent; 0 unless it is leased. */
uint32_t ledger_owner(const struct ledger *self, uint32_t extent);

uint32_t ledger_count(const struct ledger *self, enum extent_state state);
uint32_t ledger_total(const struct ledger *self); /* extents */

/* Of its latest lease; 0 before the first. */
uint32_t ledger_generation(const struct ledger *self, uint32_t extent);

/* The next that the owner of a leased extent holds, or none. */
uint32_t ledger_next(const struct ledger *self, uint32_t extent);

/* The one that it holds for longer, likewise. */
uint32_t ledger_previous(const struct ledger *self, uint32_t extent);

/* The sum of all guarantees. */
uint32_t ledger_guaranteed(const struct ledger *self);

/* What guests may still claim of their guarantees. */
uint32_t ledger_promised(const struct ledger *self);

/*
 * What can be lent above guarantees: blank or dirty, and neither promised nor
 * surplus.
 */
uint32_t ledger_spare(const struct ledger *self);

const char *ledger_state_name(enum extent_state state);

/*
 * Recompute everything from the extents alone, and compare. 0, or -EUCLEAN and
 * the first difference. O(total): for tests and audits.
 */
int ledger_validate(const struct ledger *self, struct err *err);

#endif
