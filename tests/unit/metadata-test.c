/* SPDX-License-Identifier: MIT */
/*
 * What the host keeps for each GiB of a pool: at most 64 KiB, its journal
 * included. What a VMM keeps for each GiB of its window counts with it, but for
 * the table, which is the guest's own memory as well, and said beside it. The
 * kernel's part is not ours to shrink.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/pool.h"
#include "machine/memory.h"
#include "mem/window.h"

#define EXTENTS_OF_GIB 512
#define GIB_OF_POOL    1024 /* 1 TiB */
#define EXTENTS	       (GIB_OF_POOL * EXTENTS_OF_GIB)
#define MOST	       (64 * 1024)

/* Every byte that is asked of libc, by the linker's --wrap. */
static size_t asked;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__real_realloc(void *at, size_t bytes);
void *__wrap_realloc(void *at, size_t bytes);

void *__wrap_malloc(size_t bytes)
{
	asked += bytes;
	return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	asked += count * bytes;
	return __real_calloc(count, bytes);
}

/* As if nothing were given back: more, if anything. */
void *__wrap_realloc(void *at, size_t bytes)
{
	asked += bytes;
	return __real_realloc(at, bytes);
}

static size_t broker_bytes(void)
{
	struct pool_spec spec = {.name = "pool",
				 .leases = EXTENTS,
				 .backing = LAB_BACKING_SHMEM};
	char dir[] = "/tmp/labyrinth-XXXXXX";
	struct pool *pool = NULL;
	struct err err = {.text = ""};

	assert_non_null(mkdtemp(dir));
	asked = 0;
	if (pool_open(&pool, &spec, dir, &err) < 0)
		fail_msg("%s", err.text);
	size_t bytes = asked;
	pool_free(pool);
	assert_int_equal(rmdir(dir), 0);
	return bytes;
}

static size_t journal_bytes(void)
{
	char dir[] = "/tmp/labyrinth-XXXXXX", path[64];
	struct journal *journal = NULL;
	struct err err = {.text = ""};
	struct stat stat_of;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/pool.ledger", dir);
	if (journal_open(&journal, path, "pool", EXTENTS, LAB_BACKING_SHMEM,
			 &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(stat(path, &stat_of), 0);
	journal_close(journal);
	assert_int_equal(rmdir(dir), 0);
	return (size_t)stat_of.st_size;
}

/* Of a guest that holds all of it. */
static size_t vmm_bytes(void)
{
	struct memory memory;
	struct window window;
	struct err err = {.text = ""};
	void *table = mmap(NULL, share_bytes(EXTENTS), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(table, MAP_FAILED);
	asked = 0;
	assert_int_equal(
		window_init(&window, table, EXTENTS, &(struct reserve){0}), 0);
	if (memory_reserve(&memory, 1, EXTENTS - 1, &err) < 0)
		fail_msg("%s", err.text);
	size_t bytes = asked;
	memory_free(&memory);
	window_fini(&window);
	munmap(table, share_bytes(EXTENTS));
	return bytes + EXTENTS; /* reasons, once a lease was taken by force */
}

static void the_host_keeps_64_kib_for_each_gib(void **state)
{
	size_t broker = broker_bytes() / GIB_OF_POOL;
	size_t journal = journal_bytes() / GIB_OF_POOL;
	size_t vmm = vmm_bytes() / GIB_OF_POOL;
	(void)state;

	print_message("bytes for each GiB: broker %zu, journal %zu, VMM %zu; "
		      "table %zu\n",
		      broker, journal, vmm,
		      (size_t)share_bytes(EXTENTS) / GIB_OF_POOL);
	assert_true(broker >= EXTENTS_OF_GIB * 4); /* it was counted at all */
	assert_true(vmm >= EXTENTS_OF_GIB * 8);
	assert_true(broker + journal + vmm <= MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_keeps_64_kib_for_each_gib),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
