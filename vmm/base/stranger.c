/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/stranger.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

/* Newer than Debian 12's headers. */
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

/* So many sockets at most are closed elsewhere at once. */
#define CLOSERS_MAX 256

/* So many unread messages are looked through; with more the worst is assumed.
 */
#define UNREAD_MAX 1024

/* How often a close that lingers is interrupted, ns. */
#define NUDGE_PERIOD 10000000L

/* The kernel's SCM_MAX_FD: so many descriptors at most come with a message. */
#define DESCRIPTORS_MAX 253

static atomic_int closers;

void stranger_deny(int socket)
{
	int no = 0;

	(void)setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof(no));
}

int stranger_accept(int listener)
{
	int socket =
		accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int yes = 1;

	if (socket < 0)
		return -errno;
	/* Else a stream's urgent byte is thrown away by the next read, though a
	 * look at it shows the one behind; and it may have a descriptor. */
	(void)setsockopt(socket, SOL_SOCKET, SO_OOBINLINE, &yes, sizeof(yes));
	return socket;
}

/* One recvmsg(), of which *header has the room for control data. */
static ssize_t receive(int socket, struct iovec iov, int how,
		       struct msghdr *header)
{
	ssize_t got;

	header->msg_iov = &iov;
	header->msg_iovlen = 1;
	do {
		got = recvmsg(socket, header, how | MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	header->msg_iov = NULL;
	return got < 0 ? -errno : got;
}

/* All that can come at once, so that the kernel has none to throw away. */
union rights {
	char bytes[CMSG_SPACE(sizeof(int) * DESCRIPTORS_MAX)];
	struct cmsghdr align;
};

/* The one descriptor that came, or -1; several are closed, and -EPROTO. */
static int take_rights(struct msghdr *header)
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(header);
	int fds[DESCRIPTORS_MAX];

	if (control == NULL || control->cmsg_level != SOL_SOCKET ||
	    control->cmsg_type != SCM_RIGHTS)
		return -1;
	size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(control), count * sizeof(int));
	if (count == 1)
		return fds[0];
	for (size_t i = 0; i < count; i++)
		stranger_close_file(fds[i]);
	return -EPROTO;
}

ssize_t stranger_receive(int socket, void *message, size_t bytes, int *fd)
{
	struct iovec iov = {.iov_base = message, .iov_len = bytes};
	struct msghdr header = {0};
	union rights rights;

	if (fd != NULL)
		*fd = -1;
	/* To look takes nothing out, so it throws no descriptor away. */
	ssize_t there = receive(socket, iov, MSG_PEEK, &header);
	if (there < 0)
		return there;
	if ((header.msg_flags & MSG_CTRUNC) && fd == NULL)
		return -EPROTO;
	if (header.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (there == 0 && !(header.msg_flags & MSG_CTRUNC))
		return 0;
	iov.iov_len = (size_t)there;
	header = (struct msghdr){0};
	if (fd == NULL)
		return receive(socket, iov, 0, &header);
	header.msg_control = rights.bytes;
	header.msg_controllen = sizeof(rights);
	ssize_t got = receive(socket, iov, MSG_CMSG_CLOEXEC, &header);
	if (got < 0)
		return got;
	int file = take_rights(&header);
	if (file == -EPROTO)
		return -EPROTO;
	*fd = file;
	return got;
}

/*
 * Do descriptors lie unread in a socket to which nothing more can come? What
 * has none is thrown away on the way there.
 */
static bool has_descriptors(int socket)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	char buffer[4096];
	const struct iovec iov = {.iov_base = buffer,
				  .iov_len = sizeof(buffer)};
	int type = 0, yes = 1;
	socklen_t word = sizeof(type);

	/* So that an empty message, which has credentials, is told from the
	 * end, which has none; a stream has no empty ones. */
	if (getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &word) < 0 ||
	    setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) <
		    0 ||
	    setsockopt(socket, SOL_SOCKET, SO_OOBINLINE, &yes, sizeof(yes)) < 0)
		return true;
	for (int i = 0; i < UNREAD_MAX; i++) {
		struct msghdr header = {.msg_control = control.bytes,
					.msg_controllen = sizeof(control)};
		ssize_t got = receive(socket, iov, MSG_PEEK, &header);
		if (got == -ECONNRESET)
			continue; /* said once; there may be more to read */
		if (got < 0)
			return false;
		if (header.msg_flags & MSG_CTRUNC)
			return true;
		if (got == 0 &&
		    (type == SOCK_STREAM || header.msg_controllen == 0))
			return false;
		header = (struct msghdr){0};
		(void)receive(socket, iov, 0, &header);
	}
	return true;
}

int stranger_look(int folder, const char *name, struct stranger_file *out)
{
	struct statx stat;

	if (statx(folder, name, AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		  STATX_BASIC_STATS, &stat) < 0)
		return -errno;
	*out = (struct stranger_file){
		.device = makedev(stat.stx_dev_major, stat.stx_dev_minor),
		.inode = stat.stx_ino,
		.bytes = stat.stx_size,
		.mode = stat.stx_mode,
	};
	return 0;
}

static void nudge(int number)
{
	(void)number;
}

/*
 * The thread of one close. A signal comes every now and then: who lingers in
 * the kernel gives up on one.
 */
static void *close_slowly(void *context)
{
	const struct sigaction action = {.sa_handler = nudge};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
				 .sigev_signo = SIGURG};
	const struct itimerspec often = {.it_interval.tv_nsec = NUDGE_PERIOD,
					 .it_value.tv_nsec = NUDGE_PERIOD};
	timer_t timer;

	event._sigev_un._tid = gettid();
	sigaction(SIGURG, &action, NULL);
	bool armed = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0;
	if (armed)
		timer_settime(timer, 0, &often, NULL);
	close((int)(intptr_t)context);
	if (armed)
		timer_delete(timer);
	atomic_fetch_sub(&closers, 1);
	return NULL;
}

static bool start_closer(int fd)
{
	pthread_attr_t attributes;
	pthread_t thread;

	if (atomic_fetch_add(&closers, 1) < CLOSERS_MAX &&
	    pthread_attr_init(&attributes) == 0) {
		pthread_attr_setdetachstate(&attributes,
					    PTHREAD_CREATE_DETACHED);
		pthread_attr_setstacksize(&attributes, 4 * PTHREAD_STACK_MIN);
		int r = pthread_create(&thread, &attributes, close_slowly,
				       (void *)(intptr_t)fd);
		pthread_attr_destroy(&attributes);
		if (r == 0)
			return true;
	}
	atomic_fetch_sub(&closers, 1);
	return false;
}

void stranger_close(int socket)
{
	shutdown(socket, SHUT_RDWR);
	if (!has_descriptors(socket))
		close(socket);
	else if (!start_closer(socket))
		log_error("a client's socket stays open: it holds descriptors, "
			  "and to close those may take for ever");
}

void stranger_close_file(int fd)
{
	if (!start_closer(fd))
		log_error(
			"a descriptor that a client sent stays open: to close "
			"it may take for ever");
}
