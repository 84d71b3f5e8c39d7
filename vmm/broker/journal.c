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
#include "base/probe.h"

#define MAGIC	UINT64_C(0x726567646562616c) /* "labedger" in memory */
#define VERSION 2

/*
 * The file: this in a page of its own, then the guests, of which only those
 * have memory that were there, then the extents, which may become more.
 */
struct header {
	uint64_t magic; /* stored last: without it nothing here counts */
	uint32_t version;
	uint32_t leases;  /* extents; stored after room was made for them */
	uint32_t backing; /* enum lab_backing */
	uint32_t last_id;
	char pool[LAB_NAME_MAX];
	uint32_t asked; /* leases, when the pool was made */
	uint32_t size;	/* that are to be in service now */
	uint32_t bound; /* NUMA node + 1; 0: none */
	uint8_t reserved[28];
};

_Static_assert(sizeof(struct header) == 128, "journal: header");
_Static_assert(sizeof(struct journal_lease) == 24, "journal: extent");
_Static_assert(sizeof(struct journal_guest) == 104, "journal: guest");

#define PAGE	  4096u
#define GUESTS_AT PAGE
#define GUESTS_END \
	(GUESTS_AT + JOURNAL_GUESTS_MAX * sizeof(struct journal_guest))

_Static_assert(GUESTS_END % PAGE == 0, "journal: extents begin with a page");

struct journal {
	int fd;
	char *path;
	size_t bytes;	/* that are mapped */
	uint32_t slots; /* of guests that have memory: no other is touched */
	bool kept;
	struct header *header;
	struct journal_lease *leases;
	struct journal_guest *guests;
};

/* What is stored before is there when this is, whenever we are killed. */
static void store(uint32_t *to, uint32_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELEASE);
}

static size_t bytes_for(uint32_t leases)
{
	return GUESTS_END + (size_t)leases * sizeof(struct journal_lease);
}

static void point(struct journal *self, void *at)
{
	self->header = at;
	self->guests = (void *)((char *)at + GUESTS_AT);
	self->leases = (void *)((char *)at + GUESTS_END);
}

static int map(struct journal *self, uint32_t leases, struct err *err)
{
	size_t bytes = bytes_for(leases);
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			self->fd, 0);

	if (at == MAP_FAILED)
		return err_set(err, errno, "map the journal %s", self->path);
	self->bytes = bytes;
	point(self, at);
	return 0;
}

static void unmap(struct journal *self)
{
	if (self->header != NULL)
		munmap(self->header, self->bytes);
	self->header = NULL;
}

/*
 * Guests get the lowest free place, so what has memory ends at the first hole.
 * To look into a hole would be to fill it, or in a full file system a SIGBUS.
 */
static uint32_t slots_there(const struct journal *self)
{
	off_t end = lseek(self->fd, GUESTS_AT, SEEK_HOLE);

	if (end < (off_t)GUESTS_AT || end > (off_t)GUESTS_END)
		return JOURNAL_GUESTS_MAX;
	return (uint32_t)(((size_t)end - GUESTS_AT) /
			  sizeof(struct journal_guest));
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
	/* There may be room already for extents that were to come. */
	return header->version == VERSION && header->size > 0 &&
	       header->size <= header->leases &&
	       (off_t)bytes_for(header->leases) <= bytes &&
	       pages_known(header->backing) &&
	       strncmp(header->pool, pool, sizeof(header->pool)) == 0;
}

/*
 * Map what an earlier broker left, if it counts: 1, or 0 where none does. Of
 * the size that it had changed, more counts: *leases becomes that.
 */
static int keep(struct journal *self, const char *pool, uint32_t *leases,
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
	int r = map(self, header.leases, err);
	if (r < 0)
		return r;
	self->slots = slots_there(self);
	bool changed = header.asked != *leases;
	if (!changed)
		*leases = header.size;
	if (!has_guests(self)) {
		unmap(self);
		return 0;
	}
	r = changed ? journal_resize(self, *leases, err) : 0;
	self->kept = true;
	return r < 0 ? r : 1;
}

/* So that no store into them can fail, which would be a SIGBUS. */
static int allocate(struct journal *self, size_t from, size_t to,
		    struct err *err)
{
	int code = posix_fallocate(self->fd, (off_t)from, (off_t)(to - from));

	return code == 0 ? 0
			 : err_set(err, code, "allocate the journal %s",
				   self->path);
}

static int begin(struct journal *self, const char *pool, uint32_t leases,
		 enum lab_backing backing, struct err *err)
{
	size_t bytes = bytes_for(leases);

	if (ftruncate(self->fd, 0) < 0 || ftruncate(self->fd, (off_t)bytes) < 0)
		return err_set(err, errno, "make the journal %s", self->path);
	int r = allocate(self, 0, GUESTS_AT, err);
	if (r == 0)
		r = allocate(self, GUESTS_END, bytes, err);
	if (r == 0)
		r = map(self, leases, err);
	if (r < 0)
		return r;
	self->slots = 0;
	self->header->version = VERSION;
	self->header->leases = leases;
	self->header->size = leases;
	self->header->backing = backing;
	strcpy(self->header->pool, pool);
	return 0;
}

int journal_resize(struct journal *self, uint32_t size, struct err *err)
{
	size_t bytes = bytes_for(size);

	if (size <= self->header->leases) {
		store(&self->header->size, size);
		return 0;
	}
	int r = allocate(self, bytes_for(self->header->leases), bytes, err);
	if (r < 0)
		return r;
	void *at = mremap(self->header, self->bytes, bytes, MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		return err_set(err, errno, "map the journal %s", self->path);
	self->bytes = bytes;
	point(self, at);
	store(&self->header->leases, size);
	store(&self->header->size, size);
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
	uint32_t size = leases;
	int r = self->path == NULL || self->fd < 0
			? err_set(err, errno, "open the journal %s", path)
			: keep(self, pool, &size, err);
	if (r == 0)
		r = begin(self, pool, size, backing, err);
	if (r < 0) {
		let_go(self);
		return r;
	}
	self->header->asked = leases;
	__atomic_store_n(&self->header->magic, MAGIC, __ATOMIC_RELEASE);
	PROBE(journal_opened, leases);
	*out = self;
	return 0;
}

void journal_close(struct journal *self)
{
	if (self == NULL)
		return;
	if (!has_guests(self) && self->header->size == self->header->asked)
		unlink(self->path);
	let_go(self);
}

void journal_forget(struct journal *self)
{
	self->header->asked = self->header->size;
}

/* Reading */

enum lab_backing journal_backing(const struct journal *self)
{
	return (enum lab_backing)self->header->backing;
}

bool journal_kept(const struct journal *self)
{
	return self->kept;
}

uint32_t journal_total(const struct journal *self)
{
	return self->header->leases;
}

uint32_t journal_size(const struct journal *self)
{
	return self->header->size;
}

int journal_node(const struct journal *self)
{
	return (int)self->header->bound - 1;
}

uint32_t journal_last_id(const struct journal *self)
{
	return self->header->last_id;
}

const struct journal_guest *journal_guest(const struct journal *self,
					  uint32_t slot)
{
	return slot < self->slots && self->guests[slot].id != 0
		       ? &self->guests[slot]
		       : NULL;
}

const struct journal_lease *journal_lease(const struct journal *self,
					  uint32_t extent)
{
	return &self->leases[extent];
}

/* Writing */

void journal_set_backing(struct journal *self, enum lab_backing backing)
{
	store(&self->header->backing, backing);
}

void journal_set_node(struct journal *self, int node)
{
	store(&self->header->bound, (uint32_t)(node + 1));
}

int journal_admit(struct journal *self, const struct journal_guest *guest)
{
	uint32_t slot = 0;

	while (slot < self->slots && self->guests[slot].id != 0)
		slot++;
	if (slot == JOURNAL_GUESTS_MAX)
		return -ENOSPC;
	size_t at = GUESTS_AT + slot * sizeof(*guest);
	int code = posix_fallocate(self->fd, (off_t)at, sizeof(*guest));
	if (code != 0)
		return -code;
	if (slot == self->slots)
		self->slots = slot + 1;
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

void journal_limit(struct journal *self, uint32_t slot, uint32_t limit)
{
	store(&self->guests[slot].limit, limit);
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
