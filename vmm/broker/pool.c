/* SPDX-License-Identifier: MIT */
/* Extents and their files, moved together. */
#include <config.h>

#include "broker/pool_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/probe.h"
#include "base/stranger.h"
#include "broker/backing.h"
#include "broker/cutter.h"
#include "broker/guest_memfd.h"

bool pool_takes_files(const struct pool *self)
{
	return self->backing == LAB_BACKING_GUEST_MEMFD;
}

/* Is its file one that its owner brought? Such a one is in its place from the
 * lease until the scrub. */
static bool was_brought(const struct pool *self, uint32_t extent)
{
	return pool_takes_files(self) && self->files[extent] >= 0 &&
	       ledger_state(self->ledger, extent) != EXTENT_BLANK;
}

/* The kernel's name of an extent's file: noted now, so that to ask is cheap. */
static int note_identity(struct pool *self, uint32_t extent, uint64_t *device)
{
	struct stat stat;

	if (fstat(self->files[extent], &stat) < 0)
		return -errno;
	*device = stat.st_dev;
	self->inodes[extent] = stat.st_ino;
	return 0;
}

/* And by what a later broker will know it. */
static int note_file(struct pool *self, uint32_t extent, uint64_t *device)
{
	int r = note_identity(self, extent, device);

	if (r == 0 && self->journal != NULL)
		journal_file(self->journal, extent, *device,
			     self->inodes[extent]);
	return r;
}

int pool_make_room(struct pool *self, uint32_t from, uint32_t to)
{
	int *files = realloc(self->files, to * sizeof(*files));
	if (files == NULL)
		return -ENOMEM;
	self->files = files;
	uint64_t *inodes = realloc(self->inodes, to * sizeof(*inodes));
	if (inodes == NULL)
		return -ENOMEM;
	self->inodes = inodes;
	for (uint32_t i = from; i < to; i++) {
		files[i] = -1;
		inodes[i] = 0;
	}
	return 0;
}

/*
 * What a process other than its owner does with it is not the pool's. To close
 * it can take as long as the owner's VM likes, if nobody else has it open.
 */
static void drop_brought(const struct pool *self, uint32_t extent)
{
	if (guest_memfd_pages(self->files[extent]) > 0)
		log_client_warning("pool %s: lease %u was taken, and a process "
				   "has touched its file since: it has fresh "
				   "pages, of its own account",
				   self->name, extent);
	stranger_close_file(self->files[extent]);
}

void pool_drop_file(struct pool *self, uint32_t extent)
{
	if (was_brought(self, extent))
		drop_brought(self, extent);
	else if (self->files[extent] >= 0)
		close(self->files[extent]);
	self->files[extent] = -1;
	self->inodes[extent] = 0;
}

int pool_fresh_file(struct pool *self, uint32_t extent)
{
	char name[LAB_NAME_MAX + 32];

	pool_drop_file(self, extent);
	snprintf(name, sizeof(name), "labyrinth:%s:%u", self->name, extent);
	self->files[extent] =
		backing_create_on(self->node, self->backing, name);
	int r = self->files[extent];
	if (r < 0) {
		self->files[extent] = -1;
		return r;
	}
	return note_file(self, extent, &self->device);
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

int pool_node(const struct pool *self)
{
	return self->node;
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
	PROBE(pool_lent, extent, account->id);
	if (self->journal != NULL)
		journal_lend(self->journal, extent,
			     ledger_generation(self->ledger, extent),
			     account->id);
	PROBE(pool_noted, extent, account->id);
	return extent;
}

int pool_fund(struct pool *self, int fd)
{
	uint32_t extent = ledger_first(self->ledger, EXTENT_BLANK);

	/* While it waited it may have become another's. */
	int r = guest_memfd_check(fd);
	if (r < 0) {
		stranger_close_file(fd);
		return r;
	}
	/* For a moment there are both: better than neither. */
	r = guest_memfd_fund(fd);
	if (r < 0) {
		guest_memfd_cut(fd);
		stranger_close_file(fd);
		return r;
	}
	close(self->files[extent]);
	self->files[extent] = fd;
	/* It has been asked for its size before, so this does not fail. */
	(void)note_file(self, extent, &self->brought_on);
	return 0;
}

int pool_file(const struct pool *self, uint32_t extent)
{
	return self->files[extent];
}

void pool_identity(const struct pool *self, uint32_t extent, uint64_t *device,
		   uint64_t *inode)
{
	uint64_t of_all =
		was_brought(self, extent) ? self->brought_on : self->device;

	*inode = self->inodes[extent];
	*device = *inode != 0 ? of_all : 0;
}

/* A huge page's file cannot be written to, which is what holds a cut up; nor
 * can a guest_memfd. */
static int cut_file(const struct pool *self, uint32_t extent)
{
	int fd = self->files[extent];

	if (fd < 0)
		return 0; /* nobody was found to have it any more */
	if (pool_takes_files(self))
		return guest_memfd_cut(fd);
	return self->backing == LAB_BACKING_HUGETLB
		       ? backing_cut(fd)
		       : cutter_cut(fd, self->inodes[extent]);
}

int pool_cut(struct pool *self, uint32_t extent)
{
	int r = cut_file(self, extent);

	if (r < 0)
		return r;
	PROBE(pool_cut, extent);
	ledger_move(self->ledger, extent, EXTENT_DIRTY, NULL);
	PROBE(pool_dirty, extent);
	if (self->journal != NULL)
		journal_unlend(self->journal, extent);
	PROBE(pool_unlent, extent);
	return 0;
}

void pool_revoke(struct pool *self, uint32_t extent, struct account *account)
{
	ledger_move(self->ledger, extent, EXTENT_REVOKING, account);
	PROBE(pool_revoking, extent, account->id);
	int r = pool_cut(self, extent);
	if (r < 0)
		log_client_warning("pool %s: lease %u could not be revoked: "
				   "%s; it stays out of use until it is",
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
	PROBE(pool_restored, extent, account != NULL ? account->id : 0);
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
	/* The journal has it, and by that it was proven. */
	const struct journal_lease *lease =
		journal_lease(self->journal, extent);
	self->inodes[extent] = lease->inode;
	*(pool_takes_files(self) ? &self->brought_on : &self->device) =
		lease->device;
	PROBE(pool_proven, extent);
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
