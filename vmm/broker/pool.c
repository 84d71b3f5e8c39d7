/* SPDX-License-Identifier: MIT */
/* Extents and their files, moved together. */
#include <config.h>

#include "broker/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <uuid.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/pages.h"
#include "broker/backing.h"
#include "broker/guest_memfd.h"

struct pool {
	char name[LAB_NAME_MAX];
	uint8_t uuid[16];
	enum lab_backing backing;
	struct ledger *ledger;
	struct journal *journal; /* NULL: none is kept */
	int *files;	  /* -1 while withdrawn, or leased and not proven yet */
	uint64_t *inodes; /* of the files; 0 where there is none */
	uint64_t device;  /* of all of them: the kernel's, for memory files */
	struct proof_file wanted; /* what pool_record() pointed at last */
	bool starving;		  /* the last fresh file could not be had */
	struct pool_shortage shortage;
};

/* Pools are named in this space: RFC 4122, version 5. */
static const uuid_t pool_space = {0x6c, 0x61, 0x62, 0x79, 0x72, 0x69,
				  0x4e, 0x54, 0x88, 0x70, 0x6f, 0x6f,
				  0x6c, 0x73, 0x00, 0x01};

static struct pool *pool_empty(const struct pool_spec *spec)
{
	struct pool *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->ledger = ledger_new(spec->leases);
	self->files = malloc(spec->leases * sizeof(int));
	self->inodes = calloc(spec->leases, sizeof(*self->inodes));
	if (self->ledger == NULL || self->files == NULL ||
	    self->inodes == NULL) {
		ledger_free(self->ledger);
		free(self->files);
		free(self->inodes);
		free(self);
		return NULL;
	}
	for (uint32_t i = 0; i < spec->leases; i++)
		self->files[i] = -1;
	self->shortage.marks = watermark_for(spec->leases);
	strcpy(self->name, spec->name);
	uuid_generate_sha1(self->uuid, pool_space, spec->name,
			   strlen(spec->name));
	self->backing = spec->backing != 0 ? spec->backing
					   : backing_choose(spec->leases);
	return self;
}

void pool_free(struct pool *self)
{
	if (self == NULL)
		return;
	for (uint32_t i = 0; i < ledger_total(self->ledger); i++) {
		if (self->files[i] >= 0)
			close(self->files[i]);
	}
	journal_close(self->journal);
	ledger_free(self->ledger);
	free(self->files);
	free(self->inodes);
	free(self);
}

/* The kernel's name of an extent's file: noted now, so that to ask is cheap. */
static int note_identity(struct pool *self, uint32_t extent)
{
	struct stat stat;

	if (fstat(self->files[extent], &stat) < 0)
		return -errno;
	self->device = stat.st_dev;
	self->inodes[extent] = stat.st_ino;
	return 0;
}

/* And by what a later broker will know it. */
static int note_file(struct pool *self, uint32_t extent)
{
	int r = note_identity(self, extent);

	if (r == 0 && self->journal != NULL)
		journal_file(self->journal, extent, self->device,
			     self->inodes[extent]);
	return r;
}

/* What a process other than its owner does with it is not the pool's. */
static void look_for_strangers(const struct pool *self, uint32_t extent)
{
	if (self->backing == LAB_BACKING_GUEST_MEMFD &&
	    guest_memfd_pages(self->files[extent]) > 0)
		log_warning("pool %s: lease %u was taken, and a process has "
			    "touched its file since: it has fresh pages, of "
			    "its own account",
			    self->name, extent);
}

/* A file of its own for every owner: so nothing of the last one is in it. */
static int fresh_file(struct pool *self, uint32_t extent)
{
	char name[LAB_NAME_MAX + 32];

	if (self->files[extent] >= 0) {
		look_for_strangers(self, extent);
		close(self->files[extent]);
		self->files[extent] = -1;
		self->inodes[extent] = 0;
	}
	snprintf(name, sizeof(name), "labyrinth:%s:%u", self->name, extent);
	self->files[extent] = backing_create(self->backing, name);
	int r = self->files[extent];
	if (r < 0) {
		self->files[extent] = -1;
		return r;
	}
	return note_file(self, extent);
}

/* Allocation of a big pool takes a while: tell who waits. */
static void say_progress(const struct pool *self, uint32_t done, time_t *said)
{
	time_t now = time(NULL);

	if (*said == 0)
		*said = now;
	if (now - *said < 2)
		return;
	*said = now;
	log_info("pool %s: %u of %u leases allocated", self->name, done,
		 ledger_total(self->ledger));
}

int pool_fill(struct pool *self, struct err *err)
{
	uint32_t total = ledger_total(self->ledger);
	uint32_t leased = ledger_count(self->ledger, EXTENT_LEASED);
	time_t said = 0;

	int r = backing_check(self->backing, total - leased, err);
	if (r < 0)
		return err_wrap(err, "pool %s", self->name);
	for (uint32_t i = 0; i < total; i++) {
		if (ledger_state(self->ledger, i) == EXTENT_LEASED)
			continue;
		r = fresh_file(self, i);
		if (r < 0)
			return err_set(err, -r,
				       "pool %s: allocate lease %u of %u on "
				       "%s",
				       self->name, i + 1, total,
				       pages_title(self->backing));
		if (ledger_state(self->ledger, i) == EXTENT_WITHDRAWN)
			ledger_move(self->ledger, i, EXTENT_DIRTY, NULL);
		ledger_move(self->ledger, i, EXTENT_BLANK, NULL);
		say_progress(self, i + 1, &said);
	}
	return 0;
}

static int open_journal(struct pool *self, const char *dir, struct err *err)
{
	char path[256];

	if (snprintf(path, sizeof(path), "%s/%s.ledger", dir, self->name) >=
	    (int)sizeof(path))
		return err_say(err, ENAMETOOLONG,
			       "the run directory's name is too long: %s", dir);
	int r = journal_open(&self->journal, path, self->name,
			     ledger_total(self->ledger), self->backing, err);
	if (r == 0)
		self->backing = journal_backing(self->journal);
	return r;
}

int pool_open(struct pool **out, const struct pool_spec *spec, const char *dir,
	      struct err *err)
{
	if (spec->leases == 0 || spec->leases > POOL_LEASES_MAX)
		return err_say(err, EINVAL,
			       "pool %s: it can have 1 to %u leases of 2M, "
			       "not %u",
			       spec->name, POOL_LEASES_MAX, spec->leases);
	struct pool *self = pool_empty(spec);
	if (self == NULL)
		return err_set(err, ENOMEM, "pool %s", spec->name);
	int r = dir != NULL ? open_journal(self, dir, err) : 0;
	if (r < 0) {
		pool_free(self);
		return r;
	}
	*out = self;
	return 0;
}

int pool_new(struct pool **out, const struct pool_spec *spec, struct err *err)
{
	struct pool *self = NULL;

	int r = pool_open(&self, spec, NULL, err);
	if (r == 0)
		r = pool_fill(self, err);
	if (r < 0) {
		pool_free(self);
		return r;
	}
	*out = self;
	return 0;
}

const char *pool_name(const struct pool *self)
{
	return self->name;
}

const uint8_t *pool_uuid(const struct pool *self)
{
	return self->uuid;
}

enum lab_backing pool_backing(const struct pool *self)
{
	return self->backing;
}

struct ledger *pool_ledger(const struct pool *self)
{
	return self->ledger;
}

struct pool_shortage *pool_shortage(struct pool *self)
{
	return &self->shortage;
}

struct journal *pool_journal(const struct pool *self)
{
	return self->journal;
}

uint32_t pool_lease(struct pool *self, struct account *account)
{
	uint32_t extent = ledger_first(self->ledger, EXTENT_BLANK);

	ledger_move(self->ledger, extent, EXTENT_LEASED, account);
	if (self->journal != NULL)
		journal_lend(self->journal, extent,
			     ledger_generation(self->ledger, extent),
			     account->id);
	return extent;
}

bool pool_takes_files(const struct pool *self)
{
	return self->backing == LAB_BACKING_GUEST_MEMFD;
}

int pool_fund(struct pool *self, int fd)
{
	uint32_t extent = ledger_first(self->ledger, EXTENT_BLANK);

	/* For a moment there are both: better than neither. */
	int r = guest_memfd_fund(fd);
	if (r < 0) {
		guest_memfd_cut(fd);
		close(fd);
		return r;
	}
	close(self->files[extent]);
	self->files[extent] = fd;
	/* It has been asked for its size before, so this does not fail. */
	(void)note_file(self, extent);
	return 0;
}

int pool_file(const struct pool *self, uint32_t extent)
{
	return self->files[extent];
}

void pool_identity(const struct pool *self, uint32_t extent, uint64_t *device,
		   uint64_t *inode)
{
	*inode = self->inodes[extent];
	*device = *inode != 0 ? self->device : 0;
}

static int cut(struct pool *self, uint32_t extent)
{
	int fd = self->files[extent], r = 0;

	/* Without a file: nobody was found to have it any more. */
	if (fd >= 0)
		r = pool_takes_files(self) ? guest_memfd_cut(fd)
					   : backing_cut(fd);
	if (r < 0)
		return r;
	ledger_move(self->ledger, extent, EXTENT_DIRTY, NULL);
	if (self->journal != NULL)
		journal_unlend(self->journal, extent);
	return 0;
}

void pool_revoke(struct pool *self, uint32_t extent, struct account *account)
{
	ledger_move(self->ledger, extent, EXTENT_REVOKING, account);
	int r = cut(self, extent);
	if (r < 0)
		log_error("pool %s: lease %u could not be revoked: %s; it "
			  "stays out of use",
			  self->name, extent, strerror(-r));
}

void pool_revoke_all(struct pool *self, struct account *account)
{
	while (account->held > 0)
		pool_revoke(self, account->leases.first, account);
}

uint32_t pool_revoke_found(struct pool *self, struct account *account)
{
	uint32_t revoked = 0, next;

	for (uint32_t i = account->leases.first; i != LEDGER_NO_EXTENT;
	     i = next) {
		next = ledger_next(self->ledger, i);
		if (self->files[i] < 0)
			continue;
		pool_revoke(self, i, account);
		revoked++;
	}
	return revoked;
}

/* What an earlier broker left */

void pool_restore(struct pool *self, uint32_t extent, struct account *account)
{
	ledger_restore(self->ledger, extent,
		       journal_lease(self->journal, extent)->generation,
		       account);
	if (account == NULL)
		journal_unlend(self->journal, extent);
}

const struct proof_file *pool_record(struct pool *self, uint32_t extent)
{
	if (self->journal == NULL || extent >= ledger_total(self->ledger) ||
	    ledger_state(self->ledger, extent) != EXTENT_LEASED)
		return NULL;
	const struct journal_lease *lease =
		journal_lease(self->journal, extent);
	self->wanted = (struct proof_file){.device = lease->device,
					   .inode = lease->inode};
	return &self->wanted;
}

void pool_adopt(struct pool *self, uint32_t extent, int fd)
{
	if (self->files[extent] >= 0) {
		close(fd);
		return;
	}
	self->files[extent] = fd;
	/* The proof asked the same of it, so this does not fail. */
	(void)note_identity(self, extent);
}

uint32_t pool_revoke_unseen(struct pool *self, struct account *account,
			    const uint8_t *seen)
{
	uint32_t revoked = 0, next;

	for (uint32_t i = account->leases.first; i != LEDGER_NO_EXTENT;
	     i = next) {
		next = ledger_next(self->ledger, i);
		if (seen[i] != 0)
			continue;
		pool_revoke(self, i, account);
		revoked++;
	}
	return revoked;
}

/* One line when memory runs short, and one when all is well again. */
static void starve(struct pool *self, int reason)
{
	if (!self->starving)
		log_warning("pool %s: no memory for a fresh lease (%s); "
			    "withdrawn until there is",
			    self->name, strerror(reason));
	self->starving = true;
}

/* Memory came back: bring back, one by one, what was withdrawn without it. */
static void recover(struct pool *self)
{
	uint32_t next = ledger_first(self->ledger, EXTENT_WITHDRAWN);

	if (next != LEDGER_NO_EXTENT)
		ledger_move(self->ledger, next, EXTENT_DIRTY, NULL);
	else if (self->starving)
		log_info("pool %s: all leases are in service again",
			 self->name);
	self->starving = next != LEDGER_NO_EXTENT;
}

bool pool_scrub(struct pool *self)
{
	uint32_t extent = ledger_first(self->ledger, EXTENT_DIRTY);

	if (extent == LEDGER_NO_EXTENT)
		return false;
	int r = fresh_file(self, extent);
	if (r < 0) {
		ledger_move(self->ledger, extent, EXTENT_WITHDRAWN, NULL);
		starve(self, -r);
	} else {
		ledger_move(self->ledger, extent, EXTENT_BLANK, NULL);
		recover(self);
	}
	return true;
}

bool pool_ailing(const struct pool *self)
{
	return ledger_count(self->ledger, EXTENT_WITHDRAWN) > 0 ||
	       ledger_count(self->ledger, EXTENT_REVOKING) > 0;
}

void pool_retry(struct pool *self)
{
	uint32_t stuck = ledger_count(self->ledger, EXTENT_REVOKING);
	uint32_t out = ledger_first(self->ledger, EXTENT_WITHDRAWN);

	for (; stuck > 0; stuck--) {
		uint32_t extent = ledger_first(self->ledger, EXTENT_REVOKING);
		if (cut(self, extent) < 0)
			break;
	}
	if (out != LEDGER_NO_EXTENT)
		ledger_move(self->ledger, out, EXTENT_DIRTY, NULL);
}
