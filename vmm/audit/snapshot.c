/* SPDX-License-Identifier: MIT */
/* Bytes from the broker: checked, then found again by file and by number. */
#include <config.h>

#include "audit/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bounds for nothing but arithmetic: larger is not believed. */
#define EXTENTS_MAX (UINT64_C(1) << 30)
#define ENTRIES_MAX (UINT32_C(1) << 20)

struct snapshot_file {
	uint64_t device;
	uint64_t inode;
	uint32_t extent;
};

static int refuse(struct err *err, const char *what)
{
	return err_say(err, EPROTO, "the broker's answer makes no sense: %s",
		       what);
}

/* The sizes first: whatever follows walks by them. */
static int check_header(struct snapshot *self, struct err *err)
{
	const struct lab_audit *header = self->bytes;

	if (self->length < sizeof(*header) || header->magic != LAB_AUDIT_MAGIC)
		return refuse(err, "it is no snapshot");
	if (header->version != LAB_AUDIT_VERSION)
		return err_say(err, EPROTONOSUPPORT,
			       "the broker's snapshot has version %u, not %d",
			       header->version, LAB_AUDIT_VERSION);
	if (header->extents > EXTENTS_MAX || header->pools > ENTRIES_MAX ||
	    header->guests > ENTRIES_MAX)
		return refuse(err, "it is too large");
	uint64_t bytes = sizeof(*header) +
			 header->pools * sizeof(*self->pools) +
			 header->guests * sizeof(*self->guests) +
			 header->extents * sizeof(*self->extents);
	if (header->bytes != bytes || self->length != bytes)
		return refuse(err, "its length is not that of its parts");
	self->header = header;
	self->pools = (const void *)(header + 1);
	self->guests = (const void *)(self->pools + header->pools);
	self->extents = (const void *)(self->guests + header->guests);
	return 0;
}

static int terminated(const char name[LAB_NAME_MAX])
{
	return memchr(name, '\0', LAB_NAME_MAX) != NULL;
}

/* What is wrong with the books is for the comparison; here: can it be read? */
static int check_parts(struct snapshot *self, struct err *err)
{
	uint64_t extents = 0;

	for (uint32_t i = 0; i < self->header->pools; i++) {
		if (!terminated(self->pools[i].name))
			return refuse(err, "a pool's name has no end");
		extents += self->pools[i].total;
	}
	if (extents != self->header->extents)
		return refuse(err, "its extents are not those of its pools");
	for (uint32_t i = 0; i < self->header->guests; i++) {
		if (!terminated(self->guests[i].name))
			return refuse(err, "a guest's name has no end");
		if (self->guests[i].pool >= self->header->pools)
			return refuse(err, "a guest is of no pool");
	}
	for (uint64_t i = 0; i < extents; i++)
		if (self->extents[i].state >= LAB_EXTENT_STATES)
			return refuse(err, "an extent is in no state");
	return 0;
}

static int choose(struct snapshot *self, const char *pool, struct err *err)
{
	uint32_t first = 0;

	self->end = (uint32_t)self->header->extents;
	if (pool == NULL)
		return 0;
	for (uint32_t i = 0; i < self->header->pools; i++) {
		self->first = first;
		self->end = first + self->pools[i].total;
		if (strcmp(self->pools[i].name, pool) == 0)
			return 0;
		first = self->end;
	}
	return err_say(err, ENOENT, "the broker has no pool named %s", pool);
}

static int by_file(const void *a, const void *b)
{
	const struct snapshot_file *one = a, *two = b;

	if (one->inode != two->inode)
		return one->inode < two->inode ? -1 : 1;
	return (one->device > two->device) - (one->device < two->device);
}

static int by_id(const void *a, const void *b)
{
	const struct lab_audit_guest *const *one = a, *const *two = b;

	return ((*one)->id > (*two)->id) - ((*one)->id < (*two)->id);
}

static int make_index(struct snapshot *self, struct err *err)
{
	uint32_t guests = self->header->guests;

	self->files = calloc(self->end - self->first + 1, sizeof(*self->files));
	self->by_id = calloc(guests + 1, sizeof(*self->by_id));
	if (self->files == NULL || self->by_id == NULL)
		return err_set(err, ENOMEM, "sort the broker's answer");
	for (uint32_t i = self->first; i < self->end; i++) {
		const struct lab_audit_extent *extent = &self->extents[i];
		if (extent->inode != 0)
			self->files[self->nfiles++] = (struct snapshot_file){
				.device = extent->device,
				.inode = extent->inode,
				.extent = i,
			};
	}
	qsort(self->files, self->nfiles, sizeof(*self->files), by_file);
	for (uint32_t i = 0; i < guests; i++)
		self->by_id[i] = &self->guests[i];
	qsort(self->by_id, guests, sizeof(*self->by_id), by_id);
	return 0;
}

int snapshot_take(struct snapshot *self, void *bytes, size_t length,
		  const char *pool, struct err *err)
{
	*self = (struct snapshot){.bytes = bytes, .length = length};
	int r = check_header(self, err);
	if (r == 0)
		r = check_parts(self, err);
	if (r == 0)
		r = choose(self, pool, err);
	if (r == 0)
		r = make_index(self, err);
	if (r < 0)
		snapshot_free(self);
	return r;
}

void snapshot_free(struct snapshot *self)
{
	free(self->bytes);
	free(self->files);
	free(self->by_id);
	*self = (struct snapshot){0};
}

uint32_t snapshot_find(const struct snapshot *self, uint64_t device,
		       uint64_t inode)
{
	const struct snapshot_file key = {.device = device, .inode = inode};
	const struct snapshot_file *found =
		bsearch(&key, self->files, self->nfiles, sizeof(key), by_file);

	return found != NULL ? found->extent : SNAPSHOT_NONE;
}

const struct lab_audit_guest *snapshot_guest(const struct snapshot *self,
					     uint32_t id)
{
	const struct lab_audit_guest wanted = {.id = id};
	const struct lab_audit_guest *key = &wanted;
	const struct lab_audit_guest **found =
		bsearch(&key, self->by_id, self->header->guests,
			sizeof(*self->by_id), by_id);

	return found != NULL ? *found : NULL;
}

const struct lab_audit_guest *snapshot_guest_of(const struct snapshot *self,
						pid_t pid)
{
	for (uint32_t i = 0; i < self->header->guests; i++)
		if ((pid_t)self->guests[i].pid == pid)
			return &self->guests[i];
	return NULL;
}

struct snapshot_place snapshot_place(const struct snapshot *self,
				     uint32_t extent)
{
	struct snapshot_place place = {.extent = extent};

	while (place.extent >= self->pools[place.pool].total)
		place.extent -= self->pools[place.pool++].total;
	return place;
}

int snapshot_covers(const struct snapshot *self, uint32_t pool)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i < pool; i++)
		first += self->pools[i].total;
	return first >= self->first && first < self->end;
}
