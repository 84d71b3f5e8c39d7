/* SPDX-License-Identifier: MIT */
/* What leases are made of: asked for, had, and on which node. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>

#include "base/pages.h"
#include "broker-support.h"
#include "broker/backing.h"
#include "broker/numa.h"
#include "broker/pool_option.h"

/* The pool that a text asks for; it has to be one. */
static struct pool_spec asked(const char *text)
{
	struct pool_spec spec;
	struct err err = {.text = ""};

	if (pool_option_parse(&spec, text, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return spec;
}

static void a_pool_is_asked_for(void **state)
{
	struct pool_spec spec = asked("default=256M");
	(void)state;

	assert_string_equal(spec.name, "default");
	assert_int_equal(spec.leases, 128);
	assert_int_equal(spec.backing, 0);
	assert_false(spec.bound);
	assert_int_equal(asked("a=2M,backing=thp").backing, LAB_BACKING_THP);
	assert_int_equal(asked("a=2M,backing=shmem").backing,
			 LAB_BACKING_SHMEM);
	assert_int_equal(asked("a=2M,backing=guest_memfd").backing,
			 LAB_BACKING_GUEST_MEMFD);
	spec = asked("a.b-c_d=1G,node=3,backing=hugetlb");
	assert_string_equal(spec.name, "a.b-c_d");
	assert_int_equal(spec.leases, 512);
	assert_int_equal(spec.backing, LAB_BACKING_HUGETLB);
	assert_true(spec.bound);
	assert_int_equal(spec.node, 3);
	assert_int_equal(asked("a=2M,node=1023").node, 1023);
	assert_false(asked("a=2M,").bound);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const char *const texts[][2] = {
		{"", "NAME=SIZE"},
		{"default", "NAME=SIZE"},
		{"=2M", "NAME=SIZE"},
		{"a b=2M", "NAME=SIZE"},
		{"a=", "size"},
		{"a=1M", "2"},
		{"a=0", "2M to 2048G"},
		{"a=3T", "2M to 2048G"},
		{"a=2M,backing", "backing=hugetlb, thp, shmem or guest_memfd"},
		{"a=2M,backing=", "write hugetlb, thp, shmem or guest_memfd"},
		{"a=2M,backing=THP",
		 "write hugetlb, thp, shmem or guest_memfd"},
		{"a=2M,node=", "number"},
		{"a=2M,node=-1", "number"},
		{"a=2M,node=1024", "number"},
		{"a=2M,node=1x", "number"},
		{"a=2M,colour=red", "colour=red"},
		{"a=2M,node=0,backing=guest_memfd", "without node="},
		{"0123456789012345678901234567890123456789012345678901234567890"
		 "123=2M",
		 "63 characters"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct err err = {.text = ""};
		struct pool_spec spec;
		if (pool_option_parse(&spec, texts[i][0], &err) != -EINVAL)
			fail_msg("`%s` is taken", texts[i][0]);
		assert_said(&err, texts[i][1]);
	}
}

static void names_lead_back(void **state)
{
	static const enum lab_backing all[] = {
		LAB_BACKING_SHMEM, LAB_BACKING_HUGETLB, LAB_BACKING_THP,
		LAB_BACKING_GUEST_MEMFD};
	(void)state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_true(pages_known(all[i]));
		assert_int_equal(pages_by_name(pages_name(all[i])), all[i]);
		assert_non_null(strstr(pages_names(), pages_name(all[i])));
	}
	assert_false(pages_known(0));
	assert_false(pages_known(UINT32_MAX));
	assert_int_equal(pages_by_name(""), 0);
	assert_int_equal(pages_by_name("unknown"), 0);
	assert_true(pages_lockable(LAB_BACKING_THP));
	assert_false(pages_lockable(LAB_BACKING_HUGETLB));
	assert_false(pages_lockable(LAB_BACKING_GUEST_MEMFD));
}

/* KiB after `key` of the mapping that begins at `at`, by the kernel. */
static long smaps(const void *at, const char *key)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	char line[256], begins[32];
	long kib = -1;
	bool within = false;

	assert_non_null(file);
	snprintf(begins, sizeof(begins), "%lx-", (unsigned long)at);
	while (kib < 0 && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, begins, strlen(begins)) == 0)
			within = true;
		else if (within && strncmp(line, key, strlen(key)) == 0)
			kib = strtol(line + strlen(key), NULL, 10);
	}
	fclose(file);
	return kib;
}

/* As a VMM maps a lease: aligned, and all at once. */
static uint8_t *map_as_vmm(int fd)
{
	uint8_t *room = mmap(NULL, 2 * LAB_EXTENT_SIZE, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t at = ((uintptr_t)room + LAB_EXTENT_SIZE - 1) &
		       ~(uintptr_t)(LAB_EXTENT_SIZE - 1);

	assert_ptr_not_equal(room, MAP_FAILED);
	uint8_t *pages =
		mmap((void *)at, LAB_EXTENT_SIZE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);
	assert_ptr_equal(pages, (void *)at);
	return pages;
}

/* Seen from outside the code that sees to it. */
static void a_transparent_lease_is_one_page(void **state)
{
	(void)state;

	for (int round = 0; round < 4; round++) {
		int fd = backing_create(LAB_BACKING_THP, "test");
		struct stat stat;
		if (fd < 0)
			fail_msg("no transparent huge page: %s", strerror(-fd));
		assert_int_equal(fstat(fd, &stat), 0);
		assert_int_equal(stat.st_blocks * 512, LAB_EXTENT_SIZE);
		uint8_t *pages = map_as_vmm(fd);
		assert_int_equal(smaps(pages, "ShmemPmdMapped:"), 2048);
		assert_zero(pages);
		munmap(pages, LAB_EXTENT_SIZE);
		close(fd);
	}
}

static void small_pages_are_no_large_one(void **state)
{
	int fd = backing_create(LAB_BACKING_SHMEM, "test");
	(void)state;

	assert_true(fd >= 0);
	uint8_t *pages = map_as_vmm(fd);
	assert_int_equal(smaps(pages, "Rss:"), 2048);
	assert_int_equal(numa_node_of(pages) >= 0, 1);
	munmap(pages, LAB_EXTENT_SIZE);
	close(fd);
}

static void a_lease_lies_on_its_node(void **state)
{
	static const enum lab_backing both[] = {LAB_BACKING_SHMEM,
						LAB_BACKING_THP};
	struct err err = {.text = ""};
	(void)state;

	assert_int_equal(numa_check(0, &err), 0);
	for (size_t i = 0; i < 2; i++) {
		int fd = backing_create_on(0, both[i], "test");
		assert_true(fd >= 0);
		uint8_t *pages = map_as_vmm(fd);
		assert_int_equal(numa_node_of(pages), 0);
		munmap(pages, LAB_EXTENT_SIZE);
		close(fd);
	}
}

static void a_node_that_is_not_there(void **state)
{
	struct pool_spec spec = asked("far=4M,node=1023,backing=shmem");
	struct pool *pool = NULL;
	struct err err = {.text = ""};
	(void)state;

	assert_int_equal(pool_new(&pool, &spec, &err), -ENOENT);
	assert_string_equal(err.text,
			    "pool far: the host has no NUMA node 1023");
	assert_null(pool);
	assert_true(backing_create_on(1023, LAB_BACKING_SHMEM, "test") < 0);
	/* And what this thread allocates next is nowhere in particular. */
	int fd = backing_create(LAB_BACKING_SHMEM, "test");
	assert_true(fd >= 0);
	close(fd);
}

/* More than any machine has, of each kind, and of one node. */
static void shortage_names_the_numbers(void **state)
{
	struct err err = {.text = ""};
	(void)state;

	assert_int_equal(
		backing_check(LAB_BACKING_THP, 1ull << 40, NUMA_ANY, &err),
		-ENOMEM);
	assert_said(&err, "MiB available");
	assert_int_equal(backing_check(LAB_BACKING_SHMEM, 1ull << 40, 0, &err),
			 -ENOMEM);
	assert_said(&err, "needed on NUMA node 0, the host has");
	assert_int_equal(
		backing_check(LAB_BACKING_HUGETLB, 1ull << 40, 0, &err),
		-ENOMEM);
	assert_said(&err, "huge pages of 2 MiB are needed on NUMA node 0");
	assert_int_equal(backing_check(LAB_BACKING_THP, 1, NUMA_ANY, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_is_asked_for),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(names_lead_back),
		cmocka_unit_test(a_transparent_lease_is_one_page),
		cmocka_unit_test(small_pages_are_no_large_one),
		cmocka_unit_test(a_lease_lies_on_its_node),
		cmocka_unit_test(a_node_that_is_not_there),
		cmocka_unit_test(shortage_names_the_numbers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
