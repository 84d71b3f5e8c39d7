/* SPDX-License-Identifier: MIT */
/* The broker: its sessions, what it adopts, and its loop. */

/* Sessions. */

#define AWAITED(v) (guest[v] && !session[v])

inline answer(v, type, which)
{
	if
	:: connection[v] == OPEN && nfull(to_vmm[v]) ->
		to_vmm[v]!type,which;
		IS_ANSWERED(v);
		if
		:: type == LAB_LEASE_LEASED -> in_flight[v] = which
		:: else
		fi
	:: connection[v] == OPEN && full(to_vmm[v]) -> over[v] = true
	:: connection[v] != OPEN /* its end is still to be heard of */
	fi
}

/*
 * A lease of which the broker has no file cannot be cut: it may be on its way
 * to a VMM that sleeps. It is taken back when that VMM's process is no more.
 */
#if defined(WITHOUT_REVOKE_ALL)
#define CAN_REVOKE(v, e) false
#elif !defined(WITHOUT_WAIT)
#define CAN_REVOKE(v, e) (owner[e] == v && (files[e] != 0 || !alive[v]))
#else
#define CAN_REVOKE(v, e) (owner[e] == v)
#endif

inline registry_dismiss(v)
{
	do
	:: CAN_REVOKE(v, 0) -> pool_revoke(0, v)
	:: CAN_REVOKE(v, 1) -> pool_revoke(1, v)
	:: EXTENTS == 3 && CAN_REVOKE(v, EXTENTS - 1) ->
		pool_revoke(EXTENTS - 1, v)
	:: d_step { !CAN_REVOKE(v, 0) && !CAN_REVOKE(v, 1) &&
		    !CAN_REVOKE(v, EXTENTS - 1) ->
		if
		:: HELD(v) == 0 ->
			noted[v] = false;
			ending[v] = false;
			guest[v] = false
		:: else
		fi
	   }
	   break
	od
}

#ifdef HOSTILE
#define IS_HONEST(v) (v == 0)
#else
#define IS_HONEST(v) true
#endif

/* It broke the protocol. */
inline drop(v)
{
	d_step {
		honest_is_not_dropped = !IS_HONEST(v);
		assert(honest_is_not_dropped)
	}
	session_end(v)
}

inline session_end(v)
{
	if
	:: d_step { session[v] ->
		waiting[v] = false;
		patience[v] = false;
		notice[v] = 0;
		taken[v] = 0;
		told[v] = false;
		ending[v] = true
	   }
	   registry_dismiss(v)
	:: d_step { !session[v] -> skip }
	fi;
	skip;
	d_step {
		session[v] = false;
		over[v] = false;
		kernel_close_by_broker(v)
	}
}

inline welcome(v)
{
	d_step {
		session[v] = true;
		answer(v, LAB_LEASE_WELCOME, 0)
	}
}

inline do_hello(v)
{
	if
	:: d_step { AWAITED(v) && !ending[v] && lease == LAB_HELLO_ADOPT ->
		find_all(v)
	   }
	   adopt_return(v);
	   welcome(v)
	:: d_step { !guest[v] && lease != LAB_HELLO_ADOPT && MAY_ADMIT ->
		guest[v] = true;
		noted[v] = true
	   }
	   welcome(v)
	:: else ->
		d_step {
			answer(v, LAB_LEASE_REFUSED, 0)
		}
		session_end(v)
	fi
}

inline session_lease(v)
{
	if
	:: waiting[v] -> drop(v)
	:: !waiting[v] && HELD(v) >= LIMIT ->
		d_step {
			answer(v, LAB_LEASE_REFUSED, 0)
		}
	:: else ->
		d_step {
			waiting[v] = true;
			patience[v] = PATIENT
		}
	fi
}

/* ledger_find() */
#ifndef WITHOUT_FIND
#define FINDS(v, lease)                                                        \
	(owner[EXTENT_OF(lease)] == v && files[EXTENT_OF(lease)] == lease)
#else
#define FINDS(v, lease) (state[EXTENT_OF(lease)] == EXTENT_LEASED)
#endif

inline session_return(v)
{
	if
	:: d_step { taken[v] != 0 && taken[v] == lease ->
		taken[v] = 0; /* taken_remove() */
		told[v] = false
	   }
	:: taken[v] != lease && !FINDS(v, lease) -> drop(v)
	:: else ->
		d_step {
			e = EXTENT_OF(lease);
			session_gave(v)
		}
		pool_revoke(e, v);
		e = 0
	fi
}

/* What will be taken needs not be any more, whichever it gave back. */
inline session_gave(v)
{
#ifndef WITHOUT_GAVE
	if
	:: notice[v] != 0 -> takes--; notice[v] = 0
	:: else
	fi
#else
	skip
#endif
}

inline dispatch(v)
{
	if
	:: type == LAB_LEASE_HELLO && !session[v] -> do_hello(v)
	:: type == LAB_LEASE_LEASE && session[v] -> session_lease(v)
	:: type == LAB_LEASE_RETURN && session[v] -> session_return(v)
	:: else -> drop(v)
	fi;
	d_step {
		type = 0;
		lease = 0
	}
}

inline session_receive(v)
{
	if
	:: d_step { MY_TURN(v) && !over[v] && nempty(to_broker[v]) ->
		to_broker[v]?type,lease
	   }
	   dispatch(v)
	:: MY_TURN(v) && (over[v] || (connection[v] == VMM_GONE &&
				      empty(to_broker[v]))) ->
		session_end(v)
	fi;
	IS_DONE(v)
}

inline hand_over(v)
{
	d_step {
		answer(v, LAB_LEASE_LEASED, files[e]);
#ifdef WITHOUT_JOURNAL_FIRST
	}
	d_step {
		journal_lend(e);
#endif
		e = 0
	}
}

inline session_serve(v)
{
	if
	:: d_step { MY_TURN(3 + v) && waiting[v] &&
		    ledger_may_lease(v) == LEDGER_NOW ->
		waiting[v] = false;
		patience[v] = false;
		ledger_first(EXTENT_BLANK);
		ledger_move(e, EXTENT_LEASED, v);
#ifndef WITHOUT_JOURNAL_FIRST
		journal_lend(e)
#endif
	   }
	   hand_over(v)
	:: d_step { MY_TURN(3 + v) && waiting[v] && patience[v] &&
		    ledger_may_lease(v) == LEDGER_NONE ->
		patience[v] = false;
		session_reclaim(1 - v)
	   }
#ifndef WITHOUT_DEADLINE
	:: d_step { MY_TURN(3 + v) && waiting[v] && !patience[v] &&
		    (ledger_may_lease(v) == LEDGER_NONE ||
		     ledger_may_lease(v) == LEDGER_LIMIT) ->
		waiting[v] = false;
		answer(v, LAB_LEASE_REFUSED, 0)
	   }
#endif
	fi;
	IS_DONE(3 + v)
}

#if TAKES > 0
/* What will be taken is said before, if there is room; nothing waits for it. */
inline session_warn(v)
{
	d_step {
		takes > 0 && session[v] && !over[v] && notice[v] == 0 &&
		taken[v] == 0 && HELD(v) > 0 && connection[v] == OPEN &&
		empty(to_vmm[v]) ->
		e = (owner[1] == v -> 1 : 0);
		notice[v] = files[e];
		to_vmm[v]!LAB_LEASE_REVOKING,notice[v];
		e = 0
	}
}
#endif

/* By force: it is told first, and if there is no room for that, later. */
inline session_tell_taken(v)
{
	if
	:: connection[v] == OPEN && nfull(to_vmm[v]) ->
		to_vmm[v]!LAB_LEASE_REVOKED,taken[v];
		told[v] = true
	:: connection[v] != OPEN || full(to_vmm[v])
	fi
}

inline session_take(v)
{
	if
	:: d_step { takes > 0 && session[v] && !over[v] && taken[v] == 0 &&
		    notice[v] != 0 ->
		takes--;
		e = EXTENT_OF(notice[v]);
		taken[v] = notice[v];
		notice[v] = 0;
		session_tell_taken(v)
	   }
	   pool_revoke(e, v);
	   e = 0
	:: d_step { takes > 0 && session[v] && !over[v] && taken[v] == 0 &&
		    notice[v] == 0 && (owner[0] == v || owner[1] == v) ->
		takes--;
		e = (owner[1] == v -> 1 : 0);
		taken[v] = files[e];
		session_tell_taken(v)
	   }
	   pool_revoke(e, v);
	   e = 0
	:: d_step { takes > 0 && session[v] && !over[v] && taken[v] == 0 &&
		    notice[v] == 0 && owner[0] == v ->
		takes--;
		taken[v] = files[0];
		session_tell_taken(v)
	   }
	   pool_revoke(0, v)
	:: d_step { taken[v] != 0 && !told[v] && connection[v] == OPEN &&
		    nfull(to_vmm[v]) ->
		session_tell_taken(v)
	   }
	fi
}

/* Those that hold more than their guarantee are asked, in no answer's room. */
inline session_reclaim(v)
{
	if
	:: RECLAIMS && session[v] && !waiting[v] && HELD(v) > GUARANTEE &&
	   connection[v] == OPEN && empty(to_vmm[v]) ->
		to_vmm[v]!LAB_LEASE_RECLAIM,0
	:: !RECLAIMS || !session[v] || waiting[v] || HELD(v) <= GUARANTEE ||
	   connection[v] != OPEN || nempty(to_vmm[v])
	fi
}

/* Adoption. */

/*
 * Look at what a VMM has, and take a descriptor of each file that is the one
 * in the journal, whosever the lease is. A file of the same name is no proof.
 */
inline find_all(v)
{
	e = 0;
	do
	:: e == EXTENTS -> break
	:: e < EXTENTS && state[e] == EXTENT_LEASED && files[e] == 0 ->
		if
		:: MAPS(v, lent[e]) -> files[e] = lent[e]
		:: else ->
#ifdef WITHOUT_PROOF
			if
			:: alive[v] && v == 1 -> files[e] = FORGED
			:: else
			fi
#endif
		fi;
		e++
	:: else -> e++
	od;
	e = 0
}

/* What was leased is leased still; of the rest each extent gets a new file. */
inline adopt_restore()
{
	e = 0;
	do
	:: e == EXTENTS -> break
	:: e < EXTENTS && lent[e] != 0 && noted[lent_to[e]] ->
		state[e] = EXTENT_LEASED;
		owner[e] = lent_to[e];
		e++
	:: else -> /* or without a guest: it was cut when that had gone */
		journal_unlend(e);
		ledger_move(e, EXTENT_DIRTY, NOBODY);
		pool_fresh_file(e);
		ledger_move(e, EXTENT_BLANK, NOBODY);
		e++
	od;
	guest[0] = noted[0];
	guest[1] = noted[1];
	find_all(0);
	find_all(1)
}

/* It waits for our answer, and has closed the connection of before. */
inline adopt_return(v)
{
	do
	:: e < EXTENTS && owner[e] == v && !MAPS(v, lent[e]) ->
		pool_revoke(e, v)
	:: e < EXTENTS && (owner[e] != v || MAPS(v, lent[e])) -> e++
	:: e == EXTENTS -> break
	od;
	e = 0
}

/* Who has ended, or has not come back in time: fate says when that is. */
#define GIVES_UP(v)                                                            \
	(AWAITED(v) && (!alive[v] || ending[v]) &&                             \
	 (HELD(v) == 0 || !alive[v] || CAN_FIND(v, 0) || CAN_FIND(v, 1) ||     \
	  CAN_FIND(v, EXTENTS - 1)))
#define CAN_FIND(v, e)                                                         \
	(owner[e] == v && (CAN_REVOKE(v, e) || MAPS(v, lent[e])))

inline adopt_settle(v)
{
	d_step { MY_TURN(5 + v) && GIVES_UP(v) ->
		find_all(v)
	}
	registry_dismiss(v);
	IS_DONE(5 + v)
}

/* What there is to do, each kind in its turn. */
#define HEARS(v)                                                               \
	(connection[v] == VMM_GONE || over[v] ||                               \
	 (connection[v] == OPEN && len(to_broker[v]) > 0))
#define SERVES(v) (waiting[v] && ledger_may_lease(v) != LEDGER_LATER)
#define DUE(n)                                                                 \
	((n == 0 && HEARS(0)) || (n == 1 && HEARS(1)) ||                       \
	 (n == 2 && (SCRUBS || ANY_CUT)) ||                                    \
	 (n == 3 && SERVES(0)) || (n == 4 && SERVES(1)) ||                     \
	 (n == 5 && GIVES_UP(0)) || (n == 6 && GIVES_UP(1)))

proctype broker()
{
	byte turn, e, file, lease;
	mtype:message type;

start:
	{
		d_step {
			adopt_restore();
			up = true
		}
		do
		:: session_receive(0)
		:: session_receive(1)
		:: pool_scrub()
		:: session_serve(0)
		:: session_serve(1)
		:: adopt_settle(0)
		:: adopt_settle(1)
#if TAKES > 0
		:: session_warn(0) /* of two that are alike */
		:: session_take(0)
#endif
#ifdef IN_TURN
		:: d_step { !DUE(turn) && (DUE(0) || DUE(1) || DUE(2) ||
					   DUE(3) || DUE(4) || DUE(5) ||
					   DUE(6)) ->
			do
			:: DUE(turn) -> break
			:: else -> turn = (turn + 1) % TURNS
			od;
			skip
		   }
#endif
		od
	} unless {
		d_step {
			crashed;
			crashed = false;
			turn = 0;
			e = 0;
			file = 0;
			lease = 0;
			type = 0
		}
		goto start
	}
}
