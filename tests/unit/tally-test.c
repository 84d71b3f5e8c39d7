/* SPDX-License-Identifier: MIT */
/*
 * The page in which a VMM counts what its guest does: what it makes, what the
 * broker takes, and what the broker does not.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "broker/snapshot.h"
#include "broker/tally.h"
#include "hcall/tally.h"
#include "share/share.h"
#include "session-support.h"

#define WINDOW 3 /* extents */

static struct tally make(void)
{
	struct tally tally;
	struct err err;

	assert_int_equal(tally_open(&tally, share_bytes(WINDOW), &err), 0);
	return tally;
}

/* A HELLO with a file, or without (-1); the broker's answer is not read. */
static bool hello_with(struct fixture *f, uint32_t flags, int fd)
{
	struct peer *peer = &f->peers[0];
	struct lab_lease_msg m = hello(peer, "guest", 1, 1, 1);

	m.hello.flags = flags;
	assert_int_equal(fd_send(peer->socket, &m, sizeof(m), fd, 0), 0);
	return session_receive(peer->session, f->now);
}

static void counts_by_context(void **state)
{
	struct lab_tally t = {0};

	(void)state;
	tally_granted(&t, LAB_GFP_ATOMIC | LAB_GFP_ZERO, 1);
	tally_granted(&t, LAB_GFP_NOWAIT, 20);
	tally_granted(&t, LAB_GFP_KERNEL | LAB_GFP_NORETRY, 300);
	tally_failed(&t, LAB_GFP_ATOMIC | LAB_GFP_NOWARN);
	tally_failed(&t, LAB_GFP_NOWAIT);
	tally_failed(&t, LAB_GFP_NOWAIT);
	tally_failed(&t, LAB_GFP_KERNEL);
	assert_int_equal(t.grants_atomic, 1);
	assert_int_equal(t.grants_nowait, 20);
	assert_int_equal(t.grants_kernel, 300);
	assert_int_equal(tally_grants(&t), 321);
	assert_int_equal(t.failed_atomic, 1);
	assert_int_equal(t.failed_nowait, 2);
	assert_int_equal(t.failed_kernel, 1);
	assert_int_equal(tally_failures(&t), 4);
}

static void only_who_made_it_writes(void **state)
{
	struct tally tally = make();
	uint64_t word = 1;

	(void)state;
	assert_ptr_equal(mmap(NULL, LAB_TALLY_BYTES, PROT_READ | PROT_WRITE,
			      MAP_SHARED, tally.fd, 0),
			 MAP_FAILED);
	assert_int_equal(pwrite(tally.fd, &word, sizeof(word), 0), -1);
	assert_int_equal(ftruncate(tally.fd, 0), -1);
	assert_int_equal(tally.page->calls, 0);
	tally_close(&tally);
	assert_int_equal(tally.fd, -1);
}

static void what_is_counted_is_seen_at_once(void **state)
{
	struct fixture *f = *state;
	struct tally tally = make();

	tally.page->grants_atomic = 7;
	assert_true(hello_with(f, LAB_HELLO_TALLY, tally.fd));
	received(&f->peers[0], NULL);
	tally.page->level = 2;
	tally.page->failed_atomic = UINT64_MAX;
	struct view *view = snapshot_take(&f->registry);
	assert_non_null(view);
	assert_true(view->guests[0].has_tally);
	assert_memory_equal(&view->guests[0].tally.counts, tally.page,
			    sizeof(*tally.page));
	assert_int_equal(view->guests[0].vcpus[0].slow, 0);
	view_free(view);
	/* Nothing of a guest that is gone is needed any more. */
	tally_close(&tally);
}

/* What a guest does by itself is added, and believed as far as it can be. */
static void the_table_is_seen_as_well(void **state)
{
	static const struct {
		int64_t unused, shut, leases;
		uint64_t granted, free;
	} rows[] = {
		{100, 0, 1, 412, 100},
		{100, 12, 1, 400, 100},
		/* It holds one lease: all else is nonsense. */
		{-1, -1, 1, 512, 0},
		{600, 0, 1, 0, 512},
		{INT64_MAX, INT64_MAX, INT64_MAX, 0, 512},
		{INT64_MIN, INT64_MIN, INT64_MIN, 0, 0},
		{0, 0, INT64_MAX, 512, 0},
	};
	struct fixture *f = *state;
	struct tally tally = make();
	struct lab_share *head = tally.table;
	struct lab_share_cpu *line =
		(void *)((uint8_t *)tally.table + LAB_SHARE_CPUS);

	assert_true(hello_with(f, LAB_HELLO_TALLY, tally.fd));
	received(&f->peers[0], NULL);
	lease(&f->peers[0], NULL);
	tally.page->grants_atomic = 7;
	tally.cpus[0] = (struct lab_tally_cpu){1, 2, 3, 4};
	line[0].grants[0] = 10;
	line[0].grants[2] = 20;
	line[0].releases = 30;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		head->unused = rows[i].unused;
		head->shut = rows[i].shut;
		head->leases = rows[i].leases;
		struct view *view = snapshot_take(&f->registry);
		assert_non_null(view);
		const struct view_guest *guest = &view->guests[0];
		assert_int_equal(guest->tally.counts.grants_atomic, 17);
		assert_int_equal(guest->tally.counts.grants_kernel, 20);
		assert_int_equal(guest->tally.counts.releases, 30);
		if (guest->tally.pages_granted != rows[i].granted ||
		    guest->tally.pages_free != rows[i].free)
			fail_msg("row %zu", i);
		assert_int_equal(guest->vcpus[0].fast, 30);
		assert_int_equal(guest->vcpus[0].slow, 1);
		assert_int_equal(guest->vcpus[0].failed, 2);
		assert_int_equal(guest->vcpus[0].refilled, 3);
		assert_int_equal(guest->vcpus[0].reclaimed, 4);
		view_free(view);
	}
	tally_close(&tally);
}

static void a_guest_may_do_without(void **state)
{
	struct fixture *f = *state;

	assert_true(hello_with(f, 0, -1));
	received(&f->peers[0], NULL);
	struct view *view = snapshot_take(&f->registry);
	assert_non_null(view);
	assert_false(view->guests[0].has_tally);
	assert_int_equal(view->guests[0].tally.counts.calls, 0);
	view_free(view);
}

/* A memory file of so many bytes, with these seals. */
static int file_of(off_t bytes, int seals)
{
	int fd = memfd_create("tally", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, bytes), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void refuses_what_could_fail_under_it(void **state)
{
	struct fixture *f = *state;
	int unsealed = file_of(LAB_TALLY_BYTES, F_SEAL_GROW);
	int bad[] = {
		-1, /* none at all */
		unsealed,
		file_of(LAB_TALLY_BYTES - 1, F_SEAL_SHRINK),
		file_of(0, F_SEAL_SHRINK),
		open("/dev/null", O_RDONLY | O_CLOEXEC),
		open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(hello_with(f, LAB_HELLO_TALLY, bad[i]));
		struct lab_lease_msg m = received(&f->peers[0], NULL);
		assert_int_equal(m.type, LAB_LEASE_REFUSED);
		assert_int_equal(m.refused.error, EINVAL);
		assert_non_null(strstr(m.refused.text, "tally"));
		assert_null(session_guest(f->peers[0].session));
		if (bad[i] >= 0)
			close(bad[i]);
	}
	assert_int_equal(ledger_guaranteed(f->ledger), 0);
}

static void keeps_no_descriptor_of_it(void **state)
{
	struct fixture *f = *state;
	struct tally tally = make();
	int mark = dup(0);

	close(mark);
	assert_true(hello_with(f, LAB_HELLO_TALLY, tally.fd));
	received(&f->peers[0], NULL);
	int same = dup(0);
	close(same);
	assert_int_equal(same, mark);
	tally_close(&tally);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_by_context),
		cmocka_unit_test(only_who_made_it_writes),
		TEST(what_is_counted_is_seen_at_once),
		TEST(the_table_is_seen_as_well),
		TEST(a_guest_may_do_without),
		TEST(refuses_what_could_fail_under_it),
		TEST(keeps_no_descriptor_of_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
