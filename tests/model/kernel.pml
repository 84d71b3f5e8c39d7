/* SPDX-License-Identifier: MIT */
/*
 * What the kernel does for both sides: files that are mapped and cut, sockets
 * that carry descriptors and end, processes that are killed. None of it is
 * ours, so its names begin with kernel_.
 *
 * A file stands for its pages. Its number is 0 for none, else it tells the
 * extent; a number is used again only when nothing knows the file any more. It
 * is the lease's id too: a lease has a new file and a new generation.
 */
#define FILES		(3 * EXTENTS)
#define FORGED		(FILES + 1) /* one that a VMM made, named like a lease's */
#define EXTENT_OF(file) (((file) - 1) % EXTENTS)

byte readers[FILES + 2]; /* guests that have it mapped, a bit for each */
byte known[FILES + 2];	 /* guests that ever had, since it was made */
byte files[EXTENTS];	 /* the broker's descriptors */
byte in_flight[GUESTS];	 /* on its way to a VMM, in the socket */

#define MAPS(guest, file) ((readers[file] >> (guest)) & 1)
#define REACHES(guest, file) (MAPS(guest, file) || in_flight[guest] == file)

mtype:end = { CLOSED, OPEN, VMM_GONE, BROKER_GONE };
mtype:end connection[GUESTS] = CLOSED;
chan to_broker[GUESTS] = [1] of { mtype:message, byte };
chan to_vmm[GUESTS] = [ROOM] of { mtype:message, byte };
bool request[GUESTS]; /* a question that has neither an answer nor an end */

bool up;      /* there is a broker that listens */
bool crashed; /* it was killed, and the next is about to start */
bool alive[GUESTS] = true;

/* A file that nobody ever had, for an extent. */
inline kernel_create(extent)
{
	file = extent + 1;
	do
	:: file > FILES -> break
	:: file <= FILES && lent[extent] != file && !REACHES(0, file) &&
	   !REACHES(1, file) -> break
	:: else -> file = file + EXTENTS
	od;
	assert(file <= FILES);
	known[file] = 0;
	files[extent] = file;
	file = 0
}

/* ftruncate(): mappings of it are dead, and a descriptor of it is refused. */
inline kernel_cut(file)
{
	readers[file] = 0;
	if :: in_flight[0] == file -> in_flight[0] = 0 :: else fi;
	if :: in_flight[1] == file -> in_flight[1] = 0 :: else fi
}

/*
 * It waits for who is just writing to the file, as long as that may take. Who is
 * killed meanwhile ends when it has been done.
 */
mtype:held_up = { NO_CUT, UNDER_WAY, DONE };
mtype:held_up cut[EXTENTS] = NO_CUT;

#define CUT_UNDER_WAY(e) (cut[e] == UNDER_WAY)
#define ANY_CUT_UNDER_WAY                                                      \
	(CUT_UNDER_WAY(0) || CUT_UNDER_WAY(1) || CUT_UNDER_WAY(EXTENTS - 1))

/* It has come, and is mapped. */
inline kernel_map(v)
{
	nothing_leaks = (known[in_flight[v]] & (3 - (1 << v))) == 0;
	assert(nothing_leaks);
	readers[in_flight[v]] = readers[in_flight[v]] | (1 << v);
	known[in_flight[v]] = known[in_flight[v]] | (1 << v);
	in_flight[v] = 0
}

inline kernel_unmap(v, file)
{
	readers[file] = readers[file] & (3 - (1 << v))
}

inline kernel_connect(v)
{
	connection[v] = OPEN
}

/* What the VMM wrote can still be read; what was on its way to it is gone. */
inline kernel_close_by_vmm(v)
{
	do
	:: nempty(to_vmm[v]) -> to_vmm[v]?_,_
	:: empty(to_vmm[v]) -> break
	od;
	in_flight[v] = 0;
	IS_ANSWERED(v);
	if
	:: connection[v] == OPEN -> connection[v] = VMM_GONE
	:: connection[v] == BROKER_GONE -> connection[v] = CLOSED
	:: else
	fi
}

/* The same from the other side: a lease that was sent may yet be received. */
inline kernel_close_by_broker(v)
{
	do
	:: nempty(to_broker[v]) -> to_broker[v]?_,_
	:: empty(to_broker[v]) -> break
	od;
	IS_ANSWERED(v);
	if
	:: connection[v] == OPEN -> connection[v] = BROKER_GONE
	:: connection[v] == VMM_GONE -> connection[v] = CLOSED
	:: else
	fi
}

inline kernel_end_vmm(v)
{
	i = 1;
	do
	:: i > FILES -> break
	:: else -> kernel_unmap(v, i); i++
	od;
	i = 0;
	kernel_close_by_vmm(v);
	alive[v] = false;
	at[v] = ENDED;
	book[v] = 0;
	asked[v] = false
}

/* All that it knew is gone, but for its journal. */
inline kernel_end_broker()
{
	kernel_close_by_broker(0);
	kernel_close_by_broker(1);
	i = 0;
	do
	:: i == EXTENTS -> break
	:: else ->
		files[i] = 0;
		state[i] = EXTENT_WITHDRAWN;
		owner[i] = NOBODY;
		cut[i] = NO_CUT;
		i++
	od;
	i = 0;
	do
	:: i == GUESTS -> break
	:: else ->
		guest[i] = false;
		session[i] = false;
		waiting[i] = false;
		patience[i] = false;
		notice[i] = 0;
		taken[i] = 0;
		told[i] = false;
		over[i] = false;
		i++
	od;
	i = 0;
	up = false;
	crashed = true
}
