/* SPDX-License-Identifier: MIT */
/* The ledgers, copied out in one go into a file that nobody can change. */
#include <config.h>

#include "broker/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <labyrinth/audit.h>

#include "base/cleanup.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

_Static_assert((int)LAB_EXTENT_WITHDRAWN == (int)EXTENT_WITHDRAWN, "states");
_Static_assert((int)LAB_EXTENT_DIRTY == (int)EXTENT_DIRTY, "states");
_Static_assert((int)LAB_EXTENT_BLANK == (int)EXTENT_BLANK, "states");
_Static_assert((int)LAB_EXTENT_LEASED == (int)EXTENT_LEASED, "states");
_Static_assert((int)LAB_EXTENT_REVOKING == (int)EXTENT_REVOKING, "states");
_Static_assert((int)LAB_EXTENT_STATES == (int)EXTENT_STATES, "states");

static struct lab_audit header_of(const struct registry *registry)
{
	struct lab_audit header = {
		.magic = LAB_AUDIT_MAGIC,
		.version = LAB_AUDIT_VERSION,
		.pools = (uint32_t)registry->npools,
		.pid = (uint32_t)getpid(),
	};

	for (const struct guest *g = registry->first; g != NULL; g = g->next)
		header.guests++;
	for (size_t i = 0; i < registry->npools; i++)
		header.extents += ledger_total(pool_ledger(registry->pools[i]));
	header.bytes = sizeof(header) +
		       header.pools * sizeof(struct lab_audit_pool) +
		       header.guests * sizeof(struct lab_audit_guest) +
		       header.extents * sizeof(struct lab_audit_extent);
	return header;
}

static struct lab_audit_pool copy_pool(const struct pool *pool)
{
	const struct ledger *ledger = pool_ledger(pool);
	struct lab_audit_pool to = {
		.backing = pool_backing(pool),
		.total = ledger_total(ledger),
		.guaranteed = ledger_guaranteed(ledger),
	};

	strcpy(to.name, pool_name(pool));
	for (int state = 0; state < EXTENT_STATES; state++)
		to.counts[state] =
			ledger_count(ledger, (enum extent_state)state);
	return to;
}

static struct lab_audit_guest copy_guest(const struct registry *registry,
					 const struct guest *guest)
{
	struct lab_audit_guest to = {
		.id = guest->id,
		.pid = (uint32_t)guest->pid,
		.guarantee = guest->account.guarantee,
		.limit = guest->account.maximum, /* what it may ever hold */
		.held = guest->account.held,
	};

	strcpy(to.name, guest->name);
	while (registry->pools[to.pool] != guest->pool)
		to.pool++;
	return to;
}

static struct lab_audit_extent copy_extent(const struct pool *pool,
					   uint32_t extent)
{
	const struct ledger *ledger = pool_ledger(pool);
	struct lab_audit_extent to = {
		.generation = (uint32_t)(ledger_lease_id(ledger, extent) >> 32),
		.owner = ledger_owner(ledger, extent),
		.state = ledger_state(ledger, extent),
	};

	pool_identity(pool, extent, &to.device, &to.inode);
	return to;
}

/* The file's arrays follow each other, and so does their writing. */
static void fill(const struct registry *registry, struct lab_audit *header)
{
	struct lab_audit_pool *pool = (void *)(header + 1);
	struct lab_audit_guest *guest;
	struct lab_audit_extent *extent;

	*header = header_of(registry);
	for (size_t i = 0; i < registry->npools; i++)
		*pool++ = copy_pool(registry->pools[i]);
	guest = (void *)pool;
	for (const struct guest *g = registry->first; g != NULL; g = g->next)
		*guest++ = copy_guest(registry, g);
	extent = (void *)guest;
	for (size_t i = 0; i < registry->npools; i++) {
		const struct pool *of = registry->pools[i];
		uint32_t total = ledger_total(pool_ledger(of));
		for (uint32_t n = 0; n < total; n++)
			*extent++ = copy_extent(of, n);
	}
}

uint64_t audit_bytes(const struct registry *registry)
{
	return header_of(registry).bytes;
}

int audit_take(const struct registry *registry, struct err *err)
{
	uint64_t bytes = audit_bytes(registry);
	cleanup_close int fd = memfd_create("labyrinth-audit",
					    MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_set(err, errno, "make a file for the audit");
	/* All of it now: a page that is missing later would be a SIGBUS. */
	if (fallocate(fd, 0, 0, (off_t)bytes) < 0)
		return err_set(err, errno, "find memory for the audit");
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return err_set(err, errno, "write the audit");
	fill(registry, at);
	munmap(at, bytes);
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return err_set(err, errno, "seal the audit");
	return steal_fd(&fd);
}
