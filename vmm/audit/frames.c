/* SPDX-License-Identifier: MIT */
/* Three files of numbers, 8 bytes for each page or frame. */
#include <config.h>

#include "audit/frames.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* An entry of pagemap: Documentation/admin-guide/mm/pagemap.rst. */
#define PRESENT (UINT64_C(1) << 63)
#define SWAPPED (UINT64_C(1) << 62)
#define NUMBER	((UINT64_C(1) << 55) - 1)

static int open_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return err_say(err, ENOENT,
			       "there is no %s: this kernel is built without "
			       "CONFIG_PROC_PAGE_MONITOR",
			       path);
	return err_set(err, errno, "open %s%s", path,
		       errno == EACCES || errno == EPERM ? " (try as root)"
							 : "");
}

/*
 * Some kernels, 6.12 among them, say KPF_KSM of every anonymous page. A page of
 * our own is never merged: if it is said of that, it is not believed of any,
 * and what smaps says of KSM must do.
 */
static int probe_ksm(struct frames *self, struct err *err)
{
	struct frame frame;
	long page = sysconf(_SC_PAGESIZE);
	char *own = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (own == MAP_FAILED)
		return err_set(err, errno, "look at a page of our own");
	*own = 1;
	int r = frames_read(self, getpid(), (uintptr_t)own, &frame, 1, err);
	munmap(own, (size_t)page);
	self->ksm_unknown = r == 0 && frame.flags >> KPF_KSM & 1;
	return r;
}

int frames_open(struct frames *self, struct err *err)
{
	*self = (struct frames){.counts = -1, .flags = -1, .pages = -1};
	self->counts = open_file("/proc/kpagecount", err);
	if (self->counts < 0)
		return self->counts;
	self->flags = open_file("/proc/kpageflags", err);
	int r = self->flags < 0 ? self->flags : probe_ksm(self, err);
	if (r < 0)
		frames_close(self);
	return r;
}

void frames_close(struct frames *self)
{
	if (self->counts >= 0)
		close(self->counts);
	if (self->flags >= 0)
		close(self->flags);
	if (self->pages >= 0)
		close(self->pages);
	*self = (struct frames){.counts = -1, .flags = -1, .pages = -1};
}

/* One process after the other is asked for, so one file is kept open. */
static int choose(struct frames *self, pid_t pid, struct err *err)
{
	char path[32];

	if (self->pages >= 0 && self->pid == pid)
		return 0;
	if (self->pages >= 0)
		close(self->pages);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	self->pages = open(path, O_RDONLY | O_CLOEXEC);
	self->pid = pid;
	if (self->pages >= 0 || errno == ENOENT || errno == ESRCH)
		return 0;
	return open_file(path, err);
}

/* Entries `first` on of a file of 8-byte entries; those past its end are 0. */
static int read_entries(int fd, uint64_t first, uint64_t *entries,
			unsigned int count)
{
	size_t bytes = count * sizeof(*entries), done = 0;

	memset(entries, 0, bytes);
	while (done < bytes) {
		ssize_t got = pread(fd, (char *)entries + done, bytes - done,
				    (off_t)(first * sizeof(*entries) + done));
		if (got < 0)
			return errno == ESRCH ? 0 : -errno;
		if (got == 0)
			return 0;
		done += (size_t)got;
	}
	return 0;
}

/* Count and flags of a run of frames with numbers that follow each other. */
static int read_run(struct frames *self, struct frame *run, unsigned int count,
		    struct err *err)
{
	uint64_t counts[LAB_EXTENT_PAGES], flags[LAB_EXTENT_PAGES];

	int r = read_entries(self->counts, run->number, counts, count);
	if (r == 0)
		r = read_entries(self->flags, run->number, flags, count);
	if (r < 0)
		return err_set(err, -r, "ask the kernel for frame %llu",
			       (unsigned long long)run->number);
	for (unsigned int i = 0; i < count; i++) {
		run[i].count = counts[i];
		run[i].flags = flags[i];
		if (self->ksm_unknown)
			run[i].flags &= ~(UINT64_C(1) << KPF_KSM);
	}
	return 0;
}

/* How many frames from the first on have numbers that follow each other? */
static unsigned int run_length(const struct frame *frames, unsigned int count)
{
	unsigned int length = 1;

	while (length < count && frames[length].present &&
	       frames[length].number == frames->number + length)
		length++;
	return length;
}

static int describe(struct frames *self, struct frame *frames,
		    unsigned int count, struct err *err)
{
	unsigned int length;

	for (unsigned int i = 0; i < count; i += length) {
		length = 1;
		if (!frames[i].present)
			continue;
		/* The kernel hides the numbers and says nothing of it. */
		if (frames[i].number == 0)
			return err_say(err, EPERM,
				       "the kernel does not tell the numbers "
				       "of page frames: that takes "
				       "CAP_SYS_ADMIN (try as root)");
		length = run_length(frames + i, count - i);
		int r = read_run(self, frames + i, length, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int frames_read(struct frames *self, pid_t pid, uint64_t address,
		struct frame *frames, unsigned int count, struct err *err)
{
	uint64_t pages[LAB_EXTENT_PAGES] = {0};

	if (count > LAB_EXTENT_PAGES)
		count = LAB_EXTENT_PAGES;
	int r = choose(self, pid, err);
	if (r < 0)
		return r;
	if (self->pages >= 0)
		r = read_entries(self->pages, address / LAB_PAGE_SIZE, pages,
				 count);
	if (r < 0)
		return err_set(err, -r, "read the page map of process %d", pid);
	for (unsigned int i = 0; i < count; i++) {
		bool present = pages[i] & PRESENT;
		frames[i] = (struct frame){
			.number = present ? pages[i] & NUMBER : 0,
			.present = present,
			.swapped = pages[i] & SWAPPED,
		};
	}
	return describe(self, frames, count, err);
}
