/* SPDX-License-Identifier: MIT */
/* machine/memory and machine/gpa: what is mapped, and the one door to it. */
#include <config.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>

#include <labyrinth/hypercall.h>

#include "machine/gpa.h"
#include "machine/memory.h"
#include "mem/window.h"

#define RAM    2
#define WINDOW 3

struct fixture {
	struct memory memory;
	struct window window;
	void *table;
};

static struct lease make_lease(uint64_t id)
{
	struct lease lease = {.id = id, .backing = LAB_BACKING_SHMEM};

	lease.fd = memfd_create("lease", MFD_CLOEXEC);
	assert_true(lease.fd >= 0);
	assert_int_equal(ftruncate(lease.fd, LAB_EXTENT_SIZE), 0);
	return lease;
}

static void map(struct fixture *f, uint32_t extent, uint64_t id)
{
	struct lease lease = make_lease(id);
	struct err err;

	assert_int_equal(memory_map(&f->memory, extent, &lease, &err), 0);
	assert_int_equal(lease.fd, -1);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err;

	assert_non_null(f);
	assert_int_equal(memory_reserve(&f->memory, RAM, WINDOW, &err), 0);
	f->table = aligned_alloc(LAB_PAGE_SIZE, share_bytes(WINDOW));
	assert_non_null(f->table);
	memset(f->table, 0, share_bytes(WINDOW));
	assert_int_equal(
		window_init(&f->window, f->table, WINDOW, &(struct reserve){0}),
		0);
	map(f, 0, 10);
	map(f, 1, 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	memory_free(&f->memory);
	window_fini(&f->window);
	free(f->table);
	free(f);
	return 0;
}

/* Does a read of this address end a process with SIGSEGV? */
static int unreadable(const uint8_t *at)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		signal(SIGSEGV, SIG_DFL); /* cmocka catches it */
		*(volatile const uint8_t *)at;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	/* A sanitizer makes an exit of it. */
	return WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
}

static void test_map(void **state)
{
	struct fixture *f = *state;
	struct memory *m = &f->memory;

	assert_int_equal((uintptr_t)m->base % LAB_EXTENT_SIZE, 0);
	assert_true(memory_present(m, 0));
	assert_true(memory_present(m, 1)); /* id 0 is an id */
	assert_false(memory_present(m, 2));
	assert_false(memory_present(m, RAM + WINDOW));
	assert_int_equal(memory_lease(m, 0), 10);
	assert_int_equal(memory_lease(m, 1), 0);
	assert_int_equal(m->held, 2);
	memory_extent(m, 1)[LAB_EXTENT_SIZE - 1] = 7;
	assert_true(unreadable(memory_extent(m, 2)));
	assert_int_equal(memory_unmap(m, 1), 0);
	assert_int_equal(m->held, 1);
	assert_true(unreadable(memory_extent(m, 1)));
}

/* The flags that the kernel shows for the mapping that begins at `at`. */
static void flags_of(const uint8_t *at, char flags[512])
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	char line[512];
	int ours = 0;

	assert_non_null(smaps);
	flags[0] = '\0';
	while (fgets(line, sizeof(line), smaps) != NULL) {
		unsigned long from, to;
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			ours = from == (unsigned long)at;
		else if (ours && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(flags, 512, "%s", line);
	}
	fclose(smaps);
}

/* Contract 2: shared, never inherited, never dumped, never swapped. */
static void test_private(void **state)
{
	struct fixture *f = *state;
	char flags[512];

	flags_of(memory_extent(&f->memory, 0), flags);
	assert_non_null(strstr(flags, " sh")); /* shared */
	assert_non_null(strstr(flags, " dc")); /* not across fork */
	assert_non_null(strstr(flags, " dd")); /* not in a core dump */
	assert_non_null(strstr(flags, " lo")); /* locked */
}

static void test_map_failure(void **state)
{
	struct fixture *f = *state;
	struct lease lease = {.id = 1, .fd = 1000000};
	struct err err;

	assert_true(memory_map(&f->memory, 3, &lease, &err) < 0);
	assert_false(memory_present(&f->memory, 3));
	assert_int_equal(f->memory.held, 2);
	assert_true(unreadable(memory_extent(&f->memory, 3)));
}

static void test_door_ram(void **state)
{
	struct fixture *f = *state;
	const struct memory *m = &f->memory;
	const uint64_t end = RAM * LAB_EXTENT_SIZE;

	assert_ptr_equal(gpa_to_host(m, &f->window, 0, 1), m->base);
	assert_ptr_equal(gpa_to_host(m, &f->window, 0, end), m->base);
	assert_ptr_equal(gpa_to_host(m, &f->window, end - 1, 1),
			 m->base + end - 1);
	assert_null(gpa_to_host(m, &f->window, 0, 0));
	assert_null(gpa_to_host(m, &f->window, end - 1, 2));
	assert_null(gpa_to_host(m, &f->window, end, 1));
	assert_null(gpa_to_host(m, &f->window, 0, UINT64_MAX));
	assert_null(gpa_to_host(m, &f->window, UINT64_MAX, 1));
	assert_null(gpa_to_host(m, &f->window, UINT64_MAX, 2));
}

static void test_door_window(void **state)
{
	struct fixture *f = *state;
	const struct memory *m = &f->memory;
	uint32_t page;

	assert_null(gpa_to_host(m, &f->window, LAB_WINDOW_BASE, 1));
	map(f, memory_window_extent(m, 0), 5);
	window_add(&f->window, 0);
	/* A lease alone is no grant. */
	assert_null(gpa_to_host(m, &f->window, LAB_WINDOW_BASE, 1));
	assert_int_equal(window_grant(&f->window, 1, 1, 0, &page), 0);
	uint64_t gpa = gpa_of_page(page);
	uint8_t *host = gpa_page_host(m, page);
	assert_ptr_equal(gpa_to_host(m, &f->window, gpa, 2 * LAB_PAGE_SIZE),
			 host);
	assert_ptr_equal(host, memory_extent(m, RAM) +
				       (uint64_t)page * LAB_PAGE_SIZE);
	/* One byte more, or one less at the front: not all granted. */
	assert_null(gpa_to_host(m, &f->window, gpa, 2 * LAB_PAGE_SIZE + 1));
	assert_null(gpa_to_host(m, &f->window, LAB_WINDOW_BASE - 1, 2));
}

static void test_page(void **state)
{
	struct fixture *f = *state;
	const struct memory *m = &f->memory;
	const uint64_t end = LAB_WINDOW_BASE + WINDOW * LAB_EXTENT_SIZE;

	assert_int_equal(gpa_to_page(m, LAB_WINDOW_BASE), 0);
	assert_int_equal(gpa_to_page(m, end - 1),
			 WINDOW * LAB_EXTENT_PAGES - 1);
	assert_int_equal(gpa_to_page(m, end), -ENXIO);
	assert_int_equal(gpa_to_page(m, LAB_WINDOW_BASE - 1), -ENXIO);
	assert_int_equal(gpa_to_page(m, 0), -ENXIO);
	assert_int_equal(gpa_to_page(m, UINT64_MAX), -ENXIO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_map),		TEST(test_private),
		TEST(test_map_failure), TEST(test_door_ram),
		TEST(test_door_window), TEST(test_page),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
