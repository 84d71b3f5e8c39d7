/* SPDX-License-Identifier: MIT */
/* The journal: what it keeps, what it believes, and its writer's death. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#include "broker-support.h"
#include "broker/journal.h"
#include "broker/process.h"

#define LEASES 4

struct fixture {
	char path[40];
	struct journal *journal;
};

static int open_as(struct fixture *f, const char *pool, uint32_t leases,
		   struct err *err)
{
	return journal_open(&f->journal, f->path, pool, leases,
			    LAB_BACKING_SHMEM, err);
}

static void reopen(struct fixture *f)
{
	struct err err = {.text = ""};

	journal_close(f->journal);
	if (open_as(f, "pool", LEASES, &err) < 0)
		fail_msg("%s", err.text);
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct err err;

	strcpy(fixture.path, "/tmp/labyrinth-XXXXXX");
	close(mkstemp(fixture.path));
	*state = &fixture;
	return open_as(&fixture, "pool", LEASES, &err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	journal_close(f->journal);
	unlink(f->path);
	return 0;
}

static struct journal_guest guest(uint32_t id, const char *name)
{
	struct journal_guest g = {.id = id,
				  .pid = 1000 + (int32_t)id,
				  .start = id * UINT64_C(10000000000),
				  .cpus = 1,
				  .memory = 1,
				  .guarantee = 2,
				  .limit = 3};

	strcpy(g.name, name);
	return g;
}

static void keeps_what_it_is_told(void **state)
{
	struct fixture *f = *state;
	struct journal_guest one = guest(7, "one"), two = guest(9, "two");

	assert_int_equal(journal_admit(f->journal, &one), 0);
	assert_int_equal(journal_admit(f->journal, &two), 1);
	journal_file(f->journal, 3, 5, UINT64_C(0x100000002));
	journal_lend(f->journal, 3, 41, 9);
	journal_file(f->journal, 0, 5, 6);
	journal_lend(f->journal, 0, 8, 7);
	journal_unlend(f->journal, 0);
	journal_ending(f->journal, 0);
	reopen(f);
	assert_int_equal(journal_last_id(f->journal), 9);
	assert_int_equal(journal_backing(f->journal), LAB_BACKING_SHMEM);
	one.ending = 1;
	assert_memory_equal(journal_guest(f->journal, 0), &one, sizeof(one));
	assert_memory_equal(journal_guest(f->journal, 1), &two, sizeof(two));
	assert_null(journal_guest(f->journal, 2));
	const struct journal_lease *lease = journal_lease(f->journal, 3);
	assert_int_equal(lease->device, 5);
	assert_int_equal(lease->inode, UINT64_C(0x100000002));
	assert_int_equal(lease->generation, 41);
	assert_int_equal(lease->owner, 9);
	/* Who owned it is forgotten, its generation is not. */
	assert_int_equal(journal_lease(f->journal, 0)->owner, 0);
	assert_int_equal(journal_lease(f->journal, 0)->generation, 8);
}

static void is_for_root_alone(void **state)
{
	struct fixture *f = *state;
	struct stat stat;

	journal_close(f->journal); /* without a guest: removed */
	f->journal = NULL;
	assert_int_equal(lstat(f->path, &stat), -1);
	reopen(f);
	assert_int_equal(lstat(f->path, &stat), 0);
	assert_int_equal(stat.st_mode & 0777, 0600);
}

static void a_slot_is_used_again(void **state)
{
	struct fixture *f = *state;

	for (uint32_t id = 1; id <= 50; id++) {
		struct journal_guest g = guest(id, "guest");
		assert_int_equal(journal_admit(f->journal, &g), 0);
		journal_ending(f->journal, 0);
		journal_dismiss(f->journal, 0);
	}
	for (uint32_t id = 51; id < 51 + JOURNAL_GUESTS_MAX; id++) {
		struct journal_guest g = guest(id, "guest");
		assert_int_equal(journal_admit(f->journal, &g), id - 51);
		assert_int_equal(journal_guest(f->journal, id - 51)->ending, 0);
	}
	struct journal_guest more = guest(9999, "more");
	assert_int_equal(journal_admit(f->journal, &more), -ENOSPC);
}

static void without_a_guest_it_begins_anew(void **state)
{
	struct fixture *f = *state;
	struct journal_guest g = guest(3, "guest");
	struct err err = {.text = ""};

	assert_int_equal(journal_admit(f->journal, &g), 0);
	journal_lend(f->journal, 1, 5, 3);
	journal_dismiss(f->journal, 0);
	/* As a killed broker leaves it: not even closed. Its mapping is of a
	 * file cut to nothing. */
	static struct journal *killed;
	killed = f->journal;
	if (open_as(f, "pool", LEASES * 2, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(journal_lease(f->journal, 1)->generation, 0);
	assert_int_equal(journal_total(f->journal), LEASES * 2);
	assert_false(journal_kept(f->journal));
	assert_ptr_not_equal(f->journal, killed);
}

static void assert_sizes(const struct fixture *f, uint32_t total, uint32_t size)
{
	assert_int_equal(journal_total(f->journal), total);
	assert_int_equal(journal_size(f->journal), size);
}

static void resize(struct fixture *f, uint32_t size)
{
	struct err err = {.text = ""};

	if (journal_resize(f->journal, size, &err) < 0)
		fail_msg("%s", err.text);
}

static void a_change_of_size_lasts(void **state)
{
	struct fixture *f = *state;
	struct journal_guest g = guest(1, "guest");

	assert_int_equal(journal_admit(f->journal, &g), 0);
	journal_lend(f->journal, 3, 8, 1);
	resize(f, 3000);
	assert_sizes(f, 3000, 3000);
	journal_file(f->journal, 2999, 5, 6);
	journal_lend(f->journal, 2999, 7, 1);
	reopen(f); /* with the size that was asked for in the first place */
	assert_true(journal_kept(f->journal));
	assert_sizes(f, 3000, 3000);
	assert_int_equal(journal_lease(f->journal, 3)->generation, 8);
	assert_int_equal(journal_lease(f->journal, 2999)->owner, 1);
	/* Fewer: what is leased beyond stays known. */
	resize(f, 2);
	reopen(f);
	assert_sizes(f, 3000, 2);
	assert_int_equal(journal_lease(f->journal, 2999)->owner, 1);
	/* Without a guest only the size stays. */
	journal_dismiss(f->journal, 0);
	reopen(f);
	assert_false(journal_kept(f->journal));
	assert_sizes(f, 2, 2);
	resize(f, LEASES);
	journal_close(f->journal);
	f->journal = NULL;
	assert_int_equal(access(f->path, F_OK), -1);
}

static void another_size_is_a_change(void **state)
{
	struct fixture *f = *state;
	struct journal_guest g = guest(1, "guest");
	struct err err = {.text = ""};

	assert_int_equal(journal_admit(f->journal, &g), 0);
	resize(f, 9);
	journal_close(f->journal);
	assert_int_equal(open_as(f, "pool", LEASES + 1, &err), 0);
	assert_non_null(journal_guest(f->journal, 0));
	assert_sizes(f, 9, LEASES + 1);
	journal_close(f->journal);
	assert_int_equal(open_as(f, "pool", 20, &err), 0);
	assert_sizes(f, 20, 20);
	assert_int_equal(journal_lease(f->journal, 19)->owner, 0);
}

/* A broker ends, and leaves a journal with one guest. */
static void leave_a_guest(struct fixture *f)
{
	struct journal_guest g = guest(1, "guest");

	journal_admit(f->journal, &g);
	journal_close(f->journal);
	f->journal = NULL;
}

static void nonsense_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err;

	leave_a_guest(f);
	assert_int_equal(open_as(f, "loop", LEASES, &err), -EUCLEAN);
	assert_int_equal(truncate(f->path, 4096), 0);
	assert_int_equal(open_as(f, "pool", LEASES, &err), -EUCLEAN);
	assert_said(&err, f->path);
	int fd = open(f->path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "something else", 14), 14);
	close(fd);
	assert_int_equal(open_as(f, "pool", LEASES, &err), -EUCLEAN);
	/* Killed before there was a journal: as if it had not begun. */
	assert_int_equal(truncate(f->path, 0), 0);
	assert_int_equal(truncate(f->path, 4096), 0);
	assert_int_equal(open_as(f, "pool", LEASES, &err), 0);
}

/* To look for guests in a full /run must not take memory that is not there. */
static void guests_that_are_not_take_no_room(void **state)
{
	struct fixture f = {.path = "/dev/shm/labyrinth-XXXXXX"};
	struct journal_guest one = guest(1, "one");
	struct stat status;
	struct err err;

	(void)state;
	close(mkstemp(f.path));
	assert_int_equal(open_as(&f, "pool", LEASES, &err), 0);
	assert_int_equal(journal_admit(f.journal, &one), 0);
	reopen(&f);
	assert_non_null(journal_guest(f.journal, 0));
	for (uint32_t slot = 1; slot < JOURNAL_GUESTS_MAX; slot++)
		assert_null(journal_guest(f.journal, slot));
	assert_int_equal(stat(f.path, &status), 0);
	/* The header, one page of guests, one of extents. */
	assert_int_equal(status.st_blocks * 512, 3 * 4096);
	journal_dismiss(f.journal, 0);
	journal_close(f.journal);
}

/* What the child below writes; what it has said it did is in `told`. */
static void live(struct journal *journal, volatile int *told)
{
	struct journal_guest g = guest(21, "a-guest-with-a-name");

	int slot = journal_admit(journal, &g);
	*told = 1;
	journal_file(journal, 2, 77, 78);
	journal_lend(journal, 2, 5, 21);
	*told = 2;
	journal_unlend(journal, 2);
	journal_file(journal, 2, 77, 79);
	journal_lend(journal, 2, 6, 21);
	*told = 3;
	journal_ending(journal, (uint32_t)slot);
	journal_unlend(journal, 2);
	journal_dismiss(journal, (uint32_t)slot);
	*told = 4;
}

/* Killed here, would the next broker be misled? */
static void check(const struct journal *journal, int told)
{
	const struct journal_guest *g = journal_guest(journal, 0);
	const struct journal_lease *lease = journal_lease(journal, 2);
	struct journal_guest whole = guest(21, "a-guest-with-a-name");

	if (g != NULL) {
		whole.ending = told == 3 ? g->ending : 0;
		assert_memory_equal(g, &whole, sizeof(whole));
		assert_int_equal(journal_last_id(journal), 21);
	}
	assert_true(told == 0 || told >= 3 || g != NULL);
	if (lease->owner != 0) {
		assert_non_null(g);
		assert_int_equal(lease->owner, 21);
		assert_int_equal(lease->device, 77);
		assert_int_equal(lease->inode, 73 + lease->generation);
	}
	/* What was handed over is known. */
	if (told == 4)
		assert_null(g);
}

static void dies_at_any_instruction(void **state)
{
	struct fixture *f = *state;
	volatile int *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0, steps = 0, held = 0;
	struct journal_guest before = guest(20, "who-was-there-before");

	/* So that we, who look on, know of the place. */
	journal_dismiss(f->journal,
			(uint32_t)journal_admit(f->journal, &before));
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		live(f->journal, told);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	while (WIFSTOPPED(status)) {
		check(f->journal, *told);
		held += journal_lease(f->journal, 2)->owner != 0;
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL),
				 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		steps++;
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(*told, 4);
	assert_true(steps > 100 && held > 10);
	munmap((void *)told, 4096);
}

/* The process that a guest is known by */

static void a_process_is_told_by_its_start(void **state)
{
	(void)state;
	uint64_t own = process_start(getpid());
	assert_true(own > 0);
	assert_true(own >= process_start(getppid()));
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT),
			 0);
	assert_int_equal(process_start(child), 0); /* not yet reaped */
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(process_start(child), 0);
	assert_int_equal(process_start(0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_what_it_is_told),
		TEST(is_for_root_alone),
		TEST(a_slot_is_used_again),
		TEST(without_a_guest_it_begins_anew),
		TEST(a_change_of_size_lasts),
		TEST(another_size_is_a_change),
		TEST(nonsense_is_refused),
		cmocka_unit_test(guests_that_are_not_take_no_room),
		TEST(dies_at_any_instruction),
		cmocka_unit_test(a_process_is_told_by_its_start),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
