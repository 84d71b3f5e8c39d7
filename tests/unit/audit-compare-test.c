/* SPDX-License-Identifier: MIT */
/* Each kind of violation as data, and that it is named. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "audit-support.h"

#define STRANGER 99

/* A mapping as it should be. */
static struct mapping mapping_of(uint32_t extent, pid_t pid, uint64_t start)
{
	return (struct mapping){
		.extent = extent,
		.pid = pid,
		.start = start,
		.end = start + LAB_EXTENT_SIZE,
		.device = DEVICE,
		.inode = INODE + extent,
		.shared = true,
		.rss = LAB_EXTENT_SIZE / 1024,
		.locked = true,
		.dontfork = true,
		.dontdump = true,
		.pieces = 1,
	};
}

/* What is looked at, all of it as it should be; cases change it. */
struct world {
	struct ledger_file file;
	struct mapping mappings[8];
	size_t nmappings;
	struct descriptor descriptors[4];
	size_t ndescriptors;
};

static struct world world(void)
{
	return (struct world){
		.file = ledger_file(),
		.mappings = {mapping_of(0, ADA, 0x200000),
			     mapping_of(1, ADA, 0x400000),
			     mapping_of(2, BOB, 0x200000)},
		.nmappings = 3,
	};
}

static void add(struct world *w, uint32_t extent, pid_t pid)
{
	w->mappings[w->nmappings++] = mapping_of(extent, pid, 0x800000);
}

static void hold(struct world *w, uint32_t extent, pid_t pid)
{
	w->descriptors[w->ndescriptors++] =
		(struct descriptor){.extent = extent, .pid = pid, .fd = 5};
}

/* The ledger */

static void nothing(struct world *w)
{
	(void)w;
}
static void one_blank_more(struct world *w)
{
	w->file.pools[0].counts[LAB_EXTENT_BLANK]++;
}
static void held_less(struct world *w)
{
	w->file.guests[0].held--;
}
static void above_the_limit(struct world *w)
{
	w->file.guests[0].limit = 1;
	w->file.guests[0].guarantee = 1;
	w->file.pools[0].guaranteed--;
}
static void guarantee_above_the_limit(struct world *w)
{
	w->file.guests[0].guarantee = 4;
	w->file.pools[0].guaranteed = 5;
}
static void promised_more(struct world *w)
{
	w->file.pools[0].guaranteed++;
}
static void leased_to_nobody(struct world *w)
{
	w->file.extents[2].owner = 4;
	w->nmappings = 2;
	w->file.guests[1].held = 0;
}
static void leased_across_pools(struct world *w)
{
	w->file.guests[1].pool = 1;
	w->file.guests[1].held = 0;
	w->file.pools[0].guaranteed--;
	w->file.pools[1].guaranteed++;
}
static void owned_and_blank(struct world *w)
{
	w->file.extents[3].owner = 7;
}
static void blank_without_a_file(struct world *w)
{
	w->file.extents[3].inode = 0;
}
static void a_file_for_two(struct world *w)
{
	w->file.extents[4].inode = INODE + 3;
}

/* Processes */

static void not_mapped(struct world *w)
{
	w->nmappings = 2;
}
static void mapped_twice(struct world *w)
{
	add(w, 1, ADA);
}
static void half(struct world *w)
{
	w->mappings[2].end -= LAB_EXTENT_SIZE / 2;
}
static void other_half(struct world *w)
{
	w->mappings[2].offset = 4096;
}
static void private(struct world *w)
{
	w->mappings[2].shared = false;
}
static void unlocked(struct world *w)
{
	w->mappings[2].locked = false;
}
static void unlocked_huge(struct world *w)
{
	unlocked(w);
	w->file.pools[0].backing = LAB_BACKING_HUGETLB;
}
static void forkable(struct world *w)
{
	w->mappings[2].dontfork = false;
}
static void dumpable(struct world *w)
{
	w->mappings[2].dontdump = false;
}
static void mergeable(struct world *w)
{
	w->mappings[2].mergeable = true;
}
static void merged(struct world *w)
{
	w->mappings[2].ksm = 8;
}
static void swapped(struct world *w)
{
	w->mappings[2].swap = 4;
}
static void by_another_guest(struct world *w)
{
	add(w, 1, BOB);
}
static void by_the_broker(struct world *w)
{
	add(w, 1, BROKER);
}
static void by_a_stranger(struct world *w)
{
	add(w, 1, STRANGER);
}
static void blank_mapped(struct world *w)
{
	add(w, 3, STRANGER);
	w->mappings[w->nmappings - 1].rss = 0;
}
static void dirty_mapped(struct world *w)
{
	add(w, 4, BOB);
}
static void cut_and_still_there(struct world *w)
{
	add(w, 4, BOB);
	w->mappings[w->nmappings - 1].rss = 0;
}
static void revoking_mapped(struct world *w)
{
	dirty_mapped(w);
	w->file.extents[4].state = LAB_EXTENT_REVOKING;
	w->file.pools[1].counts[LAB_EXTENT_DIRTY]--;
	w->file.pools[1].counts[LAB_EXTENT_REVOKING]++;
}
static void kept(struct world *w)
{
	hold(w, 0, ADA);
}
static void held_by_another_guest(struct world *w)
{
	hold(w, 0, BOB);
}
static void held_by_a_stranger(struct world *w)
{
	hold(w, 0, STRANGER);
}
static void blank_held(struct world *w)
{
	hold(w, 3, ADA);
}
static void cut_and_held(struct world *w)
{
	hold(w, 4, STRANGER);
}

static const struct {
	void (*spoil)(struct world *w);
	const char *names; /* each with a space after it */
	const char *says;  /* part of the first one's sentence */
} cases[] = {
	{nothing, "", NULL},
	{one_blank_more, "ledger-sums ledger-sums ",
	 "pool one: the ledger counts 2 blank extents and lists 1"},
	{held_less, "ledger-sums ",
	 "pool one, guest ada (process 11): the ledger counts 1 leases of it "
	 "and lists 2"},
	{above_the_limit, "ledger-limit ",
	 "2 leases, more than its limit of 1"},
	{guarantee_above_the_limit, "ledger-guarantee ledger-guarantee ",
	 "5 leases are promised, but the pool has 4"},
	{promised_more, "ledger-guarantee ", "promised 4 leases"},
	{leased_to_nobody, "ledger-owner ",
	 "extent 2: it is leased to guest 4"},
	{leased_across_pools, "ledger-owner ", "of another pool"},
	{owned_and_blank, "ledger-owner ", "it is blank and owned by guest 7"},
	{blank_without_a_file, "ledger-file ", "it is blank and has no file"},
	{a_file_for_two, "ledger-file ", "as well"},
	{not_mapped, "unmapped ",
	 "pool one, extent 2, guest bob (process 12): its owner does not map "
	 "it"},
	{mapped_twice, "mapped-twice ", "at 2 places"},
	{half, "mapped-partly ", "1024 KiB of it are mapped, from 0 KiB on"},
	{other_half, "mapped-partly ", "from 4 KiB on"},
	{private, "mapped-private ", "private"},
	{unlocked, "not-locked ", "not locked"},
	{unlocked_huge, "", NULL},
	{forkable, "forkable ", "a fork of the VMM"},
	{dumpable, "dumpable ", "a core dump"},
	{mergeable, "mergeable ", "KSM"},
	{merged, "frame-ksm ", "8 KiB of it are merged by KSM"},
	{swapped, "swapped ", "4 KiB of it are swapped out"},
	{by_another_guest, "mapped-elsewhere ",
	 "guest bob's VMM (process 12) maps it too"},
	{by_the_broker, "mapped-elsewhere ",
	 "the broker (process 10) maps it too"},
	{by_a_stranger, "mapped-elsewhere ", "process 99 maps it too"},
	{blank_mapped, "mapped-unowned ",
	 "pool one, extent 3: process 99 maps it, and nobody owns it"},
	{dirty_mapped, "mapped-unowned ", "pool two, extent 0: guest bob's"},
	{cut_and_still_there, "", NULL},
	{revoking_mapped, "mapped-unowned ", "nobody owns it"},
	{kept, "descriptor-kept ", "its owner keeps descriptor 5 of it"},
	{held_by_another_guest, "descriptor-elsewhere ", "guest bob's VMM"},
	{held_by_a_stranger, "descriptor-elsewhere ", "process 99 has"},
	{blank_held, "descriptor-elsewhere ", "guest ada's VMM"},
	{cut_and_held, "", NULL},
};

static void names_each_violation(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w = world();
		struct differences found = {0};
		cases[i].spoil(&w);
		struct snapshot s = take(&w.file);
		struct processes p = {
			.mappings = {.all = w.mappings, .count = w.nmappings},
			.descriptors = w.descriptors,
			.ndescriptors = w.ndescriptors,
		};
		maps_sort(&p.mappings);
		compare_ledger(&s, &found);
		compare_processes(&s, &p, &found);
		if (strcmp(named(&found), cases[i].names) != 0)
			fail_msg("case %zu: `%s`, not `%s`", i, named(&found),
				 cases[i].names);
		if (found.count > 0 &&
		    strstr(found.all[0].text, cases[i].says) == NULL)
			fail_msg("case %zu: `%s` does not say `%s`", i,
				 found.all[0].text, cases[i].says);
		differences_free(&found);
		snapshot_free(&s);
	}
}

/* Of another pool nothing is said, and of its files nothing known. */
static void one_pool_alone(void **state)
{
	struct world w = world();
	struct differences found = {0};
	struct snapshot s;
	struct err err;
	const struct processes none = {0};
	(void)state;

	one_blank_more(&w);
	owned_and_blank(&w);
	held_less(&w);
	assert_int_equal(take_file(&s, &w.file, sizeof(w.file), "two", &err),
			 0);
	compare_ledger(&s, &found);
	compare_processes(&s, &none, &found);
	assert_string_equal(named(&found), "");
	snapshot_free(&s);
}

static void finds_the_owners_mapping(void **state)
{
	struct world w = world();
	struct snapshot s = take(&w.file);
	struct mappings all = {.all = w.mappings};
	(void)state;

	by_the_broker(&w);
	blank_mapped(&w);
	all.count = w.nmappings;
	maps_sort(&all);
	for (uint32_t i = 0; i < 3; i++) {
		const struct mapping *m = compare_owned(&s, &all, i);
		assert_non_null(m);
		assert_int_equal(m->extent, i);
		assert_int_equal(m->pid, i < 2 ? ADA : BOB);
	}
	assert_null(compare_owned(&s, &all, 3));
	assert_null(compare_owned(&s, &all, 4));
	snapshot_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_each_violation),
		cmocka_unit_test(one_pool_alone),
		cmocka_unit_test(finds_the_owners_mapping),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
