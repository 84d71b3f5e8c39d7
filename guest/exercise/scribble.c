/* SPDX-License-Identifier: MIT */
/*
 * Scribble: write random bytes over the table that the guest shares with its
 * VMM, on all processors, and make calls meanwhile whose answers depend on it.
 * What becomes of this guest is its own fault; what is looked at is the others.
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

#include "block.h"
#include "exercise.h"

#define DEFAULT_ROUNDS 500
#define WORDS	       64 /* written in a row */
#define FEW	       8  /* blocks of a bulk */

static uint64_t seed, rounds;

static uint64_t *random_place(struct dice *dice)
{
	const struct lab_boot_info *boot = lab_boot_info();
	uint64_t words = boot->share_size / sizeof(uint64_t);

	return (uint64_t *)boot->share + dice_throw(dice) % words;
}

/* Nonsense of several kinds: random, all ones, zeroes, and a bit flipped. */
static void write_word(struct dice *dice, uint64_t *at)
{
	uint64_t value = dice_throw(dice);

	switch (dice_throw(dice) % 4) {
	case 0:
		__atomic_store_n(at, value, __ATOMIC_RELAXED);
		break;
	case 1:
		__atomic_store_n(at, value % 2 ? UINT64_MAX : 0,
				 __ATOMIC_RELAXED);
		break;
	case 2:
		__atomic_fetch_xor(at, UINT64_C(1) << value % 64,
				   __ATOMIC_RELAXED);
		break;
	default: /* what looks like a count */
		__atomic_store_n(at, value % 1024, __ATOMIC_RELAXED);
	}
}

static void scribble(struct dice *dice)
{
	for (unsigned int i = 0; i < WORDS; i++)
		write_word(dice, random_place(dice));
	/* The head has what the VMM reads most. */
	for (unsigned int i = 0; i < 4; i++)
		write_word(dice, (uint64_t *)lab_boot_info()->share +
					 dice_throw(dice) % 32);
}

static void make_calls(struct dice *dice)
{
	uint64_t own[FEW];
	uint64_t gpa = LAB_WINDOW_BASE +
		       dice_throw(dice) % lab_boot_info()->window_size;
	unsigned int order = dice_order(dice);
	gfp_t gfp = dice_throw(dice) % 2 ? GFP_ATOMIC : GFP_NOWAIT;
	struct lab_counts counts;

	gpa &= -(PAGE_SIZE << order);
	lab_hypercall(LAB_HC_GRANT, gfp | __GFP_NOWARN | __GFP_ZERO, order, 0,
		      0);
	lab_hypercall(LAB_HC_RELEASE, gpa, order, 0, 0);
	lab_hypercall(LAB_HC_INSPECT, gpa, 0, 0, 0);
	for (unsigned int i = 0; i < FEW; i++)
		own[i] = gpa + i * PAGE_SIZE;
	lab_hypercall(LAB_HC_RELEASE_BULK, 0, FEW, (uint64_t)own, 0);
	lab_hypercall(LAB_HC_GRANT_BULK, gfp | __GFP_NOWARN, order % 4, FEW,
		      (uint64_t)own);
	/* Where a hole may be what the table calls a grant. */
	lab_hypercall(LAB_HC_QUERY, gpa, sizeof(counts), 0, 0);
	lab_hypercall(LAB_HC_CONSOLE, gpa, 0, 0, 0);
	lab_query(&counts);
	/* The library's own way over it ends as well. */
	__free_pages(alloc_pages(gfp | __GFP_NOWARN, order), order);
}

static void run_here(void *argument)
{
	struct dice dice = dice_of(seed + smp_processor_id());

	(void)argument;
	for (uint64_t i = 0; i < rounds; i++) {
		scribble(&dice);
		make_calls(&dice);
		/* May wait; for the supplier, which reads the table too. */
		if (i % 64 == 0)
			lab_hypercall(LAB_HC_GRANT,
				      LAB_GFP_KERNEL | LAB_GFP_NOWARN, 0, 0, 0);
	}
}

int exercise_scribble(int argc, char **argv)
{
	seed = argc > 0 ? strtoul(argv[0], NULL, 0) : 1;
	rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : DEFAULT_ROUNDS;
	if (!lab_boot_info()->share) {
		puts("nothing is shared");
		return 1;
	}
	puts("scribbling");
	on_each_cpu(run_here, NULL);
	puts("scribbled");
	return 0;
}
