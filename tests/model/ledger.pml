/* SPDX-License-Identifier: MIT */
/* Who has what: the ledger, the pool's files, the journal. */

/* Ledger. */

#if EXTENTS == 2
#define SUM(what) (what(0) + what(1))
#else
#define SUM(what) (what(0) + what(1) + what(2))
#endif
#define IS_BLANK(e)	 (state[e] == EXTENT_BLANK)
#define IS_DIRTY(e)	 (state[e] == EXTENT_DIRTY)
#define IS_WITHDRAWN(e)	 (state[e] == EXTENT_WITHDRAWN)
#define IS_OF_0(e)	 (owner[e] == 0)
#define IS_OF_1(e)	 (owner[e] == 1)
#define HELD(v)		 (v == 0 -> SUM(IS_OF_0) : SUM(IS_OF_1))
#define UNMET(v)	 (guest[v] && HELD(v) < GUARANTEE -> GUARANTEE - HELD(v) : 0)
#define PROMISED	 (UNMET(0) + UNMET(1))
#define LENDABLE	 (SUM(IS_BLANK) + SUM(IS_DIRTY))
#define NO_SPARE	 (LENDABLE <= PROMISED)
#define MAY_ADMIT                                                              \
	((guest[0] + guest[1] + 1) * GUARANTEE <= EXTENTS &&                   \
	 LENDABLE >= PROMISED + GUARANTEE)

#define MAY(from, to, a, b) (from == a && to == b)
#define LEGAL(from, to)                                                        \
	(MAY(from, to, EXTENT_WITHDRAWN, EXTENT_DIRTY) ||                      \
	 MAY(from, to, EXTENT_DIRTY, EXTENT_BLANK) ||                          \
	 MAY(from, to, EXTENT_DIRTY, EXTENT_WITHDRAWN) ||                      \
	 MAY(from, to, EXTENT_BLANK, EXTENT_WITHDRAWN) ||                      \
	 MAY(from, to, EXTENT_BLANK, EXTENT_LEASED) ||                         \
	 MAY(from, to, EXTENT_LEASED, EXTENT_REVOKING) ||                      \
	 MAY(from, to, EXTENT_REVOKING, EXTENT_DIRTY))

inline ledger_move(extent, to, account)
{
	transition_is_legal = LEGAL(state[extent], to);
	assert(transition_is_legal);
	only_its_owner_gives_it_up =
		state[extent] != EXTENT_LEASED || owner[extent] == account;
	assert(only_its_owner_gives_it_up);
	state[extent] = to;
	owner[extent] = (to == EXTENT_LEASED -> account : NOBODY)
}

#define ledger_may_lease(v)                                                    \
	(HELD(v) >= LIMIT -> LEDGER_LIMIT :                                    \
	 (HELD(v) >= GUARANTEE && NO_SPARE -> LEDGER_NONE :                    \
	  (SUM(IS_BLANK) > 0 -> LEDGER_NOW :                                   \
	   (SUM(IS_DIRTY) > 0 -> LEDGER_LATER : LEDGER_NONE))))

/* Extents of one state and owner are alike, so the first stands for any. */
inline ledger_first(which)
{
	e = 0;
	do
	:: e == EXTENTS || state[e] == which -> break
	:: else -> e++
	od
}

#ifndef WITHOUT_SCRUB
#define SCRUBS (SUM(IS_DIRTY) + SUM(IS_WITHDRAWN) > 0)
#else
#define SCRUBS false
#endif

/* Pool. */

inline backing_cut(file)
{
#ifndef WITHOUT_CUT
	if
	:: file != 0 -> kernel_cut(file)
	:: else /* nobody was found to have it any more */
	fi
#else
	skip
#endif
}

#ifdef HOSTILE
#define HOLDER 1
#else
#define HOLDER 0 /* of two that are alike */
#endif

/* Whoever writes to the file holds it up: that is left to a thread. */
inline cutter_cut(e)
{
	hold_ups--;
	cut[e] = UNDER_WAY
}

#ifndef WITHOUT_LATER_CUT
#define CUT_LATER(file) kernel_cut(file)
#else
#define CUT_LATER(file) skip
#endif

proctype cutter()
{
end:
	do
	:: d_step { CUT_UNDER_WAY(0) -> CUT_LATER(files[0]); cut[0] = DONE }
	:: d_step { CUT_UNDER_WAY(1) -> CUT_LATER(files[1]); cut[1] = DONE }
	od
}

inline pool_revoke(e, account)
{
#if HOLD_UPS > 0
	if
	:: d_step { hold_ups > 0 && files[e] != 0 && account == HOLDER ->
		ledger_move(e, EXTENT_REVOKING, account);
		cutter_cut(e)
	   }
	:: pool_cut(e, account)
	fi
#else
	pool_cut(e, account)
#endif
}

inline pool_cut(e, account)
{
	d_step {
		ledger_move(e, EXTENT_REVOKING, account);
#ifdef WITHOUT_CUT_FIRST
		journal_unlend(e)
	}
	d_step {
		backing_cut(files[e]);
		ledger_move(e, EXTENT_DIRTY, NOBODY)
	}
#else
		backing_cut(files[e])
	}
	d_step {
		ledger_move(e, EXTENT_DIRTY, NOBODY);
		journal_unlend(e)
	}
#endif
}

inline pool_fresh_file(e)
{
#ifndef WITHOUT_FRESH_FILE
	files[e] = 0;
	kernel_create(e)
#else
	if
	:: files[e] == 0 -> kernel_create(e)
	:: else
	fi
#endif
}

/* The broker asks again and again what became of a cut. */
#ifdef WITHOUT_RETRY
#define IS_CUT(e) false
#elif defined(WITHOUT_AWAITING_THE_CUT)
#define IS_CUT(e) (cut[e] != NO_CUT)
#else
#define IS_CUT(e) (cut[e] == DONE)
#endif
#define ANY_CUT (IS_CUT(0) || IS_CUT(1) || IS_CUT(EXTENTS - 1))

inline pool_retry()
{
	e = (IS_CUT(0) -> 0 : (IS_CUT(1) -> 1 : EXTENTS - 1));
	cut[e] = NO_CUT;
	ledger_move(e, EXTENT_DIRTY, NOBODY);
	journal_unlend(e);
	e = 0
}

/* The pool is to have fewer, of which nobody was promised this one. */
inline withdraw()
{
	ledger_first(EXTENT_BLANK);
	files[e] = 0;
	ledger_move(e, EXTENT_WITHDRAWN, NOBODY);
	e = 0
}

inline pool_scrub()
{
	if
#if HOLD_UPS > 0
	:: d_step { MY_TURN(2) && ANY_CUT ->
		pool_retry();
		IS_DONE(2)
	   }
#endif
	:: d_step { MY_TURN(2) && shortages > 0 && SUM(IS_BLANK) > 0 &&
		    !NO_SPARE ->
		shortages--;
		withdraw();
		IS_DONE(2)
	   }
	:: d_step { MY_TURN(2) && SCRUBS && shortages > 0 &&
		    SUM(IS_DIRTY) > 0 ->
		shortages--;
		ledger_first(EXTENT_DIRTY);
		files[e] = 0;
		ledger_move(e, EXTENT_WITHDRAWN, NOBODY);
		e = 0;
		IS_DONE(2)
	   }
	:: d_step { MY_TURN(2) && SCRUBS && SUM(IS_DIRTY) > 0 ->
		ledger_first(EXTENT_DIRTY);
		pool_fresh_file(e);
		ledger_move(e, EXTENT_BLANK, NOBODY);
		e = 0;
		IS_DONE(2)
	   }
	:: d_step { MY_TURN(2) && SCRUBS && SUM(IS_DIRTY) == 0 ->
		ledger_first(EXTENT_WITHDRAWN); /* pool_retry() too */
		ledger_move(e, EXTENT_DIRTY, NOBODY);
		e = 0;
		IS_DONE(2)
	   }
	fi
}

/* Journal. */

inline journal_lend(e)
{
	lent[e] = files[e];
	lent_to[e] = owner[e]
}

inline journal_unlend(e)
{
	lent[e] = 0;
	lent_to[e] = NOBODY
}
