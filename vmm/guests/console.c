/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "guests/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

/* So much may a guest print before we come to read it; a hint. */
#define FIFO_BYTES (256 * 1024)

struct console {
	int fd;
	dev_t device; /* of the FIFO that we made or found */
	ino_t inode;
	sd_event_source *input;
	struct act_listener *listeners;
	uint64_t total; /* bytes that ever came */
	char path[512];
	char ring[CONSOLE_BYTES]; /* byte n of the stream is at n % its size */
};

static void take(struct console *self, const char *bytes, size_t count)
{
	for (size_t done = 0; done < count;) {
		size_t at = self->total % CONSOLE_BYTES;
		size_t part = CONSOLE_BYTES - at;
		if (part > count - done)
			part = count - done;
		memcpy(self->ring + at, bytes + done, part);
		self->total += part;
		done += part;
	}
}

/* Read what there is; false at the end: no writer any more. */
static bool read_some(struct console *self)
{
	char bytes[4096];
	ssize_t got = read(self->fd, bytes, sizeof(bytes));

	if (got > 0)
		take(self, bytes, (size_t)got);
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static void tell(struct console *self)
{
	struct act_listener *next;

	for (struct act_listener *l = self->listeners; l != NULL; l = next) {
		next = l->next;
		l->news(l);
	}
}

static int on_input(sd_event_source *source, int fd, uint32_t events,
		    void *context)
{
	struct console *self = context;

	(void)fd, (void)events;
	/* At its end there is nothing to wait for: whoever owns us hears of it
	 * by the guest's. */
	if (!read_some(self))
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	tell(self);
	return 0;
}

int console_adopt(struct console **out, sd_event *event, const char *path,
		  struct err *err)
{
	struct console *self = calloc(1, sizeof(*self));
	struct stat stat;
	int r = 0;

	if (self == NULL)
		return err_set(err, ENOMEM, "open the console %s", path);
	snprintf(self->path, sizeof(self->path), "%s", path);
	self->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (self->fd < 0 || fstat(self->fd, &stat) < 0)
		r = err_set(err, errno, "open the console %s", path);
	else if (!S_ISFIFO(stat.st_mode))
		r = err_say(err, EINVAL, "%s is no FIFO", path);
	if (r == 0) {
		(void)fcntl(self->fd, F_SETPIPE_SZ, FIFO_BYTES);
		self->device = stat.st_dev;
		self->inode = stat.st_ino;
		r = sd_event_add_io(event, &self->input, self->fd, EPOLLIN,
				    on_input, self);
		if (r < 0)
			err_set(err, -r, "watch the console %s", path);
	}
	if (r < 0) {
		console_leave(self);
		return r;
	}
	*out = self;
	return 0;
}

int console_new(struct console **out, sd_event *event, const char *path,
		struct err *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return err_set(err, errno, "remove the console %s", path);
	if (mkfifo(path, 0600) < 0)
		return err_set(err, errno, "make the console %s", path);
	int r = console_adopt(out, event, path, err);
	if (r < 0)
		unlink(path);
	return r;
}

int console_writer(const struct console *self)
{
	/* For reading as well: the guest then is never without a reader, whose
	 * absence would be a SIGPIPE, when we are not there. */
	int fd = open(self->path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

void console_drain(struct console *self)
{
	uint64_t before;

	do {
		before = self->total;
		read_some(self);
	} while (self->total > before);
}

size_t console_read(const struct console *self, uint64_t *at, void *to,
		    size_t most)
{
	uint64_t oldest =
		self->total > CONSOLE_BYTES ? self->total - CONSOLE_BYTES : 0;
	char *bytes = to;

	if (*at < oldest)
		*at = oldest;
	size_t count = (size_t)(self->total - *at);
	if (count > most)
		count = most;
	for (size_t i = 0; i < count; i++)
		bytes[i] = self->ring[(*at + i) % CONSOLE_BYTES];
	*at += count;
	return count;
}

void console_last_line(const struct console *self, char *line, size_t bytes)
{
	char tail[1024];
	uint64_t at =
		self->total > sizeof(tail) ? self->total - sizeof(tail) : 0;
	size_t count = console_read(self, &at, tail, sizeof(tail) - 1);

	while (count > 0 && tail[count - 1] == '\n')
		count--;
	tail[count] = '\0';
	const char *last = memrchr(tail, '\n', count);
	snprintf(line, bytes, "%s", last != NULL ? last + 1 : tail);
}

void console_listen(struct console *self, struct act_listener *listener)
{
	listener->next = self->listeners;
	if (listener->next != NULL)
		listener->next->link = &listener->next;
	listener->link = &self->listeners;
	self->listeners = listener;
}

void console_leave(struct console *self)
{
	struct act_listener *next;

	if (self == NULL)
		return;
	for (struct act_listener *l = self->listeners; l != NULL; l = next) {
		next = l->next;
		act_unlisten(l);
		l->over(l);
	}
	sd_event_source_disable_unref(self->input);
	if (self->fd >= 0)
		close(self->fd);
	free(self);
}

void console_free(struct console *self)
{
	struct stat stat;

	if (self == NULL)
		return;
	/* Another may have been made there for the next guest of the name. */
	if (lstat(self->path, &stat) == 0 && stat.st_dev == self->device &&
	    stat.st_ino == self->inode)
		unlink(self->path);
	console_drain(self);
	tell(self);
	console_leave(self);
}
