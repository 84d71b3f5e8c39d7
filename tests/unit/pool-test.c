/* SPDX-License-Identifier: MIT */
/* Pools: what a lease's file is, and what is left of it afterwards. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "broker-support.h"
#include "broker/backing.h"

struct fixture {
	struct pool *pool;
	struct ledger *ledger;
	struct account account;
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct err err;

	fixture.pool = make_pool("test", 4);
	fixture.ledger = pool_ledger(fixture.pool);
	*state = &fixture;
	return ledger_admit(fixture.ledger, &fixture.account, 1, 4, 4, &err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_valid(f->ledger);
	pool_free(f->pool);
	return 0;
}

static ino_t inode(int fd)
{
	struct stat stat;

	assert_int_equal(fstat(fd, &stat), 0);
	return stat.st_ino;
}

static void starts_blank(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ledger_count(f->ledger, EXTENT_BLANK), 4);
	assert_string_equal(pool_name(f->pool), "test");
	assert_false(pool_ailing(f->pool));
	assert_false(pool_scrub(f->pool));
}

static void a_lease_is_sealed(void **state)
{
	struct fixture *f = *state;
	int fd = pool_file(f->pool, pool_lease(f->pool, &f->account));
	struct stat stat;
	int sealed = F_SEAL_GROW | F_SEAL_SEAL;

	int seals = fcntl(fd, F_GET_SEALS);
	assert_int_equal(seals & (sealed | F_SEAL_SHRINK | F_SEAL_WRITE),
			 sealed);
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(stat.st_size, LAB_EXTENT_SIZE);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(ftruncate(fd, 2 * LAB_EXTENT_SIZE), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), -1);
	assert_int_equal(errno, EPERM);
}

/*
 * Resident: the kernel has each page of it, zeroed. (Of a huge page, mincore()
 * says only whether this process has touched it; st_blocks says that it is
 * there.)
 */
static void a_lease_is_zeroed_and_resident(void **state)
{
	struct fixture *f = *state;
	int fd = pool_file(f->pool, pool_lease(f->pool, &f->account));
	uint8_t *pages = map_lease(fd);
	unsigned char there[LAB_EXTENT_PAGES];
	struct stat stat;

	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(stat.st_blocks * 512, LAB_EXTENT_SIZE);
	assert_int_equal(mincore(pages, LAB_EXTENT_SIZE, there), 0);
	for (int i = 0;
	     i < LAB_EXTENT_PAGES && pool_backing(f->pool) == LAB_BACKING_SHMEM;
	     i++)
		assert_int_equal(there[i] & 1, 1);
	assert_zero(pages);
	munmap(pages, LAB_EXTENT_SIZE);
}

static void touch(void *page)
{
	*(volatile uint8_t *)page;
}

static void revoked_is_gone(void **state)
{
	struct fixture *f = *state;
	uint32_t extent = pool_lease(f->pool, &f->account);
	int owners = dup(pool_file(f->pool, extent));
	uint8_t *pages = map_lease(owners);

	memset(pages, 0xa5, LAB_EXTENT_SIZE);
	assert_int_equal(signal_of(touch, pages), 0);
	pool_revoke(f->pool, extent, &f->account);
	assert_int_equal(ledger_state(f->ledger, extent), EXTENT_DIRTY);
	assert_int_equal(f->account.held, 0);
	assert_int_equal(signal_of(touch, pages), SIGBUS);
	assert_int_equal(signal_of(touch, pages + LAB_EXTENT_SIZE - 1), SIGBUS);

	/* The last owner kept its descriptor; it is good for nothing. */
	assert_int_equal(ftruncate(owners, LAB_EXTENT_SIZE), -1);
	assert_int_equal(pwrite(owners, "x", 1, 0), -1);
	assert_int_equal(fallocate(owners, 0, 0, 4096), -1);
	munmap(pages, LAB_EXTENT_SIZE);
	close(owners);
}

static void scrubbed_is_fresh(void **state)
{
	struct fixture *f = *state;
	uint32_t extent = pool_lease(f->pool, &f->account);
	int owners = dup(pool_file(f->pool, extent));
	uint8_t *pages = map_lease(owners);

	memset(pages, 0xa5, LAB_EXTENT_SIZE);
	pool_revoke(f->pool, extent, &f->account);
	assert_true(pool_scrub(f->pool));
	assert_int_equal(ledger_state(f->ledger, extent), EXTENT_BLANK);
	assert_int_not_equal(inode(owners), inode(pool_file(f->pool, extent)));
	assert_int_equal(signal_of(touch, pages), SIGBUS);
	munmap(pages, LAB_EXTENT_SIZE);
	close(owners);

	while (pool_lease(f->pool, &f->account) != extent)
		;
	pages = map_lease(pool_file(f->pool, extent));
	assert_zero(pages);
	munmap(pages, LAB_EXTENT_SIZE);
}

static void revokes_all(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 4; i++)
		pool_lease(f->pool, &f->account);
	pool_revoke_all(f->pool, &f->account);
	assert_int_equal(f->account.held, 0);
	assert_int_equal(ledger_count(f->ledger, EXTENT_DIRTY), 4);
	for (int i = 0; i < 4; i++)
		assert_true(pool_scrub(f->pool));
	assert_int_equal(ledger_count(f->ledger, EXTENT_BLANK), 4);
}

/* No descriptor, no fresh file: stands for any way of running short. */
static void short_of_memory(void **state)
{
	struct fixture *f = *state;
	struct rlimit limit, none;

	pool_lease(f->pool, &f->account);
	pool_lease(f->pool, &f->account);
	pool_revoke_all(f->pool, &f->account);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_true(pool_scrub(f->pool));
	assert_true(pool_scrub(f->pool));
	assert_int_equal(ledger_count(f->ledger, EXTENT_WITHDRAWN), 2);
	assert_true(pool_ailing(f->pool));
	assert_valid(f->ledger);
	pool_retry(f->pool);
	assert_true(pool_scrub(f->pool));
	assert_int_equal(ledger_count(f->ledger, EXTENT_WITHDRAWN), 2);

	/* It is there again: one retry brings all of it back. */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	pool_retry(f->pool);
	while (pool_scrub(f->pool))
		assert_valid(f->ledger);
	assert_int_equal(ledger_count(f->ledger, EXTENT_BLANK), 4);
	assert_false(pool_ailing(f->pool));
}

static uint32_t settle(const struct fixture *f)
{
	uint32_t steps = 0;

	for (; pool_scrub(f->pool); steps++)
		assert_valid(f->ledger);
	return steps;
}

static void resize(const struct fixture *f, uint32_t size)
{
	struct err err = {.text = ""};

	if (pool_resize(f->pool, size, &err) < 0)
		fail_msg("%s", err.text);
}

static uint32_t count(const struct fixture *f, enum extent_state state)
{
	return ledger_count(f->ledger, state);
}

static void grows_a_lease_at_a_time(void **state)
{
	struct fixture *f = *state;

	resize(f, 9);
	/* Nothing was allocated for it yet but the books. */
	assert_int_equal(count(f, EXTENT_BLANK), 4);
	assert_int_equal(count(f, EXTENT_DIRTY), 1);
	assert_true(pool_scrub(f->pool));
	assert_int_equal(count(f, EXTENT_BLANK), 5);
	assert_int_equal(settle(f), 4);
	assert_int_equal(count(f, EXTENT_BLANK), 9);
	assert_false(pool_ailing(f->pool));
	assert_int_equal(pool_shortage(f->pool)->marks.high,
			 watermark_for(9).high);
	uint8_t *pages = map_lease(pool_file(f->pool, 8));
	assert_zero(pages);
	munmap(pages, LAB_EXTENT_SIZE);
}

static void shrinks_and_lets_memory_go(void **state)
{
	struct fixture *f = *state;
	struct account other;
	struct err err;

	resize(f, 8);
	settle(f);
	assert_int_equal(pool_resize(f->pool, 3, &err), -EBUSY);
	assert_said(&err, "pool test: 4 leases are promised to its guests");
	resize(f, 5);
	assert_int_equal(settle(f), 3);
	assert_int_equal(count(f, EXTENT_BLANK), 5);
	assert_int_equal(count(f, EXTENT_WITHDRAWN), 3);
	assert_int_equal(pool_file(f->pool, 0), -1); /* longest blank */
	assert_false(pool_ailing(f->pool));
	assert_int_equal(ledger_admit(f->ledger, &other, 2, 1, 5, &err), 0);
	for (int i = 0; i < 4; i++)
		pool_lease(f->pool, &f->account);
	pool_lease(f->pool, &other);

	/* What is withdrawn comes back first, and no record is added. */
	resize(f, 7);
	assert_int_equal(settle(f), 2);
	assert_int_equal(ledger_total(f->ledger), 8);
	assert_int_equal(count(f, EXTENT_BLANK), 2);
	pool_lease(f->pool, &other);
	pool_lease(f->pool, &other);
	resize(f, 5);
	assert_int_equal(settle(f), 0); /* all of it is lent */
	pool_revoke(f->pool, other.leases.last, &other);
	assert_int_equal(settle(f), 1);
	assert_int_equal(count(f, EXTENT_WITHDRAWN), 2);
	pool_revoke_all(f->pool, &other);
	assert_int_equal(settle(f), 2); /* one withdrawn, one scrubbed */
	assert_int_equal(count(f, EXTENT_BLANK), 1);
	assert_int_equal(count(f, EXTENT_WITHDRAWN), 3);
	ledger_dismiss(f->ledger, &other);
}

static void no_size_for_a_pool(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_int_equal(pool_resize(f->pool, 0, &err), -EINVAL);
	assert_int_equal(pool_resize(f->pool, POOL_LEASES_MAX + 1, &err),
			 -EINVAL);
	assert_int_equal(pool_resize(f->pool, POOL_LEASES_MAX, &err), -ENOMEM);
	assert_said(&err, "pool test: 2129"); /* MiB; 2 TiB, less 4 leases */
	assert_int_equal(ledger_total(f->ledger), 4);
	assert_false(pool_scrub(f->pool));
}

/* The memory goes to others while it grows: what came stays. */
static void grows_as_far_as_there_is(void **state)
{
	struct fixture *f = *state;
	struct rlimit limit, few;

	resize(f, 6);
	assert_true(pool_scrub(f->pool));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	few.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	settle(f);
	assert_int_equal(count(f, EXTENT_BLANK), 5);
	assert_int_equal(ledger_missing(f->ledger), 1);
	assert_true(pool_ailing(f->pool));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	pool_retry(f->pool);
	settle(f);
	assert_int_equal(count(f, EXTENT_BLANK), 6);
}

static void freed_pool_leaves_guests_alone(void **state)
{
	struct pool *pool = make_pool("other", 1);
	struct account account;
	struct err err;
	(void)state;

	assert_int_equal(
		ledger_admit(pool_ledger(pool), &account, 1, 1, 1, &err), 0);
	uint8_t *pages = map_lease(pool_file(pool, pool_lease(pool, &account)));
	pages[0] = 7;
	pool_free(pool);
	assert_int_equal(pages[0], 7);
	munmap(pages, LAB_EXTENT_SIZE);
}

/* A pool that a broker left with a guest in it, as another one asks for it. */
static int reopen_as(const char *dir, enum lab_backing backing, bool bound,
		     uint32_t leases, struct pool **pool, struct err *err)
{
	const struct pool_spec spec = {.name = "kept",
				       .leases = leases,
				       .backing = backing,
				       .bound = bound};

	return pool_open(pool, &spec, dir, err);
}

static void what_guests_hold_is_not_made_anew(void **state)
{
	const struct journal_guest guest = {
		.id = 1, .guarantee = 1, .limit = 1, .name = "guest"};
	char dir[] = "/tmp/labyrinth-XXXXXX", path[64];
	struct pool *pool = NULL;
	struct err err = {.text = ""};
	(void)state;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/kept.ledger", dir);
	assert_int_equal(
		reopen_as(dir, LAB_BACKING_SHMEM, true, 2, &pool, &err), 0);
	assert_int_equal(journal_admit(pool_journal(pool), &guest), 0);
	pool_free(pool);
	assert_int_equal(reopen_as(dir, LAB_BACKING_THP, true, 2, &pool, &err),
			 -EBUSY);
	assert_said(&err, "pool kept is of 4 KiB pages (shmem)");
	assert_int_equal(
		reopen_as(dir, LAB_BACKING_SHMEM, false, 2, &pool, &err),
		-EBUSY);
	/* Whatever is best now, it is what it was; and may have another size.
	 */
	assert_int_equal(
		reopen_as(dir, (enum lab_backing)0, true, 3, &pool, &err), 0);
	assert_int_equal(pool_backing(pool), LAB_BACKING_SHMEM);
	assert_int_equal(pool_node(pool), 0);
	assert_int_equal(ledger_size(pool_ledger(pool)), 3);
	pool_free(pool);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void shortage_is_a_sentence(void **state)
{
	struct pool_spec spec = {.name = "huge",
				 .leases = POOL_LEASES_MAX,
				 .backing = LAB_BACKING_HUGETLB};
	struct pool *pool = NULL;
	struct err err;
	(void)state;

	assert_int_equal(pool_new(&pool, &spec, &err), -ENOMEM);
	assert_said(&err, "pool huge: 1048576 huge pages of 2 MiB are needed");
	/* More than any machine has. */
	assert_int_equal(
		backing_check(LAB_BACKING_SHMEM, 1ull << 40, NUMA_ANY, &err),
		-ENOMEM);
	assert_said(&err, "MiB available");
	assert_int_equal(backing_reserve_descriptors(1ull << 40, &err),
			 -EMFILE);
	assert_said(&err, "1099511627776 files must be open");
	spec.leases = POOL_LEASES_MAX + 1;
	assert_int_equal(pool_new(&pool, &spec, &err), -EINVAL);
	spec.leases = 0;
	assert_int_equal(pool_new(&pool, &spec, &err), -EINVAL);
	assert_null(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(starts_blank, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lease_is_sealed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_lease_is_zeroed_and_resident,
						setup, teardown),
		cmocka_unit_test_setup_teardown(revoked_is_gone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(scrubbed_is_fresh, setup,
						teardown),
		cmocka_unit_test_setup_teardown(revokes_all, setup, teardown),
		cmocka_unit_test_setup_teardown(short_of_memory, setup,
						teardown),
		cmocka_unit_test_setup_teardown(grows_a_lease_at_a_time, setup,
						teardown),
		cmocka_unit_test_setup_teardown(shrinks_and_lets_memory_go,
						setup, teardown),
		cmocka_unit_test_setup_teardown(no_size_for_a_pool, setup,
						teardown),
		cmocka_unit_test_setup_teardown(grows_as_far_as_there_is, setup,
						teardown),
		cmocka_unit_test(freed_pool_leaves_guests_alone),
		cmocka_unit_test(what_guests_hold_is_not_made_anew),
		cmocka_unit_test(shortage_is_a_sentence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
