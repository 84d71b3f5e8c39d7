/* SPDX-License-Identifier: MIT */
/* The demo guest: its first argument names an exercise. */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "exercise.h"

static const struct {
	const char *name, *arguments, *what;
	int (*run)(int argc, char **argv);
} exercises[] = {
	{"selftest", "", "every call and every errno", exercise_selftest},
	{"storm", "[SEED [ROUNDS [SECONDS]]]",
	 "on all processors, stamps checked", exercise_storm},
	{"ebb", "[SEED [stay]]", "a storm that ends with 1 % in use",
	 exercise_ebb},
	{"smp", "", "processors, locks, interrupts", exercise_smp},
	{"exclusive", "[free]", "address spaces, and pages of one alone",
	 exercise_exclusive},
	{"fail-nth", "", "each grant, lease and mapping fails in turn",
	 exercise_fail_nth},
	{"pressure", "", "watermarks, levels, events, shrinkers",
	 exercise_pressure},
	{"probe", "", "what of the window answers", exercise_probe},
	{"atomic", "", "atomic grants, to be traced", exercise_atomic},
	{"resident", "", "first touches, by the host's statistics",
	 exercise_resident},
	{"fast", "[stay]", "grants without a call, by the host's statistics",
	 exercise_fast},
	{"scribble", "[SEED [ROUNDS]]", "over what is shared with the VMM",
	 exercise_scribble},
	{"kicks", "[COUNT]", "kick the VMM for nothing, as fast as can be",
	 exercise_kicks},
	{"greedy", "[TURNS]", "take all there is, for ever or to keep it",
	 exercise_greedy},
	{"modest", "[ROUNDS]", "what is guaranteed, while the pool is dry",
	 exercise_modest},
	{"needy", "KIND", "more than is guaranteed, while the pool is dry",
	 exercise_needy},
	{"hold", "[PAGES [ROUNDS [PASSES]]]", "take and give back, slowly",
	 exercise_hold},
	{"hog", "", "take all that there is, and keep it", exercise_hog},
	{"hang", "[halted]", "take all that there is, and hang", exercise_hang},
	{"notice", "[LEASES]", "give up what is revoked; 0: do not care",
	 exercise_notice},
	{"keep", "[SEED [MS]]", "keep stamped blocks, look at them for ever",
	 exercise_keep},
	{"torture", "[SEED [TRIES [END]]]",
	 "random calls, ports, MSRs; then go wrong", exercise_torture},
	{"spin", "", "grant and release for ever", exercise_spin},
	{"crash", "[PROCESSOR]", "die of a page fault there (status 123)",
	 exercise_crash},
	{"nap", "", "may wait under a lock (status 123)", exercise_nap},
	{"touch-hole", "[cr3 | msr]",
	 "touch a page without a lease (status 126)", exercise_touch_hole},
};

#define EXERCISES (sizeof(exercises) / sizeof(exercises[0]))

static int usage(const char *name)
{
	printf("usage: %s EXERCISE [ARGUMENT]...\n", name);
	for (size_t i = 0; i < EXERCISES; i++)
		printf("  %-10s %-26s %s\n", exercises[i].name,
		       exercises[i].arguments, exercises[i].what);
	return 2;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < EXERCISES; i++) {
		if (strcmp(argv[1], exercises[i].name) == 0)
			return exercises[i].run(argc - 2, argv + 2);
	}
	return usage(argc > 0 ? argv[0] : "labyrinth-demo.elf");
}
