/* SPDX-License-Identifier: MIT */
/* Names, numbers and promises at the broker's door. */
#include <config.h>

#include "broker/registry.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid.h>

#include <labyrinth/bootinfo.h>

#include "base/log.h"
#include "base/probe.h"
#include "broker/journal.h"
#include "broker/process.h"
#include "broker/tally.h"

/* Guests are named in this space: RFC 4122, version 5. */
static const uuid_t guest_space = {0x6c, 0x61, 0x62, 0x79, 0x72, 0x69,
				   0x4e, 0x54, 0x88, 0x67, 0x75, 0x65,
				   0x73, 0x74, 0x00, 0x01};

static void guest_free(struct guest *guest)
{
	tally_unmap(guest->tally);
	free(guest);
}

void registry_clear(struct registry *self)
{
	while (self->first != NULL) {
		struct guest *guest = self->first;
		self->first = guest->next;
		guest_free(guest);
	}
	for (size_t i = 0; i < self->npools; i++)
		pool_free(self->pools[i]);
	*self = (struct registry){0};
}

bool registry_name_valid(const char name[LAB_NAME_MAX])
{
	size_t length = strnlen(name, LAB_NAME_MAX);

	if (length == 0 || length == LAB_NAME_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!isascii((unsigned char)name[i]) ||
		    (!isalnum((unsigned char)name[i]) &&
		     strchr("._-", name[i]) == NULL))
			return false;
	}
	return true;
}

int registry_add_pool(struct registry *self, struct pool *pool, struct err *err)
{
	if (registry_find_pool(self, pool_name(pool)) != NULL)
		return err_say(err, EEXIST, "there are two pools named %s",
			       pool_name(pool));
	if (self->npools == REGISTRY_POOLS_MAX)
		return err_say(err, ENOSPC, "there can be %d pools at most",
			       REGISTRY_POOLS_MAX);
	self->pools[self->npools++] = pool;
	return 0;
}

int registry_remove_pool(struct registry *self, struct pool *pool,
			 struct err *err)
{
	const struct guest *guest = registry_of_pool(self->first, pool);
	uint32_t revoking = ledger_count(pool_ledger(pool), EXTENT_REVOKING);
	size_t i = 0;

	if (guest != NULL)
		return err_say(err, EBUSY,
			       "pool %s: guest %s leases from it, and maybe "
			       "others: end them first",
			       pool_name(pool), guest->name);
	if (revoking > 0)
		return err_say(err, EBUSY,
			       "pool %s: %u leases of guests that have ended "
			       "are still being taken back",
			       pool_name(pool), revoking);
	while (self->pools[i] != pool)
		i++;
	self->npools--;
	memmove(&self->pools[i], &self->pools[i + 1],
		(self->npools - i) * sizeof(self->pools[0]));
	return 0;
}

struct pool *registry_find_pool(const struct registry *self, const char *name)
{
	for (size_t i = 0; i < self->npools; i++) {
		if (strcmp(pool_name(self->pools[i]), name) == 0)
			return self->pools[i];
	}
	return NULL;
}

void registry_uuid(uint8_t uuid[16], const char *name)
{
	uuid_generate_sha1(uuid, guest_space, name, strlen(name));
}

struct guest *registry_find_guest(const struct registry *self, const char *name)
{
	struct guest *guest = self->first;

	while (guest != NULL && strncmp(guest->name, name, LAB_NAME_MAX) != 0)
		guest = guest->next;
	return guest;
}

struct guest *registry_of_pool(struct guest *from, const struct pool *pool)
{
	while (from != NULL && from->pool != pool)
		from = from->next;
	return from;
}

uint32_t registry_kept(const struct guest *guest)
{
	return guest->account.held - guest->due;
}

uint32_t registry_excess(const struct guest *guest)
{
	uint32_t excess = account_excess(&guest->account);

	return excess > guest->due ? excess - guest->due : 0;
}

static void tell(const struct registry *self, const struct guest *guest,
		 enum view_happening what)
{
	const struct view_event event = {.what = what,
					 .end = guest->end,
					 .name = guest->name,
					 .uuid = guest->uuid,
					 .id = guest->id};

	if (self->listener != NULL)
		self->listener->tell(self->listener->context, &event);
}

/* The names: well formed, a pool that is there, a guest that is not yet. */
static int check_names(const struct registry *self,
		       const struct lab_lease_msg *hello, struct err *err)
{
	if (!registry_name_valid(hello->hello.name))
		return err_say(err, EINVAL,
			       "the guest's name is not 1 to %d letters, "
			       "digits, dots, dashes or underscores",
			       LAB_NAME_MAX - 1);
	if (!registry_name_valid(hello->hello.pool))
		return err_say(err, EINVAL,
			       "the pool's name is not 1 to %d letters, "
			       "digits, dots, dashes or underscores",
			       LAB_NAME_MAX - 1);
	if (registry_find_pool(self, hello->hello.pool) == NULL)
		return err_say(err, ENOENT, "there is no pool named %s",
			       hello->hello.pool);
	if (registry_find_guest(self, hello->hello.name) != NULL)
		return err_say(err, EEXIST,
			       "a guest named %s is running already: choose "
			       "another name",
			       hello->hello.name);
	return 0;
}

/* What a HELLO says of the most that its limit may be. */
uint64_t registry_maximum(const struct lab_lease_msg *hello)
{
	return hello->hello.maximum != 0 ? hello->hello.maximum
					 : hello->hello.limit;
}

/* Processors; and 1 <= memory <= guarantee <= limit <= maximum <= pool. */
static int check_numbers(const struct lab_lease_msg *hello, uint32_t total,
			 struct err *err)
{
	uint64_t memory = hello->hello.memory;
	uint64_t guarantee = hello->hello.guarantee;
	uint64_t limit = hello->hello.limit;
	uint64_t maximum = registry_maximum(hello);

	if (hello->hello.cpus < 1 || hello->hello.cpus > LAB_CPUS_MAX)
		return err_say(err, EINVAL,
			       "it has %" PRIu32 " processors, not 1 to %d",
			       hello->hello.cpus, LAB_CPUS_MAX);
	if (memory < 1)
		return err_say(err, EINVAL,
			       "a guest needs one lease of memory at least");
	if (memory > guarantee)
		return err_say(err, EINVAL,
			       "its memory of %" PRIu64 " leases is more than "
			       "its guarantee of %" PRIu64,
			       memory, guarantee);
	if (guarantee > limit)
		return err_say(err, EINVAL,
			       "its guarantee of %" PRIu64 " leases is more "
			       "than its limit of %" PRIu64,
			       guarantee, limit);
	if (limit > maximum)
		return err_say(err, EINVAL,
			       "its limit of %" PRIu64 " leases is more than "
			       "the %" PRIu64 " that it may ever be",
			       limit, maximum);
	if (maximum > total)
		return err_say(err, EINVAL,
			       "its limit of %" PRIu64 " leases is more than "
			       "the %" PRIu32 " of pool %s",
			       maximum, total, hello->hello.pool);
	return 0;
}

static struct guest *guest_new(struct pool *pool, const char *name, pid_t pid,
			       uint64_t memory, uint32_t cpus)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (guest == NULL)
		return NULL;
	strcpy(guest->name, name);
	registry_uuid(guest->uuid, guest->name);
	guest->pool = pool;
	guest->pid = pid;
	guest->memory = memory;
	guest->cpus = cpus;
	return guest;
}

/* In order of id: a new one comes last. */
static void insert(struct registry *self, struct guest *guest)
{
	struct guest *before = self->last;

	guest->id = guest->account.id;
	while (before != NULL && before->id > guest->id)
		before = before->prev;
	guest->prev = before;
	guest->next = before != NULL ? before->next : self->first;
	if (guest->next != NULL)
		guest->next->prev = guest;
	else
		self->last = guest;
	if (before != NULL)
		before->next = guest;
	else
		self->first = guest;
}

/* Note it in the pool's journal, if that has one, before it is told. */
static int note(struct guest *guest, struct err *err)
{
	struct journal *journal = pool_journal(guest->pool);
	struct journal_guest record = {
		.id = guest->account.id,
		.pid = guest->pid,
		.cpus = guest->cpus,
		.memory = (uint32_t)guest->memory,
		.guarantee = guest->account.guarantee,
		.limit = guest->account.limit,
		.maximum = guest->account.maximum,
	};

	/* One that the next broker does not know by it would lose all. */
	int r = process_look(guest->pid, &record.start);
	if (r < 0 && r != -ESRCH)
		return err_say(err, ENOMEM, "look at process %d: %s",
			       (int)guest->pid, strerror(-r));
	guest->start = record.start;
	if (journal == NULL)
		return 0;
	strcpy(record.name, guest->name);
	int slot = journal_admit(journal, &record);
	if (slot < 0)
		return err_say(err, ENOMEM, "note guest %s in the journal: %s",
			       guest->name, strerror(-slot));
	guest->slot = (uint32_t)slot;
	PROBE(registry_noted, guest->account.id, guest->slot);
	return 0;
}

int registry_admit(struct registry *self, const struct lab_lease_msg *hello,
		   pid_t pid, struct guest **out, struct err *err)
{
	int r = check_names(self, hello, err);
	if (r < 0)
		return r;
	struct pool *pool = registry_find_pool(self, hello->hello.pool);
	struct ledger *ledger = pool_ledger(pool);
	r = check_numbers(hello, ledger_size(ledger), err);
	if (r < 0)
		return r;
	struct guest *guest = guest_new(pool, hello->hello.name, pid,
					hello->hello.memory, hello->hello.cpus);
	if (guest == NULL)
		return err_say(err, ENOMEM, "the broker is out of memory");
	r = ledger_admit(ledger, &guest->account, self->last_id + 1,
			 (uint32_t)hello->hello.guarantee,
			 (uint32_t)registry_maximum(hello), err);
	if (r < 0) {
		free(guest);
		return r;
	}
	ledger_set_limit(&guest->account, (uint32_t)hello->hello.limit);
	r = note(guest, err);
	if (r < 0) {
		ledger_dismiss(ledger, &guest->account);
		free(guest);
		return r;
	}
	self->last_id++;
	insert(self, guest);
	tell(self, guest, VIEW_GUEST_STARTED);
	*out = guest;
	return 0;
}

/* What an honest broker wrote when it admitted a guest to this pool. */
static bool possible(const struct registry *self, const struct pool *pool,
		     const struct journal_guest *record)
{
	uint32_t total = ledger_total(pool_ledger(pool));

	if (!registry_name_valid(record->name) ||
	    registry_find_guest(self, record->name) != NULL ||
	    record->id > self->last_id)
		return false;
	for (const struct guest *g = self->first; g != NULL; g = g->next) {
		if (g->id == record->id)
			return false;
	}
	return record->cpus >= 1 && record->cpus <= LAB_CPUS_MAX &&
	       record->memory >= 1 && record->memory <= record->guarantee &&
	       record->guarantee <= record->limit &&
	       record->limit <= record->maximum && record->maximum <= total;
}

int registry_restore(struct registry *self, struct pool *pool, uint32_t slot,
		     struct err *err)
{
	const struct journal_guest *record =
		journal_guest(pool_journal(pool), slot);

	if (!possible(self, pool, record))
		return err_say(err, EUCLEAN, "guest %u cannot be", record->id);
	struct guest *guest = guest_new(pool, record->name, record->pid,
					record->memory, record->cpus);
	if (guest == NULL)
		return err_say(err, ENOMEM, "the broker is out of memory");
	int r = ledger_restore_account(pool_ledger(pool), &guest->account,
				       record->id, record->guarantee,
				       record->maximum, err);
	if (r < 0) {
		free(guest);
		return r;
	}
	ledger_set_limit(&guest->account, record->limit);
	guest->start = record->start;
	guest->slot = slot;
	insert(self, guest);
	PROBE(registry_restored, guest->id);
	return 0;
}

/* Never our own: a guest of a test is in its process. */
static void kill_process(const struct guest *guest)
{
	int r = guest->pid != getpid()
			? process_signal(guest->pid, guest->start, SIGKILL)
			: 0;

	if (r < 0 && r != -ESRCH)
		log_client_warning("guest %s: its process %d could not be "
				   "killed: %s",
				   guest->name, (int)guest->pid, strerror(-r));
}

void registry_dismiss(struct registry *self, struct guest *guest)
{
	struct journal *journal = pool_journal(guest->pool);

	if (journal != NULL)
		journal_ending(journal, guest->slot);
	PROBE(registry_ending, guest->id, guest->account.held);
	if (pool_takes_files(guest->pool))
		kill_process(guest);
	pool_revoke_all(guest->pool, &guest->account);
	PROBE(registry_emptied, guest->id);
	ledger_dismiss(pool_ledger(guest->pool), &guest->account);
	if (journal != NULL)
		journal_dismiss(journal, guest->slot);
	PROBE(registry_dismissed, guest->id);
	if (guest->next != NULL)
		guest->next->prev = guest->prev;
	else
		self->last = guest->prev;
	if (guest->prev != NULL)
		guest->prev->next = guest->next;
	else
		self->first = guest->next;
	tell(self, guest, VIEW_GUEST_ENDED);
	guest_free(guest);
}
