/* SPDX-License-Identifier: MIT */
/* The selftest's plan, and what its parts share. */
#include "freestanding.h"

#include "exercise.h"
#include "selftest.h"
#include "settle.h"

int64_t call_array(const uint64_t call[5])
{
	return lab_hypercall(call[0], call[1], call[2], call[3], call[4]);
}

struct lab_counts counts_now(void)
{
	return settled_counts();
}

/* Answered so, and counted as so many of each kind, and as nothing else. */
static bool is_refused(const char *file, int line, const char *text, int error,
		       const uint64_t call[5], struct lab_counts counted)
{
	struct lab_counts before = counts_now();
	int64_t is = call_array(call);
	struct lab_counts after = counts_now();

	before.mistakes += counted.mistakes;
	before.grants_failed += counted.grants_failed;
	before.calls += 2; /* this one and the second query */
	return tap_equal(file, line, text, is, -error) &&
	       tap_equal(file, line, "mistakes counted",
			 (int64_t)after.mistakes, (int64_t)before.mistakes) &&
	       tap_equal(file, line, "grants counted that failed",
			 (int64_t)after.grants_failed,
			 (int64_t)before.grants_failed) &&
	       tap_equal(file, line, "other counts changed",
			 memcmp(&before, &after, sizeof(before)), 0);
}

bool is_mistake(const char *file, int line, const char *text, int error,
		const uint64_t call[5])
{
	return is_refused(file, line, text, error, call,
			  (struct lab_counts){.mistakes = 1});
}

bool is_shortage_at(const char *file, int line, const char *text, int error,
		    const uint64_t call[5])
{
	return is_refused(file, line, text, error, call,
			  (struct lab_counts){.grants_failed = 1});
}

uint64_t take(unsigned int order)
{
	int64_t gpa = call(LAB_HC_GRANT, LAB_GFP_KERNEL, order);

	if (gpa > 0)
		return (uint64_t)gpa;
	tap_equal(__FILE__, __LINE__, "a needed grant", gpa, 0);
	return 0;
}

void give_back(uint64_t gpa, unsigned int order)
{
	tap_equal(__FILE__, __LINE__, "release of a grant",
		  call(LAB_HC_RELEASE, gpa, order), 0);
}

uint64_t window_end(void)
{
	return lab_boot_info()->window_base + lab_boot_info()->window_size;
}

uint64_t ram_end(void)
{
	return lab_boot_info()->memory;
}

uint64_t find_hole(void)
{
	uint64_t at = window_end();

	while (at > lab_boot_info()->window_base) {
		at -= LAB_EXTENT_SIZE;
		if (call(LAB_HC_INSPECT, at) == -LAB_EACCES)
			return at;
	}
	return 0;
}

void fill(uint64_t gpa, unsigned int order, uint8_t byte)
{
	memset((void *)gpa, byte, PAGE_SIZE << order);
}

bool filled_with(uint64_t gpa, unsigned int order, uint8_t byte)
{
	const uint64_t *word = (const uint64_t *)gpa;
	uint64_t wanted = UINT64_C(0x0101010101010101) * byte;

	for (uint64_t i = 0; i < (PAGE_SIZE << order) / sizeof(*word); i++) {
		if (word[i] != wanted)
			return false;
	}
	return true;
}

int exercise_selftest(int argc, char **argv)
{
	/* grant first: it wants pages that nobody has had before. */
	const struct tap_group groups[] = {
		grant_group,   release_group,	 bulk_group,
		counts_group,  protection_group, calls_group,
		library_group, fail_group,	 stats_group,
	};

	(void)argc;
	(void)argv;
	/* What is held is what was asked for. */
	refill(false);
	return tap_run(groups, sizeof(groups) / sizeof(groups[0]));
}
