/* SPDX-License-Identifier: MIT */
/*
 * The VMMs. Each may stop at any place, for nothing here is fair to them: so
 * every one of them is also one that hangs.
 */

#define CAN_SEND(v) (connection[v] == OPEN && nfull(to_broker[v]))

/* The lowest; leases of one guest are alike. */
inline its_lowest(v)
{
	i = 1;
	do
	:: i > FILES -> break
	:: i <= FILES && MAPS(v, i) -> break
	:: else -> i++
	od
}

inline client_hello(v)
{
	kernel_connect(v);
	to_broker[v]!LAB_LEASE_HELLO,0;
	IS_ASKED(v);
	at[v] = COMES
}

inline client_rejoin(v)
{
	kernel_connect(v);
	to_broker[v]!LAB_LEASE_HELLO,LAB_HELLO_ADOPT;
	IS_ASKED(v);
	at[v] = COMES_BACK
}

inline client_welcomed(v)
{
	to_vmm[v]?type,_;
	if
	:: type == LAB_LEASE_WELCOME -> at[v] = RUNS
	:: type == LAB_LEASE_REFUSED && at[v] == COMES -> kernel_end_vmm(v)
	:: type == LAB_LEASE_REFUSED && at[v] == COMES_BACK ->
		kernel_close_by_vmm(v);
		at[v] = ALONE /* it goes on with what it holds */
	fi;
	type = 0
}

inline client_ask(v)
{
	to_broker[v]!LAB_LEASE_LEASE,0;
	asked[v] = true;
	IS_ASKED(v)
}

#if TAKES > 0
#define HAS(v, file)   ((book[v] >> (file)) & 1)
#define NOTE(v, file)  book[v] = book[v] | (1 << (file))
#define FORGET(v, file) book[v] = book[v] & ~(1 << (file))
#else
#define HAS(v, file)   MAPS(v, file)
#define NOTE(v, file)
#define FORGET(v, file)
#endif

inline client_take(v)
{
	to_vmm[v]?type,i;
	if
	:: type == LAB_LEASE_LEASED -> asked[v] = false; map_lease(v, i)
	:: type == LAB_LEASE_REFUSED -> asked[v] = false
	:: type == LAB_LEASE_RECLAIM /* it may give at any time, asked or not */
	:: type == LAB_LEASE_REVOKING /* likewise, this one or another */
	:: type == LAB_LEASE_REVOKED -> lose(v, i)
	fi;
	type = 0;
	i = 0
}

/* A file that was cut on its way was taken, or its broker is no more. */
inline map_lease(v, file)
{
	if
	:: in_flight[v] != 0 -> kernel_map(v); NOTE(v, file)
	:: in_flight[v] == 0 && connection[v] == OPEN ->
#ifndef WITHOUT_ANSWER_TO_CUT
		to_broker[v]!LAB_LEASE_RETURN,file
#else
		honest_is_not_dropped = false;
		assert(honest_is_not_dropped)
#endif
	:: in_flight[v] == 0 && connection[v] != OPEN -> broker_gone(v)
	fi
}

/* It may have given it back before it heard that it was taken. */
inline lose(v, file)
{
	if
	:: HAS(v, file) && connection[v] == OPEN ->
		kernel_unmap(v, file);
		FORGET(v, file);
		to_broker[v]!LAB_LEASE_RETURN,file
	:: !HAS(v, file) || connection[v] != OPEN
	fi
}

inline broker_gone(v)
{
	kernel_close_by_vmm(v);
	asked[v] = false;
	if
	:: at[v] == COMES -> kernel_end_vmm(v)
	:: else -> at[v] = AWAY
	fi
}

/* Unmap, and RETURN. */
inline transfer_out(v)
{
	its_lowest(v);
	if
	:: i <= FILES ->
		kernel_unmap(v, i);
		FORGET(v, i);
		to_broker[v]!LAB_LEASE_RETURN,i
	:: i > FILES
	fi;
	i = 0
}

proctype vmm(byte v)
{
	byte i;
	mtype:message type;

	do
	:: d_step { at[v] == FRESH && up -> client_hello(v) }
	:: d_step { at[v] == AWAY && up && connection[v] == CLOSED ->
		client_rejoin(v)
	   }
	:: d_step { (at[v] == COMES || at[v] == COMES_BACK) &&
		    nempty(to_vmm[v]) ->
		client_welcomed(v)
	   }
	:: d_step { at[v] == RUNS && !asked[v] && CAN_SEND(v) -> client_ask(v) }
	:: d_step { at[v] == RUNS && nempty(to_vmm[v]) &&
		    (CAN_SEND(v) || connection[v] != OPEN) ->
		client_take(v)
	   }
	:: d_step { at[v] == RUNS && CAN_SEND(v) -> transfer_out(v) }
	:: d_step { connection[v] == BROKER_GONE -> broker_gone(v) }
	:: d_step { at[v] != FRESH && at[v] != ENDED -> kernel_end_vmm(v) }
#ifdef IN_TURN
	:: d_step { alive[v] -> i = 0 } /* it does not go on */
#endif
	od
}

/*
 * One that does what it likes: it asks twice, gives back what it does not hold
 * (an id is no secret), and keeps what it gave back for as long as it can.
 */
inline its_word(v, what, which)
{
	to_broker[v]!what,which;
	IS_ASKED(v)
}

inline its_return(v, extent)
{
	i = (lent[extent] != 0 -> lent[extent] : extent + 1);
	to_broker[v]!LAB_LEASE_RETURN,i;
	i = 0
}

proctype hostile(byte v)
{
	byte i;
	mtype:message type;

	do
	:: d_step { up && connection[v] == CLOSED && alive[v] ->
		kernel_connect(v);
		its_word(v, LAB_LEASE_HELLO, 0)
	   }
#if BROKER_KILLS > 0
	:: d_step { up && connection[v] == CLOSED && alive[v] ->
		kernel_connect(v);
		its_word(v, LAB_LEASE_HELLO, LAB_HELLO_ADOPT)
	   }
#endif
	:: d_step { CAN_SEND(v) -> its_word(v, LAB_LEASE_LEASE, 0) }
	:: d_step { CAN_SEND(v) -> its_return(v, 0) }
	:: d_step { CAN_SEND(v) -> its_return(v, 1) }
	:: d_step { nempty(to_vmm[v]) ->
		to_vmm[v]?type,_;
		if
		:: type == LAB_LEASE_LEASED && in_flight[v] != 0 ->
			kernel_map(v)
		:: else
		fi;
		type = 0
	   }
	:: d_step { connection[v] == BROKER_GONE -> kernel_close_by_vmm(v) }
#ifdef IN_TURN
	:: d_step { alive[v] -> kernel_end_vmm(v) }
	:: d_step { alive[v] -> i = 0 } /* it does not go on */
#endif
	od
}
