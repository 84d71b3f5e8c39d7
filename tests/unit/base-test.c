/* SPDX-License-Identifier: MIT */
/* Log lines, errors with a sentence, sizes, descriptors over sockets. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/program.h"
#include "base/size.h"
#include "base/standard.h"

/* Standard files, and lines on them. */

/* What a log line to a pipe looks like, with JOURNAL_STREAM set so. */
static void expect_line(const char *stream, const char *wanted)
{
	char line[64] = "";
	int pipes[2];
	int saved = dup(STDERR_FILENO);

	assert_true(saved >= 0 && setenv("JOURNAL_STREAM", stream, 1) == 0);
	assert_int_equal(pipe(pipes), 0);
	if (*stream == '\0') {
		struct stat status;
		char own[64];
		assert_int_equal(fstat(pipes[1], &status), 0);
		snprintf(own, sizeof(own), "%lu:%lu", status.st_dev,
			 status.st_ino);
		assert_int_equal(setenv("JOURNAL_STREAM", own, 1), 0);
	}
	assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
	log_init("base-test");
	log_warning("a line");
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	assert_true(read(pipes[0], line, sizeof(line) - 1) > 0);
	close(saved);
	close(pipes[0]);
	close(pipes[1]);
	assert_string_equal(line, wanted);
}

static void only_the_journal_gets_priorities(void **state)
{
	(void)state;
	expect_line("", "<4>a line\n");
	expect_line("1:2", "base-test: a line\n");
}

static void closed_standard_files_are_not_reused(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		close(STDIN_FILENO);
		close(STDERR_FILENO);
		standard_prepare();
		int next = open("/dev/null", O_RDONLY);
		bool kept = fcntl(STDIN_FILENO, F_GETFD) >= 0 &&
			    write(STDERR_FILENO, "", 1) == 1;
		_exit(kept && next > STDERR_FILENO ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Errors. */

static void an_error_is_a_code_and_a_sentence(void **state)
{
	struct err err = {.code = 0};

	(void)state;
	assert_int_equal(err_set(&err, ENOENT, "open %s", "x"), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.text, "open x: No such file or directory");
	assert_int_equal(err_wrap(&err, "start %d", 7), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.text,
			    "start 7: open x: No such file or directory");
	assert_int_equal(err_say(&err, E2BIG, "too %s", "much"), -E2BIG);
	assert_int_equal(err.code, E2BIG);
	assert_string_equal(err.text, "too much");
}

static void a_long_sentence_is_cut(void **state)
{
	struct err err;
	char text[2 * sizeof(err.text)];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t length = sizeof(err.text) - 3;
	     length < sizeof(err.text) + 3; length++) {
		size_t kept = sizeof(err.text) - 1;

		err_say(&err, EIO, "%.*s", (int)length, text);
		assert_int_equal(strlen(err.text),
				 length < kept ? length : kept);
		err_set(&err, EIO, "%.*s", (int)length, text);
		assert_int_equal(strlen(err.text), kept);
		assert_int_equal(err_wrap(&err, "%s", "context"), -EIO);
		assert_int_equal(strlen(err.text), kept);
		assert_memory_equal(err.text, "context: a", 10);
		assert_int_equal(err_wrap(&err, "%s", text), -EIO);
		assert_int_equal(strlen(err.text), kept);
	}
}

/* Sizes. */

static void sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{"0", 0},
		{"4096", 4096},
		{"0064", 64},
		{"5B", 5},
		{"64K", 64 << 10},
		{"64k", 64 << 10},
		{"256M", 256 << 20},
		{"256MiB", 256 << 20},
		{"256MB", 256 << 20},
		{"2g", UINT64_C(2) << 30},
		{"1T", UINT64_C(1) << 40},
		{"0T", 0},
		{"18446744073709551615", UINT64_MAX},
		{"16777215T", UINT64_C(16777215) << 40},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct err err = {.text = ""};
		uint64_t bytes = 1;

		if (size_parse(sizes[i].text, &bytes, &err) != 0)
			fail_msg("%s: %s", sizes[i].text, err.text);
		assert_int_equal(bytes, sizes[i].bytes);
	}
}

static void what_is_no_size_is_refused(void **state)
{
	static const struct {
		const char *text;
		int code;
	} wrong[] = {
		{"", EINVAL},
		{"K", EINVAL},
		{"-1", EINVAL},
		{"+1", EINVAL},
		{" 1", EINVAL},
		{"1 ", EINVAL},
		{"1 K", EINVAL},
		{"0x10", EINVAL},
		{"1.5G", EINVAL},
		{"1P", EINVAL},
		{"1KK", EINVAL},
		{"1Ki", EINVAL},
		{"1KiBs", EINVAL},
		{"18446744073709551616", ERANGE},
		{"99999999999999999999999", ERANGE},
		{"16777216T", ERANGE},
		{"17179869184G", ERANGE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct err err = {.text = ""};
		uint64_t bytes = 77;

		if (size_parse(wrong[i].text, &bytes, &err) != -wrong[i].code)
			fail_msg("`%s` is taken", wrong[i].text);
		assert_int_equal(err.code, wrong[i].code);
		assert_non_null(strstr(err.text, wrong[i].text));
		assert_int_equal(bytes, 77);
	}
}

static void leases_are_whole(void **state)
{
	struct err err = {.text = ""};
	uint64_t leases = 77;

	(void)state;
	assert_int_equal(size_parse_leases("256M", &leases, &err), 0);
	assert_int_equal(leases, 128);
	assert_int_equal(size_parse_leases("0", &leases, &err), 0);
	assert_int_equal(leases, 0);
	leases = 77;
	assert_int_equal(size_parse_leases("3M", &leases, &err), -EINVAL);
	assert_non_null(strstr(err.text, "2M"));
	assert_int_equal(size_parse_leases("x", &leases, &err), -EINVAL);
	assert_int_equal(leases, 77);
}

/* Descriptors. */

static int ours = -1;	/* the two ends of a SOCK_SEQPACKET socket */
static int theirs = -1; /* what the other process would hold */
static int before;	/* descriptors open at the start of the test */

static int count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(folder);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static int sockets_setup(void **state)
{
	int pair[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	ours = pair[0];
	theirs = pair[1];
	before = count_descriptors();
	return 0;
}

/* Whatever a test sent and took, nothing may be left open of it. */
static int sockets_teardown(void **state)
{
	int after = count_descriptors();

	(void)state;
	close(ours);
	close(theirs);
	return after == before ? 0 : -1;
}

/* Send a message of 3 bytes with n descriptors in one SCM_RIGHTS. */
static void send_many(size_t n)
{
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control = {.bytes = {0}};
	char text[] = "abc";
	struct iovec iov = {.iov_base = text, .iov_len = 3};
	struct msghdr header = {.msg_iov = &iov,
				.msg_iovlen = 1,
				.msg_control = control.bytes,
				.msg_controllen = CMSG_SPACE(n * sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);

	assert_true(n <= 8);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	for (size_t i = 0; i < n; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &theirs, sizeof(int));
	assert_int_equal(sendmsg(theirs, &header, 0), 3);
}

static void a_descriptor_arrives(void **state)
{
	char message[8];
	struct stat sent;
	struct stat got;
	int fd;

	(void)state;
	cleanup_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(null >= 0);
	assert_int_equal(fd_send(theirs, "abcd", 4, null, 0), 0);
	assert_int_equal(fd_receive(ours, message, 8, &fd, 0), 4);
	assert_memory_equal(message, "abcd", 4);
	cleanup_close int received = fd;
	assert_true(received >= 0);
	assert_int_not_equal(received, null);
	assert_int_equal(fcntl(received, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(null, &sent), 0);
	assert_int_equal(fstat(received, &got), 0);
	assert_int_equal(sent.st_rdev, got.st_rdev);
}

static void a_message_may_come_without(void **state)
{
	char message[4];
	int fd = 99;

	(void)state;
	assert_int_equal(fd_send(theirs, "abcd", 4, -1, 0), 0);
	assert_int_equal(fd_receive(ours, message, 4, &fd, 0), 4);
	assert_int_equal(fd, -1);
	assert_int_equal(fd_send(theirs, "x", 1, -1, 0), 0);
	assert_int_equal(fd_receive(ours, message, 4, NULL, 0), 1);
}

static void a_full_or_empty_socket_does_not_wait(void **state)
{
	char message[4096] = {0};
	int fd = 99;
	int r;

	(void)state;
	assert_int_equal(fd_receive(ours, message, 4, &fd, MSG_DONTWAIT),
			 -EAGAIN);
	assert_int_equal(fd, -1);
	do {
		r = fd_send(theirs, message, sizeof(message), -1, MSG_DONTWAIT);
	} while (r == 0);
	assert_int_equal(r, -EAGAIN);
}

static void an_end_is_told(void **state)
{
	char message[4] = "end";
	int fd = 99;

	(void)state;
	assert_int_equal(shutdown(theirs, SHUT_RDWR), 0);
	assert_int_equal(fd_receive(ours, message, 4, &fd, 0), 0);
	assert_int_equal(fd, -1);
	/* And sending to it is an error. */
	assert_int_equal(fd_send(ours, message, 4, -1, 0), -EPIPE);
}

static void a_message_too_long_is_refused_with_its_descriptor(void **state)
{
	char message[2];
	int fd = 99;

	(void)state;
	assert_int_equal(fd_send(theirs, "abc", 3, theirs, 0), 0);
	assert_int_equal(fd_receive(ours, message, 2, &fd, 0), -EMSGSIZE);
	assert_int_equal(fd, -1);
}

static void a_descriptor_that_nobody_wants_is_closed(void **state)
{
	char message[4];

	(void)state;
	send_many(1);
	assert_int_equal(fd_receive(ours, message, 4, NULL, 0), -EPROTO);
}

static void more_than_one_descriptor_is_refused(void **state)
{
	char message[4];

	(void)state;
	for (size_t n = 2; n <= 8; n++) {
		int fd = 99;

		send_many(n);
		assert_int_equal(fd_receive(ours, message, 4, &fd, 0), -EPROTO);
		assert_int_equal(fd, -1);
		assert_int_equal(count_descriptors(), before);
	}
}

/* SO_PASSCRED makes the kernel itself add control data to each message. */
static void other_control_data_is_refused(void **state)
{
	char message[4];
	int fd = 99;
	int on = 1;

	(void)state;
	assert_int_equal(
		setsockopt(ours, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	assert_int_equal(fd_send(theirs, "abc", 3, -1, 0), 0);
	assert_int_equal(fd_receive(ours, message, 4, &fd, 0), -EPROTO);
	send_many(1);
	assert_int_equal(fd_receive(ours, message, 4, &fd, 0), -EPROTO);
	assert_int_equal(fd, -1);
}

static void what_is_stolen_is_kept(void **state)
{
	int kept;

	(void)state;
	{
		cleanup_close int fd = dup(ours);
		cleanup_close int other = dup(ours);

		assert_true(fd >= 0 && other >= 0);
		kept = steal_fd(&fd);
		assert_int_equal(fd, -1);
	}
	assert_int_equal(count_descriptors(), before + 1);
	assert_int_equal(close(kept), 0);
}

/* Programs */

static void a_program_is_beside_this_one(void **state)
{
	const struct program beside = {"base-test", "LABYRINTH_X", "..", "/x"};
	const struct program above = {"unit", "LABYRINTH_X", "..", "/x"};
	const struct program installed = {"true", "LABYRINTH_X", "..", "/bin"};
	const struct program nowhere = {"no-such", "LABYRINTH_X", "..", "/x"};
	char path[4096];
	struct err err;

	(void)state;
	unsetenv("LABYRINTH_X");
	assert_int_equal(program_find(&beside, path, sizeof(path), &err), 0);
	assert_non_null(strstr(path, "/unit/base-test"));
	assert_int_equal(program_find(&above, path, sizeof(path), &err), 0);
	assert_non_null(strstr(path, "/unit/../unit"));
	assert_int_equal(program_find(&installed, path, sizeof(path), &err), 0);
	assert_string_equal(path, "/bin/true");
	assert_int_equal(program_find(&nowhere, path, sizeof(path), &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "nor in /x"));
	setenv("LABYRINTH_X", "/named/it", 1);
	assert_int_equal(program_find(&beside, path, sizeof(path), &err), 0);
	assert_string_equal(path, "/named/it");
}

int main(void)
{
#define SOCKETS(test) \
	cmocka_unit_test_setup_teardown(test, sockets_setup, sockets_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_journal_gets_priorities),
		cmocka_unit_test(closed_standard_files_are_not_reused),
		cmocka_unit_test(an_error_is_a_code_and_a_sentence),
		cmocka_unit_test(a_long_sentence_is_cut),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(leases_are_whole),
		SOCKETS(a_descriptor_arrives),
		SOCKETS(a_message_may_come_without),
		SOCKETS(a_full_or_empty_socket_does_not_wait),
		SOCKETS(an_end_is_told),
		SOCKETS(a_message_too_long_is_refused_with_its_descriptor),
		SOCKETS(a_descriptor_that_nobody_wants_is_closed),
		SOCKETS(more_than_one_descriptor_is_refused),
		SOCKETS(other_control_data_is_refused),
		SOCKETS(what_is_stolen_is_kept),
		cmocka_unit_test(a_program_is_beside_this_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
