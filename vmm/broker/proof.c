/* SPDX-License-Identifier: MIT */
/* /proc/PID/maps, /proc/PID/map_files and /proc/PID/fd. */
#include <config.h>

#include "broker/proof.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "base/cleanup.h"
#include "base/stranger.h"
#include "broker/cutter.h"
#include "broker/guest_memfd.h"

#define SEALS (F_SEAL_GROW | F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_WRITE)

/* So often it is looked, as long as what is in the way may pass: a guest whose
 * leases cannot be proven has no broker any more. */
#define TRIES 4

struct search {
	const char *pool;
	const struct proof_ops *ops;
	int process;   /* as a descriptor */
	uint32_t left; /* how many more to look at */
	int denied;    /* errno with which a candidate could not be opened */
};

/*
 * The extent that a file's name in /proc claims to be, as backing_create() was
 * told to name it. Anybody can name a file so: it is only where to look.
 */
static bool claims(const char *name, const char *pool, uint32_t *extent)
{
	static const char prefix[] = "/memfd:labyrinth:";
	size_t length = strlen(pool);
	char *end;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return false;
	name += sizeof(prefix) - 1;
	if (strncmp(name, pool, length) != 0 || name[length] != ':')
		return false;
	name += length + 1;
	unsigned long number = strtoul(name, &end, 10);
	*extent = (uint32_t)number;
	return end != name && (*end == ' ' || *end == '\n' || *end == '\0') &&
	       number < UINT32_MAX;
}

static bool is_file(struct search *self, int fd,
		    const struct proof_file *wanted, struct stranger_file *file)
{
	int r = stranger_look(fd, "", file);

	if (r < 0)
		self->denied = -r;
	return r == 0 && S_ISREG(file->mode) &&
	       file->device == wanted->device && file->inode == wanted->inode;
}

/*
 * Open a file through a link of /proc, if it is the wanted one. First without
 * an effect: the link is another process's to change, to a device even.
 */
static int open_wanted(struct search *self, const char *link,
		       const struct proof_file *wanted,
		       struct stranger_file *file)
{
	char again[32];

	cleanup_close int found = open(link, O_PATH | O_CLOEXEC);
	if (found < 0) {
		if (errno != ENOENT)
			self->denied = errno;
		return -1;
	}
	if (!is_file(self, found, wanted, file))
		return -1;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", found);
	/* It may hold a file lease (F_SETLEASE), for which others wait. */
	int fd = open(again, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		self->denied = errno;
	return fd;
}

/* One candidate: its name, and the link to it. */
static void look_at(struct search *self, const char *name, const char *link)
{
	const struct proof_ops *ops = self->ops;
	uint32_t extent;
	struct stranger_file file;

	if (!claims(name, self->pool, &extent))
		return;
	const struct proof_file *wanted = ops->wanted(ops->context, extent);
	if (wanted == NULL)
		return;
	int fd = open_wanted(self, link, wanted, &file);
	if (fd < 0)
		return;
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0) {
		self->denied = errno;
		close(fd);
		return;
	}
	if (file.bytes == LAB_EXTENT_SIZE &&
	    (seals & SEALS) == (F_SEAL_GROW | F_SEAL_SEAL)) {
		ops->proven(ops->context, extent, fd);
		return;
	}
	int r = cutter_cut(fd, file.inode);
	if (r == -EINPROGRESS || r == -EALREADY)
		self->denied = EBUSY;
	/* One that is held up is still in use. */
	if (r != -EINPROGRESS)
		close(fd);
}

static bool is_guest_memfd(const struct search *self, const char *name)
{
	return self->ops->find != NULL &&
	       strncmp(name, GUEST_MEMFD_NAME, strlen(GUEST_MEMFD_NAME)) == 0;
}

static bool same_file(const struct proof_file *a, const struct proof_file *b)
{
	return a->device == b->device && a->inode == b->inode;
}

/*
 * The kernel opens it through no link, but copies descriptors: of what is
 * wanted, for to close anything else could take as long as its owner likes.
 */
static void look_at_copy(struct search *self, const char *link, int number)
{
	const struct proof_ops *ops = self->ops;
	struct proof_file file, copied;
	uint32_t extent;

	if (guest_memfd_identity(AT_FDCWD, link, &file.device, &file.inode) <
		    0 ||
	    !ops->find(ops->context, &file, &extent))
		return;
	int fd = pidfd_getfd(self->process, number, 0);
	if (fd < 0) {
		if (errno != EBADF && errno != ESRCH)
			self->denied = errno;
	} else if (guest_memfd_identity(fd, "", &copied.device,
					&copied.inode) == 0 &&
		   same_file(&file, &copied)) {
		ops->proven(ops->context, extent, fd);
	} else {
		stranger_close_file(fd);
	}
}

/* One that is mapped and of which there was no descriptor. */
static void look_at_mapped(struct search *self, unsigned int major_number,
			   unsigned int minor_number, unsigned long inode)
{
	const struct proof_file file = {
		.device = makedev(major_number, minor_number), .inode = inode};
	uint32_t extent;

	if (self->ops->find(self->ops->context, &file, &extent))
		self->denied = ENXIO;
}

static int look_at_maps(struct search *self, pid_t pid)
{
	char path[96];
	cleanup_free char *line = NULL;
	size_t room = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	if (maps == NULL)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	while (self->left > 0 && getline(&line, &room, maps) > 0) {
		unsigned long start, end, inode;
		unsigned int device[2];
		int name = 0;
		self->left--;
		if (sscanf(line, "%lx-%lx %*s %*s %x:%x %lu %n", &start, &end,
			   &device[0], &device[1], &inode, &name) < 5 ||
		    name == 0)
			continue;
		if (is_guest_memfd(self, line + name)) {
			look_at_mapped(self, device[0], device[1], inode);
			continue;
		}
		snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx",
			 (int)pid, start, end);
		look_at(self, line + name, path);
	}
	int r = ferror(maps) && errno != ESRCH ? -errno : 0;
	fclose(maps);
	return r;
}

static int look_at_descriptors(struct search *self, pid_t pid)
{
	char path[96], name[256];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *folder = opendir(path);
	if (folder == NULL)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	for (const struct dirent *entry;
	     errno = 0, self->left > 0 && (entry = readdir(folder)) != NULL;
	     self->left--) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%.32s", (int)pid,
			 entry->d_name);
		ssize_t bytes = readlink(path, name, sizeof(name) - 1);
		if (bytes < 0 && errno != ENOENT && errno != EINVAL &&
		    errno != ESRCH)
			self->denied = errno;
		if (bytes <= 0)
			continue;
		name[bytes] = '\0';
		if (is_guest_memfd(self, name))
			look_at_copy(self, path, atoi(entry->d_name));
		else
			look_at(self, name, path);
	}
	int r = errno == ENOENT || errno == ESRCH ? 0 : -errno;
	closedir(folder);
	return r;
}

static int search(pid_t pid, const char *pool, uint32_t most,
		  const struct proof_ops *ops)
{
	cleanup_close int process = pidfd_open(pid, 0);
	struct search self = {
		.pool = pool, .ops = ops, .process = process, .left = most};

	if (process < 0)
		return errno == ESRCH ? 0 : -errno;
	/* In the order in which a lease moves on, so that none slips through.
	 */
	int r = look_at_descriptors(&self, pid);
	if (r == 0)
		r = look_at_maps(&self, pid);
	if (r == 0)
		r = self.left == 0 ? -E2BIG : -self.denied;
	return r;
}

/* May it be otherwise the next time? */
static bool passes(int code)
{
	return code == EINTR || code == ENOMEM || code == EMFILE ||
	       code == ENFILE || code == EIO || code == EAGAIN;
}

int proof_search(pid_t pid, const char *pool, uint32_t most,
		 const struct proof_ops *ops, struct err *err)
{
	int r = search(pid, pool, most, ops);

	for (int tries = 1; passes(-r) && tries < TRIES; tries++)
		r = search(pid, pool, most, ops);
	return r == 0 ? 0
		      : err_set(err, -r,
				"look at the leases that process %d has mapped "
				"(only root can)",
				(int)pid);
}
