/* SPDX-License-Identifier: MIT */
/* A broker ends and another adopts its guests; or refuses what is not so. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <sys/resource.h>

#include "adopt-support.h"
#include "broker/command.h"
#include "broker/adopt.h"
#include "broker/journal.h"

/* What of a ledger a guest and a viewer can tell. */
struct book {
	uint64_t ids[POOL_LEASES];
	uint32_t owners[POOL_LEASES];
	uint32_t leased, promised, guaranteed;
};

static struct book copy_book(const struct fixture *f)
{
	struct book book = {.leased = state_count(f, EXTENT_LEASED),
			    .promised = ledger_promised(f->ledger),
			    .guaranteed = ledger_guaranteed(f->ledger)};

	for (uint32_t i = 0; i < POOL_LEASES; i++) {
		book.ids[i] = ledger_lease_id(f->ledger, i);
		book.owners[i] = ledger_owner(f->ledger, i);
	}
	return book;
}

static void assert_book(const struct fixture *f, const struct book *before)
{
	struct book now = copy_book(f);

	assert_memory_equal(&now, before, sizeof(now));
}

static const struct guest *guest_named(const struct fixture *f,
				       const char *name)
{
	const struct guest *g = broker_registry(f->broker)->first;

	while (g != NULL && strcmp(g->name, name) != 0)
		g = g->next;
	return g;
}

/* What comes back */

static void everything_is_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);
	struct vmm *two = start_guest(f, 1, "two", 3, 3, 1);
	/* Round the pool, so that some have been leased twice. */
	for (uint32_t i = 0; i < POOL_LEASES; i++) {
		tell(one, RETURN, 0);
		assert_int_equal(tell(one, GET, 0), 0);
	}
	until_blank(f, POOL_LEASES - 4);
	struct book before = copy_book(f);
	struct guest was = *guest_named(f, "two");

	restart_broker(f);
	assert_book(f, &before); /* before they come */
	assert_int_equal(state_count(f, EXTENT_BLANK), POOL_LEASES - 4);
	assert_null(guest_named(f, "two")->session);
	assert_int_equal(tell(one, REJOIN, 0), 3);
	assert_int_equal(tell(two, REJOIN, 0), 1);
	assert_book(f, &before); /* and after */
	const struct guest *is = guest_named(f, "two");
	assert_int_equal(is->id, was.id);
	assert_int_equal(is->pid, was.pid);
	assert_int_equal(is->memory, was.memory);
	assert_memory_equal(is->uuid, was.uuid, sizeof(was.uuid));

	/* The broker can do all that it could. */
	assert_int_equal(tell(one, WHOLE, 0), 3);
	assert_int_equal(tell(one, RETURN, 0), 0);
	assert_int_equal(tell(two, GET, 0), 0);
	assert_int_equal(tell(two, GET, 0), 0);
	assert_int_equal(tell(two, GET, 0), -EDQUOT);
	assert_int_equal(state_count(f, EXTENT_LEASED), 5);
	struct account *account = &((struct guest *)is)->account;
	pool_revoke(is->pool, account->leases.first, account);
	assert_int_equal(tell(two, WHOLE, 0), 2);
}

/* A limit that was moved stays where it is, also below what is held. */
static void a_moved_limit_is_kept(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 4);
	struct registry *registry = broker_registry(f->broker);
	struct err err;

	assert_int_equal(
		command_limit(registry, guest_named(f, "one")->id, 3, &err), 0);
	restart_broker(f);
	assert_int_equal(guest_named(f, "one")->account.limit, 3);
	assert_int_equal(tell(one, REJOIN, 0), 4);
	assert_int_equal(guest_named(f, "one")->account.limit, 3);
	assert_int_equal(guest_named(f, "one")->account.maximum, 4);
	assert_int_equal(tell(one, GET, 0), -EDQUOT);
}

static void again_and_again(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);
	struct book before = copy_book(f);

	for (int i = 0; i < 5; i++) {
		restart_broker(f);
		assert_book(f, &before);
	}
	assert_int_equal(tell(one, REJOIN, 0), 3);
	for (int i = 0; i < 5; i++) {
		restart_broker(f);
		assert_int_equal(tell(one, REJOIN, 0), 3);
		assert_book(f, &before);
	}
	/* A guest that comes later has a number that none had. */
	uint32_t id = guest_named(f, "one")->id;
	start_guest(f, 1, "two", 1, 1, 0);
	assert_true(guest_named(f, "two")->id > id);
}

/* A broker that can open no file cannot see who lives; nobody is dead by that.
 */
static void who_cannot_be_seen_is_not_dead(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);
	struct registry *registry;
	struct rlimit files, none;

	restart_broker(f);
	registry = broker_registry(f->broker);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	none = files;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	size_t awaited = adopt_settle(registry, false);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(awaited, 1);
	assert_int_equal(tell(one, REJOIN, 0), 3);
}

static void what_was_let_go_meanwhile_is_taken_back(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 4);

	end_broker(f);
	tell(one, UNMAP, 0);
	start_broker(f);
	assert_int_equal(state_count(f, EXTENT_LEASED), 4);
	tell(one, UNMAP, 0); /* found at the start, and gone since */
	assert_int_equal(tell(one, REJOIN, 0), 2);
	until_blank(f, POOL_LEASES - 2);
	assert_int_equal(tell(one, WHOLE, 0), 2);
}

static void what_is_promised_is_lent_to_nobody(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 5, 6, 2);

	restart_broker(f);
	struct vmm *two = start_vmm(f, 1, "two", 4, 4);
	assert_int_equal(tell(two, HELLO, 0), -ENOMEM);
	kill_vmm(two);
	two = start_guest(f, 1, "two", 1, 8, 3);
	assert_int_equal(tell(two, GET, 0), -ENOMEM);
	assert_int_equal(tell(one, REJOIN, 0), 2);
	for (int i = 0; i < 3; i++)
		assert_int_equal(tell(one, GET, 0), 0);
}

/* What does not */

static void who_ended_meanwhile_holds_nothing(void **state)
{
	struct fixture *f = *state;

	start_guest(f, 0, "one", 2, 4, 3);
	start_guest(f, 1, "two", 2, 4, 2);
	end_broker(f);
	kill_vmm(&f->vmms[0]);
	start_broker(f);
	assert_null(guest_named(f, "one"));
	assert_int_equal(state_count(f, EXTENT_BLANK), POOL_LEASES - 2);
	kill_vmm(&f->vmms[1]); /* awaited, and seen to be gone */
	until_blank(f, POOL_LEASES);
	assert_null(guest_named(f, "two"));
}

static void who_does_not_come_is_cut_off(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);

	f->await = 0;
	restart_broker(f);
	until_blank(f, POOL_LEASES);
	assert_int_equal(tell(one, WHOLE, 0), 0);
	assert_int_equal(tell(one, REJOIN, 0), -ESTALE);
	assert_int_equal(tell(one, HELLO, 0), 0); /* from the beginning */
}

static void what_is_on_its_way_stays_its_own(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 2);

	tell(one, ASK, 0);
	while (state_count(f, EXTENT_LEASED) < 3)
		assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
	f->await = 0;
	restart_broker(f);
	until_blank(f, POOL_LEASES - 1);
	assert_int_equal(state_count(f, EXTENT_LEASED), 1);
	assert_int_equal(tell(one, WHOLE, 0), 0);

	/* What the dead broker sent arrives; so it is found, and cut off. */
	assert_int_equal(tell(one, GET, 0), 0);
	until_blank(f, POOL_LEASES);
	assert_int_equal(tell(one, WHOLE, 0), 0);
	assert_int_equal(tell(one, REJOIN, 0), -ESTALE);
}

static void what_was_not_found_ends_with_its_process(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);

	end_broker(f);
	tell(one, UNMAP, 0);
	f->await = 0;
	start_broker(f);
	until_blank(f, POOL_LEASES - 1);
	assert_int_equal(tell(one, REJOIN, 0), -ESTALE);
	assert_int_equal(state_count(f, EXTENT_LEASED), 1);
	kill_vmm(one);
	until_blank(f, POOL_LEASES);
}

static void who_was_being_taken_back_is(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);
	const struct guest *guest = guest_named(f, "one");

	/* Killed just when it had begun with it. */
	journal_ending(pool_journal(guest->pool), guest->slot);
	restart_broker(f);
	assert_null(guest_named(f, "one"));
	assert_int_equal(state_count(f, EXTENT_BLANK), POOL_LEASES);
	assert_int_equal(tell(one, WHOLE, 0), 0);
}

static void half_a_revocation_is_finished(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);
	const struct guest *guest = guest_named(f, "one");

	/* Killed between the cut and the note of it. */
	assert_int_equal(
		ftruncate(pool_file(guest->pool, guest->account.leases.last),
			  0),
		0);
	restart_broker(f);
	assert_int_equal(tell(one, REJOIN, 0), 2);
	until_blank(f, POOL_LEASES - 2);
}

static void a_file_of_its_own_is_no_proof(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);

	end_broker(f);
	assert_int_equal(tell(one, FORGE, 0), 0);
	start_broker(f);
	assert_int_equal(tell(one, REJOIN, 0), 2);
	until_blank(f, POOL_LEASES - 2);
	assert_int_equal(tell(one, WHOLE, 0), 3); /* what it forged is its */
}

static void a_shrunk_file_is_no_lease(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);

	if (pool_backing(guest_named(f, "one")->pool) == LAB_BACKING_HUGETLB)
		return; /* the kernel has no half of a huge page */
	end_broker(f);
	assert_int_equal(tell(one, SHRINK, 0), 0);
	assert_int_equal(tell(one, WHOLE, 0), 3);
	start_broker(f);
	assert_int_equal(tell(one, REJOIN, 0), 2);
	assert_int_equal(tell(one, WHOLE, 0), 2); /* and what was left is cut */
}

/*
 * A guest that hinders the next broker to look, until it is told to stop: it is
 * refused meanwhile, loses nothing, and keeps nobody waiting.
 */
static void hinder(struct fixture *f, enum order begin, int number,
		   enum order end)
{
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);
	struct vmm *two = start_guest(f, 1, "two", 1, 4, 1);

	end_broker(f);
	assert_int_equal(tell(one, begin, number), 0);
	start_broker(f);
	assert_int_equal(tell(two, REJOIN, 0), 1);
	assert_int_equal(tell(one, REJOIN, 0), -EACCES);
	assert_int_equal(state_count(f, EXTENT_LEASED), 4);
	assert_int_equal(tell(one, end, 0), 0);
	assert_int_equal(tell(one, REJOIN, 0), 3);
}

/* Nobody can open its file. */
static void a_fenced_file_is_no_proof_yet(void **state)
{
	hinder(*state, FENCE, 0, UNFENCE);
}

/* There is too much to look through. */
static void a_cluttered_process_proves_nothing(void **state)
{
	hinder(*state, CLUTTER, CLUTTERED, CLUTTER);
}

static void anothers_leases_are_not_given(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);
	struct vmm *two = start_guest(f, 1, "two", 1, 8, 1);

	assert_int_equal(tell(two, STEAL, one->pid), 3);
	end_broker(f);
	tell(one, UNMAP, 0);
	start_broker(f);
	assert_int_equal(tell(two, REJOIN, 0), 1);
	assert_int_equal(tell(one, REJOIN, 0), 2);
	assert_int_equal(guest_named(f, "two")->account.held, 1);
	until_blank(f, POOL_LEASES - 3);
	/* What its owner let go of is cut from the thief as well. */
	assert_int_equal(tell(two, SPOIL, 0), 2);
}

/* Who may not */

static void a_name_is_its_process_only(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);
	struct book before = copy_book(f);

	restart_broker(f);
	struct vmm *liar = start_vmm(f, 1, "one", 2, 4);
	assert_int_equal(tell(liar, STEAL, one->pid), 3);
	assert_int_equal(tell(liar, REJOIN, 0), -EPERM);
	assert_int_equal(tell(liar, HELLO, 0), -EEXIST);
	struct vmm *stranger = start_vmm(f, 2, "stranger", 2, 4);
	assert_int_equal(tell(stranger, REJOIN, 0), -ESTALE);
	assert_book(f, &before);
	assert_int_equal(tell(one, REJOIN, 0), 3);
}

static void its_terms_are_those_of_before(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);
	struct vmm *two = start_guest(f, 1, "two", 1, 4, 1);

	restart_broker(f);
	tell(one, GROW, 0);
	assert_int_equal(tell(one, REJOIN, 0), -EPERM);
	tell(two, SPLIT, 0);
	assert_int_equal(tell(two, REJOIN, 0), -EPERM);
	tell(two, RENAME, 0);
	assert_int_equal(tell(two, REJOIN, 0), -ESTALE);
	assert_int_equal(state_count(f, EXTENT_LEASED), 4);
	assert_int_equal(guest_named(f, "two")->cpus, 2);
}

static void once_is_enough(void **state)
{
	struct fixture *f = *state;
	struct vmm *one = start_guest(f, 0, "one", 2, 4, 3);

	assert_int_equal(tell(one, AGAIN, 0), -EEXIST); /* nobody had ended */
	restart_broker(f);
	assert_int_equal(tell(one, REJOIN, 0), 3);
	assert_int_equal(tell(one, AGAIN, 0), -EEXIST);
	assert_int_equal(tell(one, GET, 0), 0);
}

static void a_journal_that_cannot_be_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err;

	start_guest(f, 0, "one", 2, 4, 3);
	const struct guest *guest = guest_named(f, "one");
	struct journal *journal = pool_journal(guest->pool);
	struct journal_guest twin = *journal_guest(journal, guest->slot);
	twin.id++;
	int slot = journal_admit(journal, &twin);
	assert_true(slot > 0);
	end_broker(f);
	assert_int_equal(try_start(f, &err), -1);
	assert_said(&err, "journal of pool pool: guest 2 cannot be");
	/* Nothing is lost by it. */
	journal = pool_journal(broker_registry(f->broker)->pools[0]);
	journal_dismiss(journal, (uint32_t)slot);
	restart_broker(f);
	assert_int_equal(tell(&f->vmms[0], REJOIN, 0), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_is_as_it_was),
		TEST(a_moved_limit_is_kept),
		TEST(again_and_again),
		TEST(who_cannot_be_seen_is_not_dead),
		TEST(what_was_let_go_meanwhile_is_taken_back),
		TEST(what_is_promised_is_lent_to_nobody),
		TEST(who_ended_meanwhile_holds_nothing),
		TEST(who_does_not_come_is_cut_off),
		TEST(what_is_on_its_way_stays_its_own),
		TEST(what_was_not_found_ends_with_its_process),
		TEST(who_was_being_taken_back_is),
		TEST(half_a_revocation_is_finished),
		TEST(a_file_of_its_own_is_no_proof),
		TEST(a_shrunk_file_is_no_lease),
		TEST(a_fenced_file_is_no_proof_yet),
		TEST(a_cluttered_process_proves_nothing),
		TEST(anothers_leases_are_not_given),
		TEST(a_name_is_its_process_only),
		TEST(its_terms_are_those_of_before),
		TEST(once_is_enough),
		TEST(a_journal_that_cannot_be_is_refused),
	};

	if (geteuid() != 0) {
		puts("1..0 # SKIP only root may look into a process");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
