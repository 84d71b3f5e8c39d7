/* SPDX-License-Identifier: MIT */
/*
 * Static tracepoints, at each step by which a lease or a guest comes to be
 * somewhere else than before. docs/probes.md has them all.
 */
#ifndef LABYRINTH_BASE_PROBE_H
#define LABYRINTH_BASE_PROBE_H

#define SDT_USE_VARIADIC
#include <sys/sdt.h>

/*
 * PROBE(name, arguments...): a nop, and a note in the program's file of where
 * it is and where its arguments are then; so perf, bpftrace, gdb and the crash
 * tests find it. The arguments, one at least, are numbers, without effects.
 */
#define PROBE(...) STAP_PROBEV(labyrinth, __VA_ARGS__)

#endif
