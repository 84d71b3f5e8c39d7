/* SPDX-License-Identifier: MIT */
/*
 * The exercises of the demo guest. Each gets the arguments after its name and
 * gives the guest's exit status.
 */
#ifndef EXERCISE_EXERCISE_H
#define EXERCISE_EXERCISE_H

/* TAP: every call and every errno of <labyrinth/hypercall.h>. */
int exercise_selftest(int argc, char **argv);

/* TAP: [SEED [ROUNDS [SECONDS]]] random grants and releases on all processors
 * at once, every page stamped; with SECONDS for so long, whatever ROUNDS. */
int exercise_storm(int argc, char **argv);

/* TAP: [SEED [stay]] a storm that fills the window and ends with 1 % of it in
 * use; stay: hold that until killed. Wants a limit of 128M at most. */
int exercise_ebb(int argc, char **argv);

/* TAP: processors, locks, interrupts, and who may wait. */
int exercise_smp(int argc, char **argv);

/* TAP: two processes in ring 3, and pages that only one of them can have; free:
 * die of giving back a page that is mapped. */
int exercise_exclusive(int argc, char **argv);

/* TAP: a script, run again and again; in the N-th run the N-th call fails. */
int exercise_fail_nth(int argc, char **argv);

/* TAP: watermarks, levels, events, shrinkers, and grants that come later. */
int exercise_pressure(int argc, char **argv);

/* TAP: what of the window answers, page by page. */
int exercise_probe(int argc, char **argv);

/* TAP: atomic grants between two marks; wants 8M of window guaranteed. */
int exercise_atomic(int argc, char **argv);

/* TAP: first touches of what is granted; wants 8M of window guaranteed. */
int exercise_resident(int argc, char **argv);

/* TAP: grants by the table that is shared with the VMM; wants 24M of window
 * guaranteed. stay: make known numbers of each kind, and stay until killed. */
int exercise_fast(int argc, char **argv);

/* [SEED [ROUNDS]] Write random bytes over that table, and make calls. */
int exercise_scribble(int argc, char **argv);

/* [COUNT] Kick the VMM for nothing, so often; then stay until killed. */
int exercise_kicks(int argc, char **argv);

/* [TURNS] Take all there is and give it back, for ever; after TURNS times keep
 * it. */
int exercise_greedy(int argc, char **argv);

/* TAP: [ROUNDS] take what is guaranteed, in so many rounds with a dry pool, and
 * never be refused. Wants a limit above the guarantee, and a greedy one. */
int exercise_modest(int argc, char **argv);

/* TAP: refused | served | beside | given | aloud: want what is above the
 * guarantee when the pool has no more. Wants neighbours as in
 * tests/system/fair-inside.sh. */
int exercise_needy(int argc, char **argv);

/* [PAGES [ROUNDS [PASSES]]] take and give back, to be watched. */
int exercise_hold(int argc, char **argv);

/* Take all that there is, work on it for ever, and give nothing back. */
int exercise_hog(int argc, char **argv);

/* [halted] Take all that there is, and hang with interrupts off. */
int exercise_hang(int argc, char **argv);

/* [LEASES] Take all that there is, and wait until so many leases were revoked;
 * with notice, move what is in them. 0: do not care. */
int exercise_notice(int argc, char **argv);
/* [SEED [MS]] Keep stamped blocks, take and give back others, for ever, with a
 * line for each turn that found all as it was, and a turn each MS (50; 0: no
 * pause). Seeds 0 to 15 are told apart. */
int exercise_keep(int argc, char **argv);

/* TAP: [SEED [TRIES [END]]] random calls, ports, addresses and MSRs on all
 * processors; then go wrong beyond help, as ruin.h says. */
int exercise_torture(int argc, char **argv);

/* Grant and release for ever, to be killed. */
int exercise_spin(int argc, char **argv);

/* [PROCESSOR] die of a page fault there, to show the report. */
int exercise_crash(int argc, char **argv);

/* Die of a grant that may wait under a lock. */
int exercise_nap(int argc, char **argv);

/* [cr3 | msr] Touch a page that is not ours, deaf to machine checks: the VMM
 * stops us. */
int exercise_touch_hole(int argc, char **argv);

#endif
