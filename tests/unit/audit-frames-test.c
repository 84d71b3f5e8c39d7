/* SPDX-License-Identifier: MIT */
/* Page frames: how they are read, each thing that can be wrong, and looks. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/kernel-page-flags.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit-support.h"

#define FLAG(flag) (UINT64_C(1) << (flag))
#define FIRST	   1000 /* frame of the first page */
#define PAGES	   4

/* What the comparison makes of frames */

static void good_frames(struct frame frames[PAGES])
{
	for (unsigned int i = 0; i < PAGES; i++)
		frames[i] = (struct frame){
			.number = FIRST + i,
			.count = 1,
			.flags = FLAG(KPF_MMAP) | FLAG(KPF_SWAPBACKED) |
				 FLAG(KPF_UNEVICTABLE),
			.present = true,
		};
}

static void absent(struct frame *f)
{
	*f = (struct frame){0};
}
static void swapped(struct frame *f)
{
	*f = (struct frame){.swapped = true};
}
static void mapped_twice(struct frame *f)
{
	f->count = 2;
}
static void mapped_never(struct frame *f)
{
	f->count = 0;
}
static void merged(struct frame *f)
{
	f->flags |= FLAG(KPF_KSM) | FLAG(KPF_ANON);
}
static void copied(struct frame *f)
{
	f->flags |= FLAG(KPF_ANON);
}
static void swap_cached(struct frame *f)
{
	f->flags |= FLAG(KPF_SWAPCACHE);
}
static void poisoned(struct frame *f)
{
	f->flags |= FLAG(KPF_HWPOISON);
}
static void no_page(struct frame *f)
{
	f->flags = FLAG(KPF_NOPAGE);
}
static void in_the_buddies(struct frame *f)
{
	f->flags = FLAG(KPF_BUDDY);
}
static void huge(struct frame *f)
{
	f->flags |= FLAG(KPF_HUGE);
}
/* A huge page of shared memory is still shared memory. */
static void transparent(struct frame *f)
{
	f->flags |= FLAG(KPF_THP) | FLAG(KPF_COMPOUND_TAIL);
}

static const struct {
	void (*spoil)(struct frame *frame);
	const char *names;
} cases[] = {
	{absent, "not-resident "},	   {swapped, "swapped "},
	{mapped_twice, "frame-shared "},   {mapped_never, "frame-shared "},
	{merged, "frame-ksm frame-copy "}, {copied, "frame-copy "},
	{swap_cached, "frame-swapcache "}, {poisoned, "frame-poisoned "},
	{no_page, "frame-free "},	   {in_the_buddies, "frame-free "},
	{huge, "frame-backing "},	   {transparent, ""},
};

static void names_what_is_wrong(void **state)
{
	struct ledger_file file = ledger_file();
	struct snapshot s = take(&file);
	const struct mapping m = {.extent = 1, .pid = ADA};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct differences found = {0};
		struct frame frames[PAGES];
		good_frames(frames);
		cases[i].spoil(&frames[2]);
		compare_frames(&s, &m, frames, PAGES, &found);
		if (strcmp(named(&found), cases[i].names) != 0)
			fail_msg("case %zu: `%s`", i, named(&found));
		if (found.count > 0 &&
		    strstr(found.all[0].text,
			   "extent 1, guest ada (process "
			   "11): 1 of its 4 pages: ") == NULL)
			fail_msg("case %zu: `%s`", i, found.all[0].text);
		if (found.count > 0)
			assert_int_equal(found.all[0].frame, frames[2].number);
		differences_free(&found);
	}
	snapshot_free(&s);
}

/* Frames of ada's lease in a pool of this backing: what is wrong. */
static void assert_backing(enum lab_backing backing, const struct frame *frames,
			   const char *differences)
{
	struct ledger_file file = ledger_file();
	const struct mapping m = {.extent = 1, .pid = ADA};
	struct differences found = {0};

	file.pools[0].backing = backing;
	struct snapshot s = take(&file);
	compare_frames(&s, &m, frames, PAGES, &found);
	assert_string_equal(named(&found), differences);
	differences_free(&found);
	snapshot_free(&s);
}

static void huge_pools_have_huge_frames(void **state)
{
	struct frame frames[PAGES];

	(void)state;
	good_frames(frames);
	assert_backing(LAB_BACKING_HUGETLB, frames, "frame-backing ");
	for (int i = 0; i < PAGES; i++)
		huge(&frames[i]);
	assert_backing(LAB_BACKING_HUGETLB, frames, "");
}

static void transparent_pools_have_frames_in_one(void **state)
{
	struct frame frames[PAGES];

	(void)state;
	good_frames(frames);
	assert_backing(LAB_BACKING_THP, frames, "frame-backing ");
	for (int i = 0; i < PAGES; i++)
		frames[i].flags |= FLAG(KPF_THP);
	assert_backing(LAB_BACKING_THP, frames, "");
	/* Small pages may lie in a large one: that is the kernel's affair. */
	assert_backing(LAB_BACKING_SHMEM, frames, "");
}

/* A frame in two leases */

static const char *owners_of(struct frame *one, struct frame *two)
{
	struct ledger_file file = ledger_file();
	struct snapshot s = take(&file);
	struct differences found = {0};
	struct owners owners = {0};
	static char text[1024];

	assert_int_equal(owners_note(&owners, 2, two, PAGES), 0);
	assert_int_equal(owners_note(&owners, 0, one, PAGES), 0);
	compare_owners(&s, &owners, &found);
	strcpy(text, named(&found));
	if (found.count > 0)
		strcat(text, found.all[0].text);
	differences_free(&found);
	owners_free(&owners);
	snapshot_free(&s);
	return text;
}

static void a_frame_in_two_leases(void **state)
{
	struct frame one[PAGES], two[PAGES];
	(void)state;

	good_frames(one);
	good_frames(two);
	for (int i = 0; i < PAGES; i++)
		two[i].number += PAGES; /* right behind the first ones */
	assert_string_equal(owners_of(one, two), "");
	two[3].number = FIRST + 1;
	assert_string_equal(owners_of(one, two),
			    "frame-twice pool one, extent 2, guest bob "
			    "(process 12): frame 0x3e9 of it is in extent 0 of "
			    "pool one as well");
	two[3].present = false;
	assert_string_equal(owners_of(one, two), "");
	/* Said once, of whatever many; and a short run does not end a long. */
	two[1].number = FIRST + 1;
	two[3] = two[1];
	two[3].number = FIRST + 3;
	assert_string_equal(owners_of(one, two),
			    "frame-twice pool one, extent 2, guest bob "
			    "(process 12): frame 0x3e9 of it is in extent 0 of "
			    "pool one as well");
	/* Within one lease it is not in two. */
	good_frames(two);
	for (int i = 0; i < PAGES; i++)
		two[i].number = FIRST + PAGES;
	assert_string_equal(owners_of(one, two), "");
}

/* Of three, the last lies in the second and not in the first. */
static void the_one_that_reaches_furthest(void **state)
{
	struct ledger_file file = ledger_file();
	struct snapshot s = take(&file);
	struct differences found = {0};
	struct owners owners = {0};
	struct frame frames[PAGES];
	(void)state;

	good_frames(frames);
	assert_int_equal(owners_note(&owners, 0, frames, PAGES), 0);
	for (int i = 0; i < PAGES; i++)
		frames[i].number += PAGES;
	assert_int_equal(owners_note(&owners, 1, frames, PAGES), 0);
	assert_int_equal(owners_note(&owners, 2, frames + 2, 1), 0);
	compare_owners(&s, &owners, &found);
	assert_string_equal(named(&found), "frame-twice ");
	assert_non_null(strstr(found.all[0].text, "extent 2, guest bob"));
	assert_non_null(strstr(found.all[0].text, "in extent 1 of pool one"));
	differences_free(&found);
	owners_free(&owners);
	snapshot_free(&s);
}

/* Reading */

static int file_of(const uint64_t *entries, size_t count)
{
	int fd = memfd_create("entries", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, entries, count * 8), count * 8);
	return fd;
}

static void reads_runs_and_gaps(void **state)
{
	const uint64_t present = UINT64_C(1) << 63, swap = UINT64_C(1) << 62;
	const uint64_t other = UINT64_C(1) << 61 | UINT64_C(1) << 56;
	const uint64_t pages[] = {0,	       present | other | 3, present | 4,
				  present | 1, swap | 0x77,	    0};
	const uint64_t counts[] = {10, 11, 12, 13, 14};
	const uint64_t flags[] = {20, 21, 22, 23, 24};
	struct frames files = {.counts = file_of(counts, 5),
			       .flags = file_of(flags, 5),
			       .pages = file_of(pages, 6),
			       .pid = ADA};
	struct frame frames[6];
	struct err err = {.text = ""};
	(void)state;

	assert_int_equal(
		frames_read(&files, ADA, LAB_PAGE_SIZE, frames, 6, &err), 0);
	assert_true(frames[0].present && frames[1].present);
	assert_int_equal(frames[0].number, 3);
	assert_int_equal(frames[0].count, 13);
	assert_int_equal(frames[0].flags, 23);
	assert_int_equal(frames[1].number, 4);
	assert_int_equal(frames[1].count, 14);
	assert_int_equal(frames[2].number, 1);
	assert_int_equal(frames[2].count, 11);
	assert_int_equal(frames[2].flags, 21);
	assert_true(frames[3].swapped && !frames[3].present);
	assert_int_equal(frames[3].number, 0);
	assert_false(frames[4].present || frames[4].swapped);
	assert_false(frames[5].present); /* the file ends */
	frames_close(&files);
}

/* A kernel that says it of all is believed of none. */
static void ksm_unknown_is_not_said(void **state)
{
	const uint64_t pages[] = {UINT64_C(1) << 63 | 1}, counts[] = {0, 1};
	const uint64_t flags[] = {0, FLAG(KPF_KSM) | FLAG(KPF_ANON)};
	struct frames files = {.counts = file_of(counts, 2),
			       .flags = file_of(flags, 2),
			       .pages = file_of(pages, 1),
			       .pid = ADA};
	struct frame frame;
	struct err err = {.text = ""};
	(void)state;

	assert_int_equal(frames_read(&files, ADA, 0, &frame, 1, &err), 0);
	assert_int_equal(frame.flags, flags[1]);
	files.ksm_unknown = true;
	assert_int_equal(frames_read(&files, ADA, 0, &frame, 1, &err), 0);
	assert_int_equal(frame.flags, FLAG(KPF_ANON));
	frames_close(&files);
}

static void hidden_numbers_are_said(void **state)
{
	const uint64_t pages[] = {UINT64_C(1) << 63};
	struct frames files = {.counts = file_of(pages, 1),
			       .flags = file_of(pages, 1),
			       .pages = file_of(pages, 1),
			       .pid = ADA};
	struct frame frame;
	struct err err = {.text = ""};
	(void)state;

	assert_int_equal(frames_read(&files, ADA, 0, &frame, 1, &err), -EPERM);
	assert_non_null(strstr(err.text, "CAP_SYS_ADMIN"));
	frames_close(&files);
}

static void who_is_gone_has_no_frames(void **state)
{
	const uint64_t none[] = {0};
	struct frames files = {.counts = file_of(none, 1),
			       .flags = file_of(none, 1),
			       .pages = -1};
	struct frame frame = {.present = true};
	struct err err = {.text = ""};
	(void)state;

	/* Above what a process can be numbered. */
	assert_int_equal(frames_read(&files, 1 << 30, 0, &frame, 1, &err), 0);
	assert_false(frame.present);
	frames_close(&files);
}

/* Looks */

/* How many of one difference and another are kept? */
static size_t kept(enum check check, struct where where, uint32_t generation)
{
	const struct where first = {.extent = 1, .pid = ADA};
	struct ledger_file file = ledger_file();
	struct snapshot s = take(&file);
	struct differences one = {0}, two = {0};

	differences_add(&one, CHECK_UNMAPPED, &s, &first, "first words");
	differences_add(&one, CHECK_SWAPPED, &s, &first, "goes");
	snapshot_free(&s);
	file.extents[1].generation = generation;
	s = take(&file);
	differences_add(&two, check, &s, &where, "later words");
	differences_add(&two, check, &s, &where, "later words");
	differences_add(&two, CHECK_FORKABLE, &s, &where, "comes");
	differences_keep_common(&one, &two);
	size_t count = one.count;
	if (count > 0)
		assert_non_null(strstr(one.all[0].text, "later words"));
	differences_free(&one);
	differences_free(&two);
	snapshot_free(&s);
	return count;
}

static void keeps_what_both_looks_had(void **state)
{
	const struct where same = {.extent = 1, .pid = ADA};
	const struct where other_pid = {.extent = 1, .pid = BOB};
	const struct where other_extent = {.extent = 2, .pid = ADA};
	(void)state;

	assert_int_equal(kept(CHECK_UNMAPPED, same, 21), 1);
	assert_int_equal(kept(CHECK_DUMPABLE, same, 21), 0);
	assert_int_equal(kept(CHECK_UNMAPPED, other_pid, 21), 0);
	assert_int_equal(kept(CHECK_UNMAPPED, other_extent, 21), 0);
	/* The same extent, leased anew. */
	assert_int_equal(kept(CHECK_UNMAPPED, same, 22), 0);
}

static void nothing_is_kept_of_nothing(void **state)
{
	const struct where where = {.extent = 1, .pid = ADA};
	struct ledger_file file = ledger_file();
	struct snapshot s = take(&file);
	struct differences one = {0}, two = {0};
	(void)state;

	differences_keep_common(&one, &two);
	assert_int_equal(one.count, 0);
	differences_add(&two, CHECK_UNMAPPED, &s, &where, "new");
	differences_keep_common(&one, &two);
	assert_int_equal(one.count, 0);
	differences_add(&one, CHECK_UNMAPPED, &s, &where, "old");
	differences_free(&two);
	differences_keep_common(&one, &two);
	assert_int_equal(one.count, 0);
	differences_free(&one);
	snapshot_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(huge_pools_have_huge_frames),
		cmocka_unit_test(transparent_pools_have_frames_in_one),
		cmocka_unit_test(a_frame_in_two_leases),
		cmocka_unit_test(the_one_that_reaches_furthest),
		cmocka_unit_test(reads_runs_and_gaps),
		cmocka_unit_test(ksm_unknown_is_not_said),
		cmocka_unit_test(hidden_numbers_are_said),
		cmocka_unit_test(who_is_gone_has_no_frames),
		cmocka_unit_test(keeps_what_both_looks_had),
		cmocka_unit_test(nothing_is_kept_of_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
