/* SPDX-License-Identifier: MIT */
/* Records in a mapped file, each made valid by its last store. */
#include <config.h>

#include "broker/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/pages.h"

#define MAGIC	UINT64_C(0x726567646562616c) /* "labedger" in memory */
#define VERSION 1

/* The file: this, then the extents, then the guests from a page on. */
struct header {
	uint64_t magic; /* stored last: without it nothing here counts */
	uint32_t version;
	uint32_t leases;
	uint32_t backing; /* enum lab_backing */
	uint32_t last_id;
	char pool[LAB_NAME_MAX];
	uint8_t reserved[40];
};

_Static_assert(sizeof(struct header) == 128, "journal: header");
_Static_assert(sizeof(struct journal_lease) == 24, "journal: extent");
_Static_assert(sizeof(struct journal_guest) == 104, "journal: guest");

struct journal {
	int fd;
	char *path;
	size_t bytes;
	size_t guests_at;
	uint32_t slots;
	struct header *header;
	struct journal_lease *leases;
	struct journal_guest *guests;
};

/* What is stored before is there when this is, whenever we are killed. */
static void store(uint32_t *to, uint32_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELEASE);
}

static void lay_out(struct journal *self, uint32_t leases)
{
	const size_t page = 4096;
	size_t bytes = sizeof(struct header) +
		       (size_t)leases * sizeof(struct journal_lease);

	self->slots = leases < JOURNAL_GUESTS_MAX ? leases : JOURNAL_GUESTS_MAX;
	self->guests_at = (bytes + page - 1) / page * page;
	self->bytes =
		self->guests_at + self->slots * sizeof(struct journal_guest);
}

static int map(struct journal *self, struct err *err)
{
	void *at = mmap(NULL, self->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			self->fd, 0);

	if (at == MAP_FAILED)
		return err_set(err, errno, "map the journal %s", self->path);
	self->header = at;
	self->leases = (void *)((char *)at + sizeof(struct header));
	self->guests = (void *)((char *)at + self->guests_at);
	return 0;
}

static void unmap(struct journal *self)
{
	if (self->header != NULL)
		munmap(self->header, self->bytes);
	self->header = NULL;
}

static bool has_guests(const struct journal *self)
{
	for (uint32_t i = 0; i < self->slots; i++) {
		if (self->guests[i].id != 0)
			return true;
	}
	return false;
}

static bool believable(const struct header *header, off_t bytes,
		       const char *pool)
{
	struct journal laid_out = {0};

	lay_out(&laid_out, header->leases);
	return header->version == VERSION && header->leases > 0 &&
	       (off_t)laid_out.bytes == bytes && pages_known(header->backing) &&
	       strncmp(header->pool, pool, sizeof(header->pool)) == 0;
}

/* Map what an earlier broker left, if it counts: 1, or 0 where none does. */
static int keep(struct journal *self, const char *pool, uint32_t leases,
		struct err *err)
{
	struct header header = {0};
	struct stat stat;

	if (fstat(self->fd, &stat) < 0 ||
	    pread(self->fd, &header, sizeof(header), 0) < 0)
		return err_set(err, errno, "read the journal %s", self->path);
	if (header.magic == 0)
		return 0; /* none yet, or killed before it was one */
	if (header.magic != MAGIC || !believable(&header, stat.st_size, pool))
		return err_say(err, EUCLEAN,
			       "%s is no journal of pool %s: move it away, and "
			       "no guest of an earlier broker is adopted",
			       self->path, pool);
	lay_out(self, header.leases);
	int r = map(self, err);
	if (r < 0)
		return r;
	if (!has_guests(self)) {
		unmap(self);
		return 0;
	}
	if (header.leases != leases)
		return err_say(err, EBUSY,
			       "pool %s had %u leases, not %u, and guests of "
			       "the broker before may still hold some of them: "
			       "give it its size, or end them and remove %s",
			       pool, header.leases, leases, self->path);
	return 1;
}

static int begin(struct journal *self, const char *pool, uint32_t leases,
		 enum lab_backing backing, struct err *err)
{
	lay_out(self, leases);
	if (ftruncate(self->fd, 0) < 0 ||
	    ftruncate(self->fd, (off_t)self->bytes) < 0)
		return err_set(err, errno, "make the journal %s", self->path);
	/* So that no store into it can fail, which would be a SIGBUS. */
	int code = posix_fallocate(self->fd, 0, (off_t)self->guests_at);
	if (code != 0)
		return err_set(err, code, "allocate the journal %s",
			       self->path);
	int r = map(self, err);
	if (r < 0)
		return r;
	self->header->version = VERSION;
	self->header->leases = leases;
	self->header->backing = backing;
	strcpy(self->header->pool, pool);
	__atomic_store_n(&self->header->magic, MAGIC, __ATOMIC_RELEASE);
	return 0;
}

static void let_go(struct journal *self)
{
	unmap(self);
	if (self->fd >= 0)
		close(self->fd);
	free(self->path);
	free(self);
}

int journal_open(struct journal **out, const char *path, const char *pool,
		 uint32_t leases, enum lab_backing backing, struct err *err)
{
	struct journal *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return err_set(err, ENOMEM, "open the journal %s", path);
	self->path = strdup(path);
	self->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = self->path == NULL || self->fd < 0
			? err_set(err, errno, "open the journal %s", path)
			: keep(self, pool, leases, err);
	if (r == 0)
		r = begin(self, pool, leases, backing, err);
	if (r < 0) {
		let_go(self);
		return r;
	}
	*out = self;
	return 0;
}

void journal_close(struct journal *self)
{
	if (self == NULL)
		return;
	if (!has_guests(self))
		unlink(self->path);
	let_go(self);
}

/* Reading */

enum lab_backing journal_backing(const struct journal *self)
{
	return (enum lab_backing)self->header->backing;
}

uint32_t journal_last_id(const struct journal *self)
{
	return self->header->last_id;
}

uint32_t journal_slots(const struct journal *self)
{
	return self->slots;
}

const struct journal_guest *journal_guest(const struct journal *self,
					  uint32_t slot)
{
	return self->guests[slot].id != 0 ? &self->guests[slot] : NULL;
}

const struct journal_lease *journal_lease(const struct journal *self,
					  uint32_t extent)
{
	return &self->leases[extent];
}

/* Writing */

int journal_admit(struct journal *self, const struct journal_guest *guest)
{
	uint32_t slot = 0;

	while (slot < self->slots && self->guests[slot].id != 0)
		slot++;
	if (slot == self->slots)
		return -ENOSPC;
	size_t at = self->guests_at + slot * sizeof(*guest);
	int code = posix_fallocate(self->fd, (off_t)at, sizeof(*guest));
	if (code != 0)
		return -code;
	struct journal_guest *to = &self->guests[slot];
	memcpy(&to->ending, &guest->ending,
	       sizeof(*to) - offsetof(struct journal_guest, ending));
	if (guest->id > self->header->last_id)
		store(&self->header->last_id, guest->id);
	store(&to->id, guest->id);
	return (int)slot;
}

void journal_ending(struct journal *self, uint32_t slot)
{
	store(&self->guests[slot].ending, 1);
}

void journal_dismiss(struct journal *self, uint32_t slot)
{
	store(&self->guests[slot].id, 0);
}

void journal_file(struct journal *self, uint32_t extent, uint64_t device,
		  uint64_t inode)
{
	self->leases[extent].device = device;
	self->leases[extent].inode = inode;
}

void journal_lend(struct journal *self, uint32_t extent, uint32_t generation,
		  uint32_t owner)
{
	self->leases[extent].generation = generation;
	store(&self->leases[extent].owner, owner);
}

void journal_unlend(struct journal *self, uint32_t extent)
{
	store(&self->leases[extent].owner, 0);
}
