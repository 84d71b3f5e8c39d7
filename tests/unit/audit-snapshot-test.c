/* SPDX-License-Identifier: MIT */
/* What the broker says is checked before it is walked, and found again. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>

#include "audit-support.h"

static void finds_by_file(void **state)
{
	struct ledger_file file = ledger_file();
	struct snapshot s = take(&file);
	(void)state;

	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(snapshot_find(&s, DEVICE, INODE + i), i);
	assert_int_equal(snapshot_find(&s, DEVICE + 1, INODE), SNAPSHOT_NONE);
	assert_int_equal(snapshot_find(&s, DEVICE, INODE + 5), SNAPSHOT_NONE);
	assert_int_equal(snapshot_find(&s, 0, 0), SNAPSHOT_NONE);
	snapshot_free(&s);
}

static void finds_guests_in_any_order(void **state)
{
	struct ledger_file file = ledger_file();
	struct snapshot s = take(&file);
	(void)state;

	assert_string_equal(snapshot_guest(&s, 7)->name, "ada");
	assert_string_equal(snapshot_guest(&s, 3)->name, "bob");
	assert_null(snapshot_guest(&s, 4));
	assert_null(snapshot_guest(&s, 0));
	assert_string_equal(snapshot_guest_of(&s, BOB)->name, "bob");
	assert_null(snapshot_guest_of(&s, BROKER));
	snapshot_free(&s);
}

static void knows_places(void **state)
{
	struct ledger_file file = ledger_file();
	struct snapshot s = take(&file);
	(void)state;

	assert_int_equal(snapshot_place(&s, 3).pool, 0);
	assert_int_equal(snapshot_place(&s, 3).extent, 3);
	assert_int_equal(snapshot_place(&s, 4).pool, 1);
	assert_int_equal(snapshot_place(&s, 4).extent, 0);
	snapshot_free(&s);
}

static void one_pool_alone(void **state)
{
	struct ledger_file file = ledger_file();
	struct snapshot s;
	struct err err;
	(void)state;

	assert_int_equal(take_file(&s, &file, sizeof(file), "two", &err), 0);
	assert_int_equal(s.first, 4);
	assert_int_equal(s.end, 6);
	assert_false(snapshot_covers(&s, 0));
	assert_true(snapshot_covers(&s, 1));
	assert_int_equal(snapshot_find(&s, DEVICE, INODE), SNAPSHOT_NONE);
	assert_int_equal(snapshot_find(&s, DEVICE, INODE + 4), 4);
	snapshot_free(&s);
	assert_int_equal(take_file(&s, &file, sizeof(file), "three", &err),
			 -ENOENT);
	assert_null(s.bytes);
}

static void no_pool_at_all(void **state)
{
	const struct lab_audit empty = {.magic = LAB_AUDIT_MAGIC,
					.version = LAB_AUDIT_VERSION,
					.bytes = sizeof(empty)};
	struct snapshot s;
	struct err err;
	(void)state;

	void *copy = malloc(sizeof(empty));
	memcpy(copy, &empty, sizeof(empty));
	assert_int_equal(snapshot_take(&s, copy, sizeof(empty), NULL, &err), 0);
	assert_int_equal(snapshot_find(&s, 1, 1), SNAPSHOT_NONE);
	snapshot_free(&s);
}

/* Each a file that no broker writes. */
static void magic(struct ledger_file *f)
{
	f->header.magic++;
}
static void version(struct ledger_file *f)
{
	f->header.version++;
}
static void length(struct ledger_file *f)
{
	f->header.bytes--;
}
static void many_pools(struct ledger_file *f)
{
	f->header.pools = UINT32_MAX;
}
static void more_pools(struct ledger_file *f)
{
	f->header.pools++;
}
static void many_guests(struct ledger_file *f)
{
	f->header.guests = UINT32_MAX;
}
static void many_extents(struct ledger_file *f)
{
	f->header.extents = UINT64_MAX / 32 + 7;
}
static void larger_pool(struct ledger_file *f)
{
	f->pools[0].total++;
}
static void pool_name(struct ledger_file *f)
{
	memset(f->pools[1].name, 'x', LAB_NAME_MAX);
}
static void guest_name(struct ledger_file *f)
{
	memset(f->guests[1].name, 'x', LAB_NAME_MAX);
}
static void guest_pool(struct ledger_file *f)
{
	f->guests[1].pool = 2;
}
static void extent_state(struct ledger_file *f)
{
	f->extents[5].state = LAB_EXTENT_STATES;
}

static void refuses_nonsense(void **state)
{
	static void (*const spoil[])(struct ledger_file *) = {
		magic,	    version,	 length,       many_pools,
		more_pools, many_guests, many_extents, larger_pool,
		pool_name,  guest_name,	 guest_pool,   extent_state,
	};
	struct snapshot s;
	(void)state;

	for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
		struct ledger_file file = ledger_file();
		struct err err = {.text = ""};
		spoil[i](&file);
		int r = take_file(&s, &file, sizeof(file), NULL, &err);
		if (r != -EPROTO && r != -EPROTONOSUPPORT)
			fail_msg("%zu: taken, or refused with %d", i, r);
		assert_int_not_equal(err.text[0], '\0');
		assert_null(s.bytes);
	}
}

static void refuses_a_cut_file(void **state)
{
	struct ledger_file file = ledger_file();
	struct snapshot s;
	struct err err;
	(void)state;

	for (size_t bytes = 0; bytes < sizeof(file); bytes += 4)
		assert_int_equal(take_file(&s, &file, bytes, NULL, &err),
				 -EPROTO);
	assert_int_equal(take_file(&s, &file, sizeof(file) + 8, NULL, &err),
			 -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_by_file),
		cmocka_unit_test(finds_guests_in_any_order),
		cmocka_unit_test(knows_places),
		cmocka_unit_test(one_pool_alone),
		cmocka_unit_test(no_pool_at_all),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(refuses_a_cut_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
