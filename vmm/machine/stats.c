/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/stats.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/kvm_compat.h"

/* As KVM names them for x86. */
static const char *const names[STATS_COUNTS] = {
	[STATS_EXITS] = "exits",
	[STATS_FAULTS] = "pf_taken",
	[STATS_INTERRUPTS] = "irq_exits",
};

/* A name has 48 bytes in all kernels so far. */
#define NAME_BYTES_MAX 128

/* One descriptor; the name is not all there is room for. */
union descriptor {
	struct kvm_stats_desc fixed;
	char bytes[sizeof(struct kvm_stats_desc) + NAME_BYTES_MAX + 1];
};

static bool read_at(int fd, void *to, size_t bytes, uint64_t at)
{
	return pread(fd, to, bytes, (off_t)at) == (ssize_t)bytes;
}

/* Where among the counts of interest a descriptor's name stands, or -1. */
static int index_of(const union descriptor *descriptor)
{
	const char *name = descriptor->bytes + sizeof(descriptor->fixed);

	for (int i = 0; i < STATS_COUNTS; i++) {
		if (strcmp(name, names[i]) == 0)
			return i;
	}
	return -1;
}

/* Note where each count stands; how many of them there are. */
static int find(struct stats *self, const struct kvm_stats_header *header)
{
	const size_t bytes = sizeof(struct kvm_stats_desc) + header->name_size;
	union descriptor descriptor;
	int found = 0;

	for (uint32_t i = 0; i < header->num_desc; i++) {
		memset(&descriptor, 0, sizeof(descriptor));
		if (!read_at(self->fd, &descriptor, bytes,
			     header->desc_offset + (uint64_t)i * bytes))
			return 0;
		int n = index_of(&descriptor);
		if (n < 0 || descriptor.fixed.size != 1)
			continue;
		self->at[n] =
			(uint64_t)header->data_offset + descriptor.fixed.offset;
		found++;
	}
	return found;
}

int stats_adopt(struct stats *self, int fd)
{
	struct kvm_stats_header header;

	self->fd = fd;
	if (fd >= 0 && read_at(fd, &header, sizeof(header), 0) &&
	    header.name_size <= NAME_BYTES_MAX &&
	    find(self, &header) == STATS_COUNTS)
		return 0;
	stats_close(self);
	return -ENODATA;
}

int stats_read(struct stats *self, int vcpu, uint64_t counts[STATS_COUNTS])
{
	if (self->fd < 0) {
		int r = stats_adopt(self, ioctl(vcpu, KVM_GET_STATS_FD, 0));
		if (r < 0)
			return r;
	}
	for (int i = 0; i < STATS_COUNTS; i++) {
		if (!read_at(self->fd, &counts[i], sizeof(counts[i]),
			     self->at[i]))
			return -ENODATA;
	}
	return 0;
}

void stats_close(struct stats *self)
{
	if (self->fd >= 0)
		close(self->fd);
	*self = STATS_NONE;
}
