/* SPDX-License-Identifier: MIT */
/* Locks, directories and sockets of the broker in the file system. */
#include <config.h>

#include "broker/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/stranger.h"

#define BACKLOG 64

/* Who holds the lock writes its number into it, for people. */
static int refuse_second(int lock, const char *dir, struct err *err)
{
	char holder[16] = "";

	ssize_t bytes = pread(lock, holder, sizeof(holder) - 1, 0);
	if (bytes > 0)
		holder[strcspn(holder, "\n")] = '\0';
	return err_say(err, EBUSY,
		       "a broker (process %s) serves %s already: stop it, or "
		       "choose another directory with --run-dir",
		       holder[0] != '\0' ? holder : "unknown", dir);
}

int listener_lock(const char *dir, const char *lock_name, struct err *err)
{
	char path[256];

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_set(err, errno, "make the run directory %s", dir);
	if (snprintf(path, sizeof(path), "%s/%s", dir, lock_name) >=
	    (int)sizeof(path))
		return err_say(err, ENAMETOOLONG,
			       "the run directory's name is too long: %s", dir);
	cleanup_close int lock =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (lock < 0)
		return err_set(err, errno, "open the lock %s", path);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? refuse_second(lock, dir, err)
			       : err_set(err, errno, "take the lock %s", path);
	if (ftruncate(lock, 0) < 0 || dprintf(lock, "%d\n", getpid()) < 0)
		return err_set(err, errno, "write the lock %s", path);
	return steal_fd(&lock);
}

static int remove_stale(const char *path, struct err *err)
{
	struct stat stat;

	if (lstat(path, &stat) < 0)
		return errno == ENOENT
			       ? 0
			       : err_set(err, errno, "look at %s", path);
	if (!S_ISSOCK(stat.st_mode))
		return err_say(err, EEXIST,
			       "%s is in the way and is not a socket: move it",
			       path);
	if (unlink(path) < 0)
		return err_set(err, errno, "remove the old socket %s", path);
	return 0;
}

int listener_open(const char *path, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return err_say(err, ENAMETOOLONG,
			       "the socket's name %s is longer than %zu bytes: "
			       "choose a shorter --run-dir",
			       path, sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	int r = remove_stale(path, err);
	if (r < 0)
		return r;
	cleanup_close int fd = socket(
		AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(err, errno, "make a socket");
	stranger_listen(fd);
	/* Never open to others, not even between bind() and a chmod(). */
	mode_t old = umask(0117);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address));
	int code = errno;
	umask(old);
	if (r < 0)
		return err_set(err, code, "bind a socket to %s", path);
	if (listen(fd, BACKLOG) < 0) {
		code = errno;
		unlink(path);
		return err_set(err, code, "listen on %s", path);
	}
	return steal_fd(&fd);
}
