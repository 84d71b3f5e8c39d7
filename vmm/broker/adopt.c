/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "broker/adopt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/probe.h"
#include "broker/journal.h"
#include "broker/process.h"
#include "broker/proof.h"

/* Proving */

/* What a VMM has mapped and open beside leases: some 50 when it is honest. */
#define OTHERS_MAX 8192

/* Turns to the next look for what was not found, at most. */
#define LOOK_AGAIN_MAX 64

/* A guest, and by extent whether its process has that one: 0 or 1. */
struct search {
	struct guest *guest;
	uint8_t *seen;
	struct known *known; /* in order; of a pool that takes files */
	uint32_t count;
};

/* A leased extent's file, to be found by it. */
struct known {
	struct proof_file file;
	uint32_t extent;
};

/*
 * Another guest's as well: that this process has it gives it nothing, but by
 * the file we can cut it off.
 */
static const struct proof_file *wanted(void *context, uint32_t extent)
{
	const struct search *self = context;
	struct pool *pool = self->guest->pool;

	if (extent >= ledger_total(pool_ledger(pool)) ||
	    self->seen[extent] != 0)
		return NULL;
	return pool_record(pool, extent);
}

static int by_file(const void *a, const void *b)
{
	const struct proof_file *one = &((const struct known *)a)->file;
	const struct proof_file *two = &((const struct known *)b)->file;

	if (one->device != two->device)
		return one->device < two->device ? -1 : 1;
	return (one->inode > two->inode) - (one->inode < two->inode);
}

/* A process can have as many such files as there are leases, and more. */
static int learn(struct search *self)
{
	uint32_t total = ledger_total(pool_ledger(self->guest->pool));

	self->known = calloc(total, sizeof(*self->known));
	if (self->known == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < total; i++) {
		const struct proof_file *file = wanted(self, i);
		if (file != NULL)
			self->known[self->count++] =
				(struct known){.file = *file, .extent = i};
	}
	qsort(self->known, self->count, sizeof(*self->known), by_file);
	return 0;
}

static bool find(void *context, const struct proof_file *file, uint32_t *extent)
{
	const struct search *self = context;
	const struct known key = {.file = *file};
	const struct known *found =
		bsearch(&key, self->known, self->count, sizeof(key), by_file);

	if (found == NULL || self->seen[found->extent] != 0)
		return false;
	*extent = found->extent;
	return true;
}

static void proven(void *context, uint32_t extent, int fd)
{
	const struct search *self = context;

	self->seen[extent] = 1;
	pool_adopt(self->guest->pool, extent, fd);
}

/* Find what its process has; *seen is the caller's to free, in any case. */
static int find_files(struct guest *guest, uint8_t **seen, struct err *err)
{
	uint32_t total = ledger_total(pool_ledger(guest->pool));
	bool takes = pool_takes_files(guest->pool);
	/* Of each of its own it has a mapping, and a descriptor as well. */
	uint32_t most = (takes ? 2 : 1) * total + OTHERS_MAX;
	struct search self = {.guest = guest, .seen = calloc(total, 1)};
	const struct proof_ops ops = {.wanted = wanted,
				      .find = takes ? find : NULL,
				      .proven = proven,
				      .context = &self};

	*seen = self.seen;
	if (self.seen == NULL || (takes && learn(&self) < 0))
		return err_set(err, ENOMEM, "look for leases");
	int r = proof_search(guest->pid, pool_name(guest->pool), most, &ops,
			     err);
	free(self.known);
	return r;
}

/* The same, where it is enough that we have their files then. */
static void find_all(struct guest *guest)
{
	cleanup_free uint8_t *seen = NULL;
	struct err err;

	if (find_files(guest, &seen, &err) < 0)
		log_client_warning("guest %s: %s", guest->name, err.text);
}

static bool is_alive(const struct guest *guest)
{
	return guest->start != 0 && process_start(guest->pid) == guest->start;
}

/* For sure: of whom nothing can be seen it is not said. */
static bool has_ended(const struct guest *guest)
{
	uint64_t start;
	int r = process_look(guest->pid, &start);

	return guest->start == 0 || r == -ESRCH ||
	       (r == 0 && start != guest->start);
}

static bool is_awaited(const struct guest *guest)
{
	return guest->session == NULL;
}

/*
 * It does not come back. Whatever of it can still be found is cut off. What is
 * not found may be on its way to its process, in a socket, where nobody can
 * look; so it stays its own for as long as that process lives. Is it gone?
 */
static bool give_up(struct registry *registry, struct guest *guest,
		    const char *why)
{
	uint32_t taken = 0;
	bool alive = !has_ended(guest);

	if (alive)
		guest->end = VIEW_END_FAILED;
	/* Nothing that is dismissed with its process stays on its way. */
	bool stays = alive && !pool_takes_files(guest->pool);
	if (stays) {
		find_all(guest);
		taken = pool_revoke_found(guest->pool, &guest->account);
	}
	if (!stays || guest->account.held == 0) {
		log_info("guest %s %s: %u leases taken back", guest->name, why,
			 taken + guest->account.held);
		registry_dismiss(registry, guest);
		return true;
	}
	if (!guest->given_up)
		log_warning("guest %s %s: %u leases taken back; %u were not "
			    "found, and are kept from others until process %d "
			    "ends",
			    guest->name, why, taken, guest->account.held,
			    (int)guest->pid);
	guest->given_up = true;
	return false;
}

/* Restoring */

static int restore_guests(struct registry *registry, struct pool *pool,
			  struct err *err)
{
	struct journal *journal = pool_journal(pool);

	if (registry->last_id < journal_last_id(journal))
		registry->last_id = journal_last_id(journal);
	for (uint32_t slot = 0; slot < JOURNAL_GUESTS_MAX; slot++) {
		if (journal_guest(journal, slot) == NULL)
			continue;
		int r = registry_restore(registry, pool, slot, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static struct guest *guest_of(const struct registry *registry,
			      const struct pool *pool, uint32_t id)
{
	struct guest *guest = registry->first;

	while (guest != NULL && (guest->pool != pool || guest->id != id))
		guest = guest->next;
	return guest;
}

static int restore_leases(struct registry *registry, struct pool *pool,
			  struct err *err)
{
	struct journal *journal = pool_journal(pool);
	struct guest *guest = NULL;

	for (uint32_t i = 0; i < ledger_total(pool_ledger(pool)); i++) {
		const struct journal_lease *lease = journal_lease(journal, i);
		uint32_t owner = lease->owner;
		/* Neighbours mostly have the same owner. */
		if (guest == NULL || guest->id != owner)
			guest = owner != 0 ? guest_of(registry, pool, owner)
					   : NULL;
		if (owner == 0 || guest == NULL) {
			/* Without a guest: it could not be cut in its time. */
			pool_restore(pool, i, NULL);
		} else if (lease->generation == 0 ||
			   guest->account.held == guest->account.maximum) {
			return err_say(err, EUCLEAN,
				       "lease %u of guest %s cannot be", i,
				       guest->name);
		} else {
			pool_restore(pool, i, &guest->account);
		}
	}
	return 0;
}

int adopt_restore(struct registry *registry, struct pool *pool, struct err *err)
{
	struct guest *next;

	if (pool_journal(pool) == NULL)
		return 0;
	int r = restore_guests(registry, pool, err);
	if (r == 0)
		r = restore_leases(registry, pool, err);
	if (r < 0)
		return err_wrap(err, "the journal of pool %s", pool_name(pool));
	for (struct guest *g = registry->first; g != NULL; g = next) {
		next = g->next;
		if (g->pool != pool)
			continue;
		if (has_ended(g))
			give_up(registry, g, "ended without a broker");
		else if (journal_guest(pool_journal(pool), g->slot)->ending)
			give_up(registry, g, "was gone before");
		else
			find_all(g);
	}
	PROBE(adopt_restored, ledger_total(pool_ledger(pool)));
	return 0;
}

/* Coming back */

static bool same_terms(const struct guest *guest,
		       const struct lab_lease_msg *hello)
{
	return strncmp(pool_name(guest->pool), hello->hello.pool,
		       sizeof(hello->hello.pool)) == 0 &&
	       guest->cpus == hello->hello.cpus &&
	       guest->memory == hello->hello.memory &&
	       guest->account.guarantee == hello->hello.guarantee &&
	       guest->account.maximum == registry_maximum(hello);
}

static int check_claim(const struct guest *guest,
		       const struct lab_lease_msg *hello, pid_t pid,
		       struct err *err)
{
	if (guest == NULL || guest->given_up)
		return err_say(err, ESTALE,
			       "no guest of this name is awaited: its time is "
			       "over, or this broker never knew it");
	if (!is_awaited(guest))
		return err_say(err, EEXIST,
			       "a guest named %s is running already",
			       guest->name);
	if (guest->pid != pid || !is_alive(guest) || !same_terms(guest, hello))
		return err_say(err, EPERM,
			       "guest %s is awaited, but of another process, "
			       "or with other amounts",
			       guest->name);
	return 0;
}

/* Is it worth to come again? */
static bool may_pass(int code)
{
	return code == ENOMEM || code == EMFILE || code == ENFILE;
}

int adopt_return(struct registry *registry, const struct lab_lease_msg *hello,
		 pid_t pid, struct guest **out, struct err *err)
{
	struct guest *guest = registry_find_guest(registry, hello->hello.name);
	cleanup_free uint8_t *seen = NULL;

	int r = check_claim(guest, hello, pid, err);
	if (r < 0)
		return r;
	PROBE(adopt_claimed, guest->id);
	/*
	 * It waits for our answer, so it neither maps nor unmaps now. What it
	 * had when we began may be gone: a RETURN that no broker has read.
	 */
	r = find_files(guest, &seen, err);
	if (r < 0)
		return err_say(err, may_pass(-r) ? ENOMEM : EACCES,
			       "nothing can be proven: %s", strerror(-r));
	uint32_t lost = pool_revoke_unseen(guest->pool, &guest->account, seen);
	log_info("guest %s is back, and has %u of its %u leases", guest->name,
		 guest->account.held, guest->account.held + lost);
	PROBE(adopt_returned, guest->id, guest->account.held, lost);
	*out = guest;
	return 0;
}

/* Not at each turn: a look can take a while, if its process wants that. */
static bool is_time_to_look(struct guest *guest)
{
	if (++guest->unlooked < guest->look_again)
		return false;
	guest->unlooked = 0;
	if (guest->look_again < LOOK_AGAIN_MAX)
		guest->look_again += guest->look_again + 1;
	return true;
}

size_t adopt_settle(struct registry *registry, bool late)
{
	struct guest *next;
	size_t awaited = 0;

	for (struct guest *g = registry->first; g != NULL; g = next) {
		next = g->next;
		if (!is_awaited(g))
			continue;
		bool gone = false;
		if (has_ended(g))
			gone = give_up(registry, g, "ended without a broker");
		else if ((late || g->given_up) && is_time_to_look(g))
			gone = give_up(registry, g,
				       "has not come back in time");
		awaited += !gone;
	}
	return awaited;
}
