/* SPDX-License-Identifier: MIT */
/* hcall/failure: which failures are logged, what of them, and how many. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <labyrinth/hypercall.h>

#include "base/log.h"
#include "hcall/failure.h"

#define FAILURE_LINE "page allocation failure: "

static const struct failure atomic = {
	.gfp = LAB_GFP_ATOMIC,
	.order = 3,
	.count = 2,
	.free = 96,
	.min = 256,
	.leases = 7,
	.limit = 12,
};

/* Standard error goes here while a test looks at it. */
static int saved, said;

static int listen(void **state)
{
	(void)state;
	saved = dup(STDERR_FILENO);
	said = memfd_create("said", 0);
	log_init("labyrinth");
	return saved < 0 || said < 0 || dup2(said, STDERR_FILENO) < 0;
}

static int listen_no_more(void **state)
{
	(void)state;
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(said);
	return 0;
}

/* What was said since the last look. */
static const char *heard(void)
{
	static char text[8192];
	ssize_t bytes = pread(said, text, sizeof(text) - 1, 0);

	assert_true(bytes >= 0);
	text[bytes] = '\0';
	assert_int_equal(ftruncate(said, 0), 0);
	assert_int_equal(lseek(said, 0, SEEK_SET), 0);
	return text;
}

static unsigned int lines_of(const char *text, const char *part)
{
	unsigned int count = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		count++;
	return count;
}

static void who_is_logged(void **state)
{
	(void)state;
	assert_true(failure_counts(LAB_GFP_ATOMIC));
	assert_true(failure_counts(LAB_GFP_KERNEL));
	assert_true(failure_counts(LAB_GFP_KERNEL | LAB_GFP_NORETRY));
	assert_true(failure_counts(LAB_GFP_ATOMIC | LAB_GFP_ZERO));
	assert_false(failure_counts(LAB_GFP_NOWAIT));
	assert_false(failure_counts(LAB_GFP_ATOMIC | LAB_GFP_NOWARN));
	assert_false(failure_counts(LAB_GFP_KERNEL | LAB_GFP_NOWARN));
}

static void says_what_was_wanted_and_what_was_there(void **state)
{
	struct failure_log log = {0};
	struct failure kernel = atomic;

	(void)state;
	failure_say(&log, &atomic, "ada", 1000);
	assert_string_equal(heard(),
			    "labyrinth: guest `ada`: " FAILURE_LINE
			    "2 of order 3, mode 0x1 (GFP_ATOMIC): 96 pages "
			    "free, min 256, 7 of 12 leases\n");
	kernel.gfp = LAB_GFP_KERNEL | LAB_GFP_NORETRY;
	failure_say(&log, &kernel, "ada", 1000);
	assert_int_equal(lines_of(heard(), "mode 0x404 (GFP_KERNEL)"), 1);
}

/* So many failures, 1 ms apart. */
static void fail_often(struct failure_log *log, unsigned int count,
		       uint64_t now)
{
	for (unsigned int i = 0; i < count; i++)
		failure_say(log, &atomic, "ada", now + i);
}

static void ten_in_five_seconds(void **state)
{
	struct failure_log log = {0};
	const char *text;

	(void)state;
	fail_often(&log, 25, 1000);
	text = heard();
	assert_int_equal(lines_of(text, FAILURE_LINE), 10);
	assert_int_equal(lines_of(text, "\n"), 10);
	/* The 5 seconds begin with the first of them. */
	failure_say(&log, &atomic, "ada", 5999);
	assert_string_equal(heard(), "");
	failure_say(&log, &atomic, "ada", 6000);
	text = heard();
	assert_int_equal(lines_of(text, "guest `ada`: 16 failures more\n"), 1);
	assert_int_equal(lines_of(text, FAILURE_LINE), 1);
	/* And ten more; what was said once is not said again. */
	fail_often(&log, 9, 6001);
	assert_int_equal(lines_of(heard(), FAILURE_LINE), 9);
	failure_say(&log, &atomic, "ada", 6010);
	assert_string_equal(heard(), "");
}

/* Failures that nobody looked at in time are counted with the rest. */
static void none_is_lost(void **state)
{
	struct failure_log log = {0};
	struct failure failure = atomic;

	(void)state;
	failure.more = 4;
	failure_say(&log, &failure, "ada", 1000);
	failure_say(&log, &failure, "ada", 1001);
	assert_int_equal(lines_of(heard(), FAILURE_LINE), 2);
	failure_end(&log, "ada");
	assert_string_equal(heard(), "labyrinth: guest `ada`: 8 failures "
				     "more\n");
	failure_end(&log, "ada");
	assert_string_equal(heard(), "");
}

static void nothing_more_nothing_said(void **state)
{
	struct failure_log log = {0};

	(void)state;
	failure_say(&log, &atomic, "ada", 1000);
	failure_say(&log, &atomic, "ada", 7000);
	failure_end(&log, "ada");
	assert_int_equal(lines_of(heard(), "\n"), 2);
}

#define LISTENING(test) \
	cmocka_unit_test_setup_teardown(test, listen, listen_no_more)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_logged),
		LISTENING(says_what_was_wanted_and_what_was_there),
		LISTENING(ten_in_five_seconds),
		LISTENING(none_is_lost),
		LISTENING(nothing_more_nothing_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
