/* SPDX-License-Identifier: MIT */
/* Sockets to which others send descriptors, that are hard to get rid of. */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/stranger.h"

/* Seconds for what takes none; who waits for a socket that lingers is ended. */
#define DEADLINE 60

#define LINGER 3600

struct pair {
	int ours, theirs;
};

static struct pair make_pair(int type)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX,
				    type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
				    ends),
			 0);
	return (struct pair){ends[0], ends[1]};
}

/*
 * A TCP connection with more to send than will be read: the last close of its
 * first end takes an hour, or until a signal comes.
 */
static struct pair make_lingering(void)
{
	const struct linger linger = {.l_onoff = 1, .l_linger = LINGER};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr =
					      htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	static const char block[65536];
	cleanup_close int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct pair pair = {.ours = socket(AF_INET, SOCK_STREAM, 0)};

	assert_int_equal(bind(listener, (void *)&address, bytes), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (void *)&address, &bytes), 0);
	assert_int_equal(connect(pair.ours, (void *)&address, bytes), 0);
	pair.theirs = accept(listener, NULL, NULL);
	assert_true(pair.theirs >= 0);
	assert_int_equal(setsockopt(pair.ours, SOL_SOCKET, SO_LINGER, &linger,
				    sizeof(linger)),
			 0);
	while (send(pair.ours, block, sizeof(block), MSG_DONTWAIT) > 0)
		;
	return pair;
}

/* Nobody waits for an hour: the threads that close end by themselves. */
static void await_threads(void)
{
	int tasks = 2;

	while (tasks > 1) {
		DIR *folder = opendir("/proc/self/task");
		assert_non_null(folder);
		tasks = -2; /* . and .. */
		while (readdir(folder) != NULL)
			tasks++;
		closedir(folder);
		sched_yield();
	}
}

/* It was closed: all that it had to send comes, and then the end. */
static void assert_closed(struct pair *lingering)
{
	static char block[65536];
	ssize_t got;

	while ((got = recv(lingering->theirs, block, sizeof(block), 0)) > 0)
		;
	assert_int_equal(got, 0);
	close(lingering->theirs);
}

static void takes_messages(void **state)
{
	struct pair pair = make_pair(SOCK_SEQPACKET);
	char buffer[4];
	(void)state;

	assert_int_equal(stranger_receive(pair.ours, buffer, 4, NULL), -EAGAIN);
	assert_int_equal(fd_send(pair.theirs, "abcd", 4, -1, 0), 0);
	assert_int_equal(fd_send(pair.theirs, "efg", 3, -1, 0), 0);
	assert_int_equal(fd_send(pair.theirs, "hijkl", 5, -1, 0), 0);
	assert_int_equal(stranger_receive(pair.ours, buffer, 4, NULL), 4);
	assert_memory_equal(buffer, "abcd", 4);
	assert_int_equal(stranger_receive(pair.ours, buffer, 4, NULL), 3);
	assert_memory_equal(buffer, "efg", 3);
	assert_int_equal(stranger_receive(pair.ours, buffer, 4, NULL),
			 -EMSGSIZE);
	close(pair.theirs);
	stranger_close(pair.ours);
	pair = make_pair(SOCK_SEQPACKET);
	close(pair.theirs);
	assert_int_equal(stranger_receive(pair.ours, buffer, 4, NULL), 0);
	stranger_close(pair.ours);
}

/* How the descriptor comes, after or before what else. */
struct way {
	int type;
	int empty; /* messages before it */
	int plain; /* likewise */
	int flags;
	bool alive; /* its sender stays connected */
};

static const struct way ways[] = {
	{.type = SOCK_SEQPACKET},
	{.type = SOCK_SEQPACKET, .alive = true},
	{.type = SOCK_SEQPACKET, .plain = 3},
	{.type = SOCK_SEQPACKET, .empty = 3, .alive = true},
	{.type = SOCK_SEQPACKET, .empty = 2, .plain = 2},
	{.type = SOCK_STREAM},
	{.type = SOCK_STREAM, .plain = 3, .alive = true},
	{.type = SOCK_STREAM, .flags = MSG_OOB},
};

static void closes_at_once(void **state)
{
	int next = dup(0);
	(void)state;

	close(next);
	alarm(DEADLINE);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const struct way *way = &ways[i];
		struct pair pair = make_pair(way->type);
		struct pair lingering = make_lingering();
		for (int n = 0; n < way->empty; n++)
			assert_int_equal(fd_send(pair.theirs, "", 0, -1, 0), 0);
		for (int n = 0; n < way->plain; n++)
			assert_int_equal(fd_send(pair.theirs, "x", 1, -1, 0),
					 0);
		assert_int_equal(fd_send(pair.theirs, "y", 1, lingering.ours,
					 way->flags),
				 0);
		close(lingering.ours);
		if (!way->alive)
			close(pair.theirs);
		stranger_close(pair.ours);
		await_threads();
		assert_closed(&lingering);
		if (way->alive)
			close(pair.theirs);
	}
	alarm(0);
	int now = dup(0);
	close(now);
	assert_int_equal(now, next);
}

/* Not received, and so not closed; what came before it is. */
static void takes_no_descriptor(void **state)
{
	char buffer[4];
	(void)state;

	alarm(DEADLINE);
	for (int type = SOCK_STREAM; type != 0;
	     type = type == SOCK_STREAM ? SOCK_SEQPACKET : 0) {
		struct pair pair = make_pair(type);
		struct pair lingering = make_lingering();
		assert_int_equal(fd_send(pair.theirs, "a", 1, -1, 0), 0);
		assert_int_equal(
			fd_send(pair.theirs, "b", 1, lingering.ours, 0), 0);
		close(lingering.ours);
		if (type == SOCK_SEQPACKET)
			assert_int_equal(
				stranger_receive(pair.ours, buffer, 4, NULL),
				1);
		for (int i = 0; i < 3; i++)
			assert_int_equal(
				stranger_receive(pair.ours, buffer, 4, NULL),
				-EPROTO);
		stranger_close(pair.ours);
		assert_closed(&lingering);
		close(pair.theirs);
	}
	alarm(0);
}

/* Received, and closed without waiting; two are one too many. */
static void takes_one_that_is_wanted(void **state)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr header;
	} control = {.header = {.cmsg_len = CMSG_LEN(2 * sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};
	char letter = 'b';
	struct iovec iov = {.iov_base = &letter, .iov_len = 1};
	struct msghdr two = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control)};
	struct pair pair = make_pair(SOCK_SEQPACKET);
	struct pair first = make_lingering(), second = make_lingering();
	char buffer[4];
	int fd = -1;
	(void)state;

	alarm(DEADLINE);
	assert_int_equal(fd_send(pair.theirs, "a", 1, first.ours, 0), 0);
	close(first.ours);
	assert_int_equal(stranger_receive(pair.ours, buffer, 4, &fd), 1);
	assert_true(fd >= 0);
	stranger_close_file(fd);
	assert_closed(&first);
	first = make_lingering();
	memcpy(CMSG_DATA(&control.header), (int[]){first.ours, second.ours},
	       2 * sizeof(int));
	assert_int_equal(sendmsg(pair.theirs, &two, 0), 1);
	close(first.ours);
	close(second.ours);
	assert_int_equal(stranger_receive(pair.ours, buffer, 4, &fd), -EPROTO);
	assert_int_equal(fd, -1);
	assert_closed(&first);
	assert_closed(&second);
	assert_int_equal(fd_send(pair.theirs, "c", 1, -1, 0), 0);
	assert_int_equal(stranger_receive(pair.ours, buffer, 4, &fd), 1);
	assert_int_equal(fd, -1);
	stranger_close(pair.ours);
	close(pair.theirs);
	await_threads();
	alarm(0);
}

/* A pair whose first end was accepted: from a listener that was told, or not.
 */
static struct pair accept_pair(int type, bool told)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t bytes = sizeof(address.sun_family);
	cleanup_close int listener = socket(AF_UNIX, type, 0);
	struct pair pair = {.theirs = socket(AF_UNIX, type, 0)};

	if (told)
		stranger_deny(listener);
	assert_int_equal(bind(listener, (void *)&address, bytes), 0);
	assert_int_equal(listen(listener, 1), 0);
	bytes = sizeof(address);
	assert_int_equal(getsockname(listener, (void *)&address, &bytes), 0);
	assert_int_equal(connect(pair.theirs, (void *)&address, bytes), 0);
	pair.ours = stranger_accept(listener);
	assert_true(pair.ours >= 0);
	return pair;
}

/* An urgent byte is where it was sent, and its descriptor with it. */
static void sees_what_is_urgent(void **state)
{
	struct pair pair = accept_pair(SOCK_STREAM, false);
	struct pair lingering = make_lingering();
	char buffer[4];
	(void)state;

	alarm(DEADLINE);
	assert_int_equal(fd_send(pair.theirs, "a", 1, lingering.ours, MSG_OOB),
			 0);
	close(lingering.ours);
	assert_int_equal(fd_send(pair.theirs, "b", 1, -1, 0), 0);
	assert_int_equal(stranger_receive(pair.ours, buffer, 4, NULL), -EPROTO);
	stranger_close(pair.ours);
	assert_closed(&lingering);
	close(pair.theirs);
	alarm(0);
}

/* Where the kernel can, nobody gets a descriptor through a listener. */
static void keeps_descriptors_out(void **state)
{
	struct pair pair = accept_pair(SOCK_SEQPACKET, true);
	char buffer[4];
	(void)state;

	int r = fd_send(pair.theirs, "a", 1, 0, 0);
	assert_true(r == 0 || r == -EPERM);
	assert_int_equal(stranger_receive(pair.ours, buffer, 4, NULL),
			 r == 0 ? -EPROTO : -EAGAIN);
	stranger_close(pair.ours);
	close(pair.theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_messages),
		cmocka_unit_test(closes_at_once),
		cmocka_unit_test(takes_no_descriptor),
		cmocka_unit_test(takes_one_that_is_wanted),
		cmocka_unit_test(sees_what_is_urgent),
		cmocka_unit_test(keeps_descriptors_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
