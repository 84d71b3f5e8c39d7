/* SPDX-License-Identifier: MIT */
/* maps and smaps, as kernels write them. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <sys/sysmacros.h>

#include "audit-support.h"

static FILE *text_of(const char *text)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(file);
	return file;
}

static void parses_heads(void **state)
{
	struct mapping m;
	(void)state;

	assert_true(maps_parse_head(
		"7f12a0000000-7f12a0200000 rw-s 00100000 00:01 4711       "
		"/memfd:labyrinth:default:3 (deleted)\n",
		&m));
	assert_int_equal(m.start, 0x7f12a0000000);
	assert_int_equal(m.end, 0x7f12a0200000);
	assert_int_equal(m.offset, 0x100000);
	assert_int_equal(m.device, 1);
	assert_int_equal(m.inode, 4711);
	assert_true(m.shared);
	assert_true(maps_parse_head("00400000-00401000 r-xp 00000000 103:1a "
				    "18446744073709551615 /bin/x\n",
				    &m));
	assert_false(m.shared);
	assert_int_equal(m.device, makedev(0x103, 0x1a));
	assert_int_equal(m.inode, UINT64_MAX);
}

static void no_heads(void **state)
{
	static const char *const lines[] = {
		"",
		"\n",
		"Rss:                2048 kB\n",
		"FilePmdMapped:         0 kB\n",
		"VmFlags: rd wr sh mr mw me ms dc lo dd sd\n",
		"7f12a0000000-7f12a0000000 rw-s 00000000 00:01 1\n",
		"7f12a0000000-7f12a0200000 rw-s 00000000 00:01\n",
		"7f12a0000000-7f12a0200000 rws 00000000 00:01 1\n",
	};
	struct mapping m;
	(void)state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (maps_parse_head(lines[i], &m))
			fail_msg("`%s` is a head", lines[i]);
}

static void parses_details(void **state)
{
	struct mapping m = {0};
	(void)state;

	maps_parse_detail("Rss:                1024 kB\n", &m);
	maps_parse_detail("Pss:                7777 kB\n", &m);
	maps_parse_detail("Swap:                 12 kB\n", &m);
	maps_parse_detail("SwapPss:              99 kB\n", &m);
	assert_int_equal(m.rss, 1024);
	maps_parse_detail("KSM:                   8 kB\n", &m);
	assert_int_equal(m.swap, 12);
	assert_int_equal(m.ksm, 8);
	maps_parse_detail("VmFlags: rd wr sh mr mw me ms sd \n", &m);
	assert_false(m.locked || m.dontfork || m.dontdump || m.mergeable);
	maps_parse_detail("VmFlags: rd wr lo dc dd mg\n", &m);
	assert_true(m.locked && m.dontfork && m.dontdump && m.mergeable);
	m = (struct mapping){0};
	maps_parse_detail("Shared_Hugetlb:        0 kB\n", &m);
	maps_parse_detail("Private_Hugetlb:    2048 kB\n", &m);
	assert_int_equal(m.rss, 2048);
}

/* Extent 1 of ada's, cut in three by the kernel; extent 3; something else. */
static const char smaps[] =
	"00200000-00300000 rw-s 00000000 00:01 101 /memfd:labyrinth:one:1\n"
	"Rss: 1024 kB\nSwap: 0 kB\nVmFlags: rd wr sh dc lo dd\n"
	"00300000-00380000 rw-s 00100000 00:01 101 /memfd:labyrinth:one:1\n"
	"Rss: 500 kB\nSwap: 12 kB\nVmFlags: rd wr sh dc dd\n"
	"00380000-00400000 rw-s 00180000 00:01 101 /memfd:labyrinth:one:1\n"
	"Rss: 512 kB\nSwap: 0 kB\nVmFlags: rd wr sh dc lo dd\n"
	"00400000-00500000 rw-p 00000000 00:00 0\n"
	"Rss: 4 kB\nSwap: 0 kB\nVmFlags: rd wr mg\n"
	"00500000-00600000 rw-s 00000000 00:01 103 /memfd:labyrinth:one:3\n"
	"Rss: 1024 kB\nSwap: 0 kB\nVmFlags: rd wr sh\n"
	"00600000-00700000 rw-s 00000000 00:01 103 /memfd:labyrinth:one:3\n"
	"Rss: 1024 kB\nSwap: 0 kB\nVmFlags: rd wr sh\n";

static void joins_what_was_cut(void **state)
{
	struct ledger_file file = ledger_file();
	struct snapshot s = take(&file);
	struct mappings all = {0};
	FILE *text = text_of(smaps);
	(void)state;

	assert_int_equal(maps_count(text, &s), 5);
	rewind(text);
	assert_int_equal(maps_read(&all, text, ADA, &s), 0);
	fclose(text);
	assert_int_equal(all.count, 3);
	const struct mapping *m = &all.all[0];
	assert_int_equal(m->extent, 1);
	assert_int_equal(m->pid, ADA);
	assert_int_equal(m->start, 0x200000);
	assert_int_equal(m->end, 0x400000);
	assert_int_equal(m->pieces, 3);
	assert_int_equal(m->rss, 2036);
	assert_int_equal(m->swap, 12);
	assert_true(m->dontfork && m->dontdump);
	assert_false(m->locked || m->mergeable);
	/* Side by side in memory, but not in the file: twice the same. */
	assert_int_equal(all.all[1].extent, 3);
	assert_int_equal(all.all[2].extent, 3);
	maps_free(&all);
	snapshot_free(&s);
}

static void sorts_by_extent(void **state)
{
	struct mapping some[] = {
		{.extent = 2, .pid = BOB, .start = 4},
		{.extent = 0, .pid = BOB, .start = 2},
		{.extent = 0, .pid = ADA, .start = 9},
		{.extent = 0, .pid = ADA, .start = 8},
	};
	struct mappings all = {.all = some, .count = 4};
	(void)state;

	maps_sort(&all);
	assert_int_equal(some[0].start, 8);
	assert_int_equal(some[1].start, 9);
	assert_int_equal(some[2].start, 2);
	assert_int_equal(some[3].start, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_heads),
		cmocka_unit_test(no_heads),
		cmocka_unit_test(parses_details),
		cmocka_unit_test(joins_what_was_cut),
		cmocka_unit_test(sorts_by_extent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
