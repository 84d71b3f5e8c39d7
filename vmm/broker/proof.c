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
#include <sys/stat.h>
#include <unistd.h>

#include <labyrinth/hypercall.h>

#include "base/cleanup.h"
#include "broker/cutter.h"

#define SEALS (F_SEAL_GROW | F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_WRITE)

struct search {
	const char *pool;
	const struct proof_ops *ops;
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

static bool is_file(int fd, const struct proof_file *wanted, struct stat *stat)
{
	return fstat(fd, stat) == 0 && S_ISREG(stat->st_mode) &&
	       stat->st_dev == wanted->device && stat->st_ino == wanted->inode;
}

/*
 * Open a file through a link of /proc, if it is the wanted one. First without
 * an effect: the link is another process's to change, to a device even.
 */
static int open_wanted(struct search *self, const char *link,
		       const struct proof_file *wanted, struct stat *stat)
{
	char again[32];

	cleanup_close int found = open(link, O_PATH | O_CLOEXEC);
	if (found < 0) {
		if (errno != ENOENT)
			self->denied = errno;
		return -1;
	}
	if (!is_file(found, wanted, stat))
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
	struct stat stat;

	if (!claims(name, self->pool, &extent))
		return;
	const struct proof_file *wanted = ops->wanted(ops->context, extent);
	if (wanted == NULL)
		return;
	int fd = open_wanted(self, link, wanted, &stat);
	if (fd < 0)
		return;
	int seals = fcntl(fd, F_GET_SEALS);
	if ((uint64_t)stat.st_size == LAB_EXTENT_SIZE && seals >= 0 &&
	    (seals & SEALS) == (F_SEAL_GROW | F_SEAL_SEAL)) {
		ops->proven(ops->context, extent, fd);
		return;
	}
	int r = cutter_cut(fd, stat.st_ino);
	if (r == -EINPROGRESS || r == -EALREADY)
		self->denied = EBUSY;
	/* One that is held up is still in use. */
	if (r != -EINPROGRESS)
		close(fd);
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
		unsigned long start, end;
		int name = 0;
		self->left--;
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %n", &start, &end,
			   &name) < 2 ||
		    name == 0)
			continue;
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
	     self->left > 0 && (entry = readdir(folder)) != NULL;
	     self->left--) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%.32s", (int)pid,
			 entry->d_name);
		ssize_t bytes = readlink(path, name, sizeof(name) - 1);
		if (bytes <= 0)
			continue;
		name[bytes] = '\0';
		look_at(self, name, path);
	}
	closedir(folder);
	return 0;
}

int proof_search(pid_t pid, const char *pool, uint32_t most,
		 const struct proof_ops *ops, struct err *err)
{
	struct search self = {.pool = pool, .ops = ops, .left = most};

	int r = look_at_maps(&self, pid);
	if (r == 0)
		r = look_at_descriptors(&self, pid);
	if (r == 0)
		r = self.left == 0 ? -E2BIG : -self.denied;
	return r == 0 ? 0
		      : err_set(err, -r,
				"look at the leases that process %d has mapped "
				"(only root can)",
				(int)pid);
}
