/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "rpc/listen.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/stranger.h"

#define BACKLOG 128

/* Clear the way for a socket of ours: nothing there, or a stale one. */
static int clear_path(const struct sockaddr_un *address, struct err *err)
{
	const char *path = address->sun_path;
	struct stat there;

	if (lstat(path, &there) != 0)
		return errno == ENOENT
			       ? 0
			       : err_set(err, errno, "cannot look at %s", path);
	if (!S_ISSOCK(there.st_mode))
		return err_say(err, EEXIST,
			       "%s is in the way, and is no socket: remove it",
			       path);
	cleanup_close int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(err, errno, "cannot make a socket");
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) ==
		    0 ||
	    errno == EAGAIN)
		return err_say(err, EADDRINUSE,
			       "another daemon answers on %s: stop it, or name "
			       "another folder",
			       path);
	if (errno != ECONNREFUSED && errno != ENOENT)
		return err_set(err, errno, "cannot tell who answers on %s",
			       path);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_set(err, errno, "cannot remove the stale socket %s",
			       path);
	return 0;
}

/* Let in those who are meant to come in. */
static int open_door(const char *path, int everybody, struct err *err)
{
	mode_t mode = everybody ? 0666 : 0600;

	if (!everybody) {
		const struct group *group = getgrnam("libvirt");
		if (group != NULL && chown(path, (uid_t)-1, group->gr_gid) == 0)
			mode = 0660;
	}
	if (chmod(path, mode) != 0)
		return err_set(err, errno, "cannot set the mode of %s", path);
	return 0;
}

int listen_open(struct listen_socket *out, const char *directory,
		const char *name, int everybody, struct err *err)
{
	*out = (struct listen_socket){.fd = -1, .address.sun_family = AF_UNIX};
	char *path = out->address.sun_path;
	size_t room = sizeof(out->address.sun_path);

	if ((size_t)snprintf(path, room, "%s/%s", directory, name) >= room)
		return err_say(err, ENAMETOOLONG,
			       "the path %s/%s is too long for a socket: name "
			       "a shorter folder",
			       directory, name);
	int r = clear_path(&out->address, err);
	if (r < 0)
		return r;
	cleanup_close int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(err, errno, "cannot make a socket");
	stranger_deny(fd);
	/* The file gets the mode of the socket: closed until it is ours. */
	if (fchmod(fd, 0600) != 0 ||
	    bind(fd, (const struct sockaddr *)&out->address,
		 sizeof(out->address)) != 0)
		return err_set(err, errno, "cannot make the socket %s", path);
	if (lstat(path, &out->made) != 0)
		return err_set(err, errno, "cannot look at %s", path);
	out->fd = steal_fd(&fd);
	r = open_door(path, everybody, err);
	if (r == 0 && listen(out->fd, BACKLOG) != 0)
		r = err_set(err, errno, "cannot listen on %s", path);
	if (r < 0)
		listen_close(out);
	return r;
}

void listen_inherit(struct listen_socket *out, int fd)
{
	*out = (struct listen_socket){.fd = fd};
	strcpy(out->address.sun_path, "an inherited socket");
}

void listen_close(struct listen_socket *self)
{
	struct stat there;

	if (self->fd < 0)
		return;
	close(self->fd);
	self->fd = -1;
	/* Another daemon may have put its own there since. */
	if (lstat(self->address.sun_path, &there) == 0 &&
	    there.st_dev == self->made.st_dev &&
	    there.st_ino == self->made.st_ino)
		unlink(self->address.sun_path);
}
