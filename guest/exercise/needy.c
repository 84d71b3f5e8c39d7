/* SPDX-License-Identifier: MIT */
/*
 * Needy: a guest that has used up its guarantee, and a pool that has nothing
 * above it. What it wants then is refused, or comes from a sibling processor,
 * or from a neighbour; tests/system/fair-inside.sh chooses the neighbours.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "cpu.h"
#include "drain.h"
#include "exercise.h"
#include "pressure.h"
#include "selftest.h"
#include "settle.h"
#include "tap.h"

#define PATIENT	  (LAB_GFP_KERNEL | LAB_GFP_NOWARN)
#define IMPATIENT (PATIENT | LAB_GFP_NORETRY)
#define MOST	  8    /* leases that may be left after all */
#define MEANWHILE 1000 /* atomic grants while the sibling waits */
#define ALOUD	  30

/* Nothing is free but what an atomic grant may use. */
static bool use_up(void)
{
	return drain_to(settled_counts().pages_min);
}

static void impatient(void)
{
	if (!use_up())
		return;
	expect(is_shortage(LAB_ENOMEM, LAB_HC_GRANT, IMPATIENT, 0), true);
}

/* Processor 1 waits in a grant; processor 0 knows when it does, and goes on. */

static struct {
	int64_t answer;
	bool over; /* atomic */
} waiter;
static uint64_t calls; /* that processor 0 has made, or knows of */
static uint64_t spare; /* a block to release; 0: it is not to be served */
static uint64_t meanwhile;

static bool waiter_is_over(void)
{
	return __atomic_load_n(&waiter.over, __ATOMIC_ACQUIRE);
}

/* It is in its grant when a call was counted that is not ours. */
static bool waiter_is_in(void)
{
	struct lab_counts now;

	expect_or_false(lab_query(&now), 0);
	return now.calls > ++calls;
}

/* From what is left to atomic grants: no more is free after it than before. */
static bool atomic_grant(void)
{
	int64_t gpa = call(LAB_HC_GRANT, LAB_GFP_ATOMIC, 0);

	expect_or_false(gpa > 0, true);
	expect_or_false(call(LAB_HC_RELEASE, (uint64_t)gpa, 0), 0);
	return true;
}

/* Another's patience is not one's own. */
static void do_not_wait_along(void)
{
	expect(call(LAB_HC_GRANT, IMPATIENT, 0), -LAB_ENOMEM);
	expect(waiter_is_over(), false);
}

static bool along; /* processor 0 wants a page, too, but will not wait */

static void go_on(void)
{
	while (!waiter_is_in())
		cpu_pause();
	if (along)
		do_not_wait_along();
	do {
		if (!atomic_grant())
			return;
		meanwhile += !waiter_is_over();
	} while (!waiter_is_over() && (!spare || meanwhile < MEANWHILE));
	if (spare)
		give_back(spare, 0);
}

static void wait_and_go_on(void *unused)
{
	(void)unused;
	if (smp_processor_id() == 0) {
		go_on();
	} else if (smp_processor_id() == 1) {
		waiter.answer = call(LAB_HC_GRANT, PATIENT, 0);
		__atomic_store_n(&waiter.over, true, __ATOMIC_RELEASE);
	}
}

static void two_processors(void)
{
	struct lab_counts now;

	expect(num_online_cpus() >= 2, true);
	expect(lab_query(&now), 0);
	calls = now.calls;
	on_each_cpu(wait_and_go_on, NULL);
}

static void not_in_time(void)
{
	struct lab_counts before;

	if (!use_up())
		return;
	before = settled_counts();
	two_processors();
	expect(waiter.answer, -LAB_ENOMEM);
	printf("# %lu atomic grants meanwhile\n", meanwhile);
	expect(settled_counts().grants_failed, before.grants_failed + 1);
	drain_off();
}

/* What was asked of the broker is under way for as long as it may take, so
 * there are no settled counts after this. */
static void served(void)
{
	spare = take(0);
	if (!spare || !use_up())
		return;
	two_processors();
	expect(waiter.answer > 0, true);
	/* Not before. */
	expect(meanwhile, MEANWHILE);
	give_back((uint64_t)waiter.answer, 0);
	drain_off();
}

static void beside(void)
{
	along = true;
	served();
}

/* Others take until nothing is left; so does this guest, of the last. */
static void pool_runs_dry(uint64_t *blocks)
{
	int64_t answer = 0;

	while (__atomic_load_n(&pressure_status()->pool, __ATOMIC_ACQUIRE) !=
	       LAB_LEVEL_CRITICAL)
		cpu_pause();
	for (unsigned int i = 0; i < MOST; i++) {
		answer = call(LAB_HC_GRANT, IMPATIENT, MAX_ORDER);
		if (answer < 0)
			break;
		blocks[i] = (uint64_t)answer;
	}
	expect(answer, -LAB_ENOMEM);
}

static void given(void)
{
	uint64_t blocks[MOST] = {0};
	struct lab_counts before;
	int64_t answer;

	if (!use_up())
		return;
	pool_runs_dry(blocks);
	before = settled_counts();
	answer = call(LAB_HC_GRANT, PATIENT, MAX_ORDER);
	expect(answer > 0, true);
	expect(settled_counts().leases, before.leases + 1);
	give_back((uint64_t)answer, MAX_ORDER);
	for (unsigned int i = 0; i < MOST && blocks[i]; i++)
		give_back(blocks[i], MAX_ORDER);
	drain_off();
}

/* Who runs this guest hears of the former, and of none of the latter. */
static void aloud_and_in_silence(void)
{
	if (!use_up())
		return;
	for (unsigned int i = 0; i < ALOUD; i++)
		expect(call(LAB_HC_GRANT, LAB_GFP_ATOMIC, MAX_ORDER),
		       -LAB_ENOMEM);
	expect(call(LAB_HC_GRANT, LAB_GFP_NOWAIT, MAX_ORDER), -LAB_ENOMEM);
	expect(call(LAB_HC_GRANT, LAB_GFP_ATOMIC | LAB_GFP_NOWARN, MAX_ORDER),
	       -LAB_ENOMEM);
	printf("# %u failures aloud\n", ALOUD);
}

static const struct {
	const char *name;
	struct tap_case cases[2];
	unsigned int count;
} kinds[] = {
	{"refused",
	 {{"needy: with NORETRY it is refused and does not wait", impatient},
	  {"needy: refused in the end, a sibling going on meanwhile",
	   not_in_time}},
	 2},
	{"served", {{"needy: served by what a sibling releases", served}}, 1},
	{"beside",
	 {{"needy: with NORETRY it does not wait beside one who does", beside}},
	 1},
	{"given", {{"needy: given what a neighbour was asked for", given}}, 1},
	{"aloud",
	 {{"needy: failures aloud and in silence", aloud_and_in_silence}},
	 1},
};

int exercise_needy(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct tap_group group = {kinds[i].cases, kinds[i].count};

		if (argc < 1 || strcmp(argv[0], kinds[i].name) != 0)
			continue;
		refill(false);
		return tap_run(&group, 1);
	}
	puts("needy: refused, served, beside, given or aloud?");
	return 2;
}
