/* SPDX-License-Identifier: MIT */
/* A walk through /proc. */
#include <config.h>

#include "audit/processes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/stranger.h"

/* How the kernel names memory files; every lease is one. */
static const char *const memory_files[] = {"/memfd:", "/[kvm-gmem]"};
#define LONGEST_NAME sizeof("/[kvm-gmem]")

static inline void cleanup_closedir_(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

static inline void cleanup_fclose_(FILE **file)
{
	if (*file != NULL)
		fclose(*file);
}

#define cleanup_closedir __attribute__((cleanup(cleanup_closedir_)))
#define cleanup_fclose	 __attribute__((cleanup(cleanup_fclose_)))

/* A failure to look at a process; 0 if it was that it is gone. */
static int failed(int code, const char *path, struct err *err)
{
	if (code == ENOENT || code == ESRCH)
		return 0;
	return err_set(err, code, "look into %s%s", path,
		       code == EACCES || code == EPERM ? " (try as root)" : "");
}

/* The next entry that is a number: a process, a thread, a descriptor. */
static bool next_number(DIR *dir, int *number)
{
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		if (isdigit((unsigned char)entry->d_name[0])) {
			*number = atoi(entry->d_name);
			return true;
		}
	}
	return false;
}

/* Mappings */

/* smaps costs a walk through the page tables: for those that need it. */
static int scan_maps(struct processes *self, pid_t pid, pid_t thread,
		     const struct snapshot *snapshot, struct err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/maps", pid, thread);
	cleanup_fclose FILE *maps = fopen(path, "re");
	if (maps == NULL)
		return failed(errno, path, err);
	size_t count = maps_count(maps, snapshot);
	if (ferror(maps))
		return failed(errno, path, err);
	if (count == 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/smaps", pid, thread);
	cleanup_fclose FILE *smaps = fopen(path, "re");
	if (smaps == NULL)
		return failed(errno, path, err);
	if (maps_read(&self->mappings, smaps, pid, snapshot) < 0)
		return err_set(err, ENOMEM, "note mappings");
	return ferror(smaps) ? failed(errno, path, err) : 0;
}

/* Descriptors */

static int note_descriptor(struct processes *self, struct descriptor found,
			   struct err *err)
{
	if (self->ndescriptors == self->room) {
		size_t room = self->room * 2 + 64;
		void *all = realloc(self->descriptors,
				    room * sizeof(*self->descriptors));
		if (all == NULL)
			return err_set(err, ENOMEM, "note descriptors");
		self->descriptors = all;
		self->room = room;
	}
	self->descriptors[self->ndescriptors++] = found;
	return 0;
}

static bool is_memory_file(const char *target, size_t length)
{
	for (size_t i = 0; i < sizeof(memory_files) / sizeof(*memory_files);
	     i++) {
		size_t known = strlen(memory_files[i]);
		if (length >= known &&
		    memcmp(target, memory_files[i], known) == 0)
			return true;
	}
	return false;
}

/* The extent whose file is open there, or SNAPSHOT_NONE. */
static uint32_t extent_of(int folder, const char *name,
			  const struct snapshot *snapshot)
{
	char target[LONGEST_NAME];
	struct stranger_file file;

	ssize_t length = readlinkat(folder, name, target, sizeof(target));
	if (length < 0 || !is_memory_file(target, (size_t)length) ||
	    stranger_look(folder, name, &file) < 0)
		return SNAPSHOT_NONE;
	return snapshot_find(snapshot, file.device, file.inode);
}

static int scan_descriptors(struct processes *self, pid_t pid, pid_t thread,
			    const struct snapshot *snapshot, struct err *err)
{
	char path[64], name[16];
	int fd, r = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/fd", pid, thread);
	cleanup_closedir DIR *dir = opendir(path);
	if (dir == NULL)
		return failed(errno, path, err);
	while (r == 0 && next_number(dir, &fd)) {
		snprintf(name, sizeof(name), "%d", fd);
		uint32_t extent = extent_of(dirfd(dir), name, snapshot);
		if (extent != SNAPSHOT_NONE)
			r = note_descriptor(
				self,
				(struct descriptor){
					.extent = extent, .pid = pid, .fd = fd},
				err);
	}
	return r;
}

/* Processes */

/* Threads have their memory in common, but may have left each other's files. */
static bool shares_files(pid_t pid, pid_t thread)
{
	return syscall(SYS_kcmp, pid, thread, KCMP_FILES, 0, 0) == 0;
}

static int scan_process(struct processes *self, pid_t pid,
			const struct snapshot *snapshot, struct err *err)
{
	size_t before = self->mappings.count;
	char path[32];
	int thread, r = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	cleanup_closedir DIR *dir = opendir(path);
	if (dir == NULL)
		return failed(errno, path, err);
	while (r == 0 && next_number(dir, &thread)) {
		/* A first thread that has ended shows no memory any more. */
		if (self->mappings.count == before)
			r = scan_maps(self, pid, thread, snapshot, err);
		if (r == 0 && pid != snapshot->broker &&
		    (thread == pid || !shares_files(pid, thread)))
			r = scan_descriptors(self, pid, thread, snapshot, err);
	}
	return r;
}

static int by_extent(const void *a, const void *b)
{
	const struct descriptor *one = a, *two = b;

	if (one->extent != two->extent)
		return one->extent < two->extent ? -1 : 1;
	if (one->pid != two->pid)
		return one->pid < two->pid ? -1 : 1;
	return (one->fd > two->fd) - (one->fd < two->fd);
}

int processes_scan(struct processes *self, const struct snapshot *snapshot,
		   struct err *err)
{
	int pid, r = 0;

	*self = (struct processes){0};
	cleanup_closedir DIR *dir = opendir("/proc");
	if (dir == NULL)
		return err_set(err, errno, "list the processes in /proc");
	while (r == 0 && next_number(dir, &pid)) {
		r = scan_process(self, pid, snapshot, err);
		self->count++;
	}
	if (r < 0) {
		processes_free(self);
		return r;
	}
	maps_sort(&self->mappings);
	if (self->ndescriptors > 0)
		qsort(self->descriptors, self->ndescriptors,
		      sizeof(*self->descriptors), by_extent);
	return 0;
}

void processes_free(struct processes *self)
{
	maps_free(&self->mappings);
	free(self->descriptors);
	*self = (struct processes){0};
}
