/* SPDX-License-Identifier: MIT */
/*
 * The lease protocol: two VMMs, a broker, and a kill at any step. README.md has
 * what this says of the code, and what not; names are the code's.
 *
 * Anybody may be killed between any two statements; a d_step is one. It ends
 * where others can tell: a message, a file or the journal is another then.
 *
 * How much of it is tried: -D EXTENTS=2 or 3, BROKER_KILLS=, SHORTAGES= (fresh
 * files that cannot be had, or leases that the pool is to lose), TAKES= (by
 * force, said before or not), RECLAIMS=0 or 1 (requests), HOLD_UPS= (cuts that
 * a VMM holds up), HOSTILE (the second VMM does what it likes), LONE (and
 * there is no first), IN_TURN (for what must come in the end). -D WITHOUT_...: a
 * mutant, which must fail.
 */
#ifndef EXTENTS
#define EXTENTS 2
#endif
#ifndef HOLD_UPS
#define HOLD_UPS 0
#endif
#define GUESTS	  2
#if RECLAIMS + TAKES > 0
#define ROOM	  2 /* for an event beside an answer */
#else
#define ROOM	  1
#endif
#define NOBODY	  GUESTS
#define GUARANTEE 1
#define LIMIT	  2
#define LAB_HELLO_ADOPT 1 /* flag of a HELLO */

mtype:message = { LAB_LEASE_HELLO, LAB_LEASE_WELCOME, LAB_LEASE_REFUSED,
		  LAB_LEASE_LEASE, LAB_LEASE_LEASED, LAB_LEASE_RETURN,
		  LAB_LEASE_RECLAIM, LAB_LEASE_REVOKING,
		  LAB_LEASE_REVOKED };
mtype:extent_state = { EXTENT_WITHDRAWN, EXTENT_DIRTY, EXTENT_BLANK,
		       EXTENT_LEASED, EXTENT_REVOKING };
mtype:ledger_answer = { LEDGER_NOW, LEDGER_LATER, LEDGER_NONE, LEDGER_LIMIT };

/* The ledger. */
mtype:extent_state state[EXTENTS] = EXTENT_WITHDRAWN;
byte owner[EXTENTS] = NOBODY;

/* The journal: what is leased to whom, and who was admitted. */
byte lent[EXTENTS];
byte lent_to[EXTENTS] = NOBODY;
bool noted[GUESTS];
bool ending[GUESTS]; /* its leases are being taken back */

/* The broker's guests and sessions. */
bool guest[GUESTS];	/* it has an account */
bool session[GUESTS];	/* and a connection that speaks for it */
bool waiting[GUESTS];	/* its LEASE waits */
bool patience[GUESTS];	/* and its time is not over */
bool over[GUESTS];	/* an answer could not be sent */
byte taken[GUESTS];	/* from it, and not RETURNed yet */
bool told[GUESTS];	/* it knows of that */
byte notice[GUESTS];	/* will be taken from it, and it was told */

/* The VMMs. */
mtype:place = { FRESH, COMES, RUNS, AWAY, COMES_BACK, ALONE, ENDED };
mtype:place at[GUESTS] = FRESH;
bool asked[GUESTS];
short book[GUESTS]; /* files that it thinks it has; kept if some are taken */

byte broker_kills = BROKER_KILLS;
byte shortages = SHORTAGES;
byte takes = TAKES;
byte hold_ups = HOLD_UPS;

/* What must hold; audit() says which does not. */
hidden byte transition_is_legal, only_its_owner_gives_it_up, nothing_leaks;
hidden byte honest_is_not_dropped;
hidden byte one_owner, owner_is_in_ledger, owner_is_in_journal, blank_is_blank;

/*
 * The broker does one thing at a time: in any order, which is more than it
 * does; or IN_TURN, as it does, where it matters that nothing is put off for
 * ever.
 */
#define TURNS 7
#ifdef IN_TURN
#define MY_TURN(n)	(turn == n)
#define IS_DONE(n)	turn = (n + 1) % TURNS
#define PATIENT		true
#define IS_ASKED(v)	request[v] = true
#define IS_ANSWERED(v)	request[v] = false
#else
#define MY_TURN(n)	true
#define IS_DONE(n)
#define PATIENT		RECLAIMS
#define IS_ASKED(v)
#define IS_ANSWERED(v)
#endif

#include "kernel.pml"
#include "ledger.pml"
#include "broker.pml"
#include "vmm.pml"

/* The broker's killer, and the end of the time to come back: at any moment. */
proctype fate()
{
	byte i;

	do
	:: d_step { broker_kills > 0 && up && !ANY_CUT_UNDER_WAY ->
		broker_kills--;
		kernel_end_broker()
	   }
#ifdef IN_TURN
	:: d_step { broker_kills > 0 -> broker_kills = 0 }
#endif
	:: d_step { AWAITED(0) && alive[0] && !ending[0] -> ending[0] = true }
	:: d_step { AWAITED(1) && alive[1] && !ending[1] -> ending[1] = true }
	od
}

/* At every instant. */

#define EXTENT_READ_BY(v, e)                                                   \
	(MAPS(v, e + 1) + MAPS(v, e + 1 + EXTENTS) + MAPS(v, e + 1 + 2 * EXTENTS))
#define TWO_OWNERS(e) (EXTENT_READ_BY(0, e) + EXTENT_READ_BY(1, e) > 1)
#define NOT_NOTED(v, f)                                                        \
	(REACHES(v, f) && (lent[EXTENT_OF(f)] != f || lent_to[EXTENT_OF(f)] != v))
#define NOT_ITS_OWN(v, f)                                                      \
	(up && REACHES(v, f) && state[EXTENT_OF(f)] != EXTENT_REVOKING &&          \
	 (owner[EXTENT_OF(f)] != v ||                                          \
	  (files[EXTENT_OF(f)] != f && files[EXTENT_OF(f)] != 0)))
#define NOT_BLANK(e)                                                           \
	(state[e] == EXTENT_BLANK && (files[e] == 0 || known[files[e]] != 0))

#if EXTENTS == 2
#define ANY_EXTENT(bad) (bad(0) || bad(1))
#define ANY_FILE(v, bad)                                                       \
	(bad(v, 1) || bad(v, 2) || bad(v, 3) || bad(v, 4) || bad(v, 5) ||      \
	 bad(v, 6))
#else
#define ANY_EXTENT(bad) (bad(0) || bad(1) || bad(2))
#define ANY_FILE(v, bad)                                                       \
	(bad(v, 1) || bad(v, 2) || bad(v, 3) || bad(v, 4) || bad(v, 5) ||      \
	 bad(v, 6) || bad(v, 7) || bad(v, 8) || bad(v, 9))
#endif

proctype audit()
{
end:
	do
	:: ANY_EXTENT(TWO_OWNERS) -> assert(one_owner)
	:: ANY_FILE(0, NOT_NOTED) || ANY_FILE(1, NOT_NOTED) ->
		assert(owner_is_in_journal)
	:: ANY_FILE(0, NOT_ITS_OWN) || ANY_FILE(1, NOT_ITS_OWN) ->
		assert(owner_is_in_ledger)
	:: ANY_EXTENT(NOT_BLANK) -> assert(blank_is_blank)
	od
}

/* In the end. A request ends by its answer, or with the connection. */

ltl every_request_ends {
	[] (request[0] -> <> !request[0])
}

#define KNOWS_OF(v) (lent_to[0] == v || lent_to[1] == v)
ltl none_lost {
	[] ((at[0] == ENDED -> <> !KNOWS_OF(0)) &&
	    (at[0] == ENDED && at[1] == ENDED -> <> (SUM(IS_BLANK) == EXTENTS)))
}

/* Not so: that there is something to be seen in all this. */
ltl nobody_is_adopted {
	[] !(at[0] == COMES_BACK && session[0] && lent_to[0] == 0 &&
	     MAPS(0, lent[0]))
}
ltl nobody_is_asked { [] !(to_vmm[0]?[LAB_LEASE_RECLAIM,0]) }
ltl nobody_is_warned { [] !(to_vmm[0]?[LAB_LEASE_REVOKING,2]) }

init
{
	atomic {
		run broker();
#ifndef LONE
		run vmm(0);
#endif
#ifdef HOSTILE
		run hostile(1);
#else
		run vmm(1);
#endif
		run fate();
#if HOLD_UPS > 0
		run cutter();
#endif
		run audit()
	}
}
