/* SPDX-License-Identifier: MIT */
/* AUDIT: who may ask, and that the answer is what the ledger holds. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <labyrinth/audit.h>

#include "session-support.h"

/* The answer's file, mapped; the session is over, and says nothing more. */
static const struct lab_audit *audited(struct peer *peer)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_AUDIT);
	struct stat stat;
	int fd = -1;

	assert_false(sent(peer, &m));
	m = received(peer, &fd);
	assert_int_equal(m.type, LAB_LEASE_AUDITED);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GET_SEALS) & ~F_SEAL_FUTURE_WRITE,
			 F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW |
				 F_SEAL_WRITE);
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(stat.st_size, m.audited.bytes);
	void *at = mmap(NULL, m.audited.bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	close(fd);
	const struct lab_audit *audit = at;
	assert_int_equal(audit->bytes, stat.st_size);
	return audit;
}

static const struct lab_audit_pool *pool_of(const struct lab_audit *audit)
{
	return (const void *)(audit + 1);
}

static const struct lab_audit_guest *guests_of(const struct lab_audit *audit)
{
	return (const void *)(pool_of(audit) + audit->pools);
}

static const struct lab_audit_extent *extents_of(const struct lab_audit *audit)
{
	return (const void *)(guests_of(audit) + audit->guests);
}

static void tells_an_empty_pool(void **state)
{
	struct fixture *f = *state;
	const struct lab_audit *audit = audited(&f->peers[0]);

	assert_int_equal(audit->magic, LAB_AUDIT_MAGIC);
	assert_int_equal(audit->version, LAB_AUDIT_VERSION);
	assert_int_equal(audit->pid, getpid());
	assert_int_equal(audit->pools, 1);
	assert_int_equal(audit->guests, 0);
	assert_int_equal(audit->extents, POOL_LEASES);
	assert_string_equal(pool_of(audit)->name, "pool");
	assert_int_equal(pool_of(audit)->backing, pool_backing(f->pool));
	assert_int_equal(pool_of(audit)->total, POOL_LEASES);
	assert_int_equal(pool_of(audit)->guaranteed, 0);
	assert_int_equal(pool_of(audit)->counts[LAB_EXTENT_BLANK], POOL_LEASES);
}

static void tells_each_extent(void **state)
{
	struct fixture *f = *state;
	struct stat stat;

	admit(&f->peers[0], "one", 2, 4);
	uint64_t first = lease(&f->peers[0], NULL);
	uint64_t second = lease(&f->peers[0], NULL);
	assert_true(give_back(&f->peers[0], first));
	const struct lab_audit *audit = audited(&f->peers[1]);
	const struct lab_audit_pool *pool = pool_of(audit);
	const struct lab_audit_guest *guest = guests_of(audit);
	const struct lab_audit_extent *extents = extents_of(audit);

	assert_int_equal(pool->guaranteed, 2);
	assert_int_equal(pool->counts[LAB_EXTENT_BLANK], POOL_LEASES - 2);
	assert_int_equal(pool->counts[LAB_EXTENT_LEASED], 1);
	assert_int_equal(pool->counts[LAB_EXTENT_DIRTY], 1);
	assert_int_equal(audit->guests, 1);
	assert_string_equal(guest->name, "one");
	assert_int_equal(guest->pid, getpid());
	assert_int_equal(guest->pool, 0);
	assert_int_equal(guest->guarantee, 2);
	assert_int_equal(guest->limit, 4);
	assert_int_equal(guest->held, 1);
	assert_int_equal(extents[(uint32_t)first].state, LAB_EXTENT_DIRTY);
	assert_int_equal(extents[(uint32_t)first].owner, 0);
	assert_int_equal(extents[(uint32_t)second].state, LAB_EXTENT_LEASED);
	assert_int_equal(extents[(uint32_t)second].owner, guest->id);
	assert_int_equal(extents[(uint32_t)second].generation, second >> 32);
	for (uint32_t i = 0; i < POOL_LEASES; i++) {
		assert_int_equal(fstat(pool_file(f->pool, i), &stat), 0);
		assert_int_equal(extents[i].device, stat.st_dev);
		assert_int_equal(extents[i].inode, stat.st_ino);
	}
}

/* A scrub makes another file; what is withdrawn has none. */
static void tells_the_file_of_today(void **state)
{
	struct fixture *f = *state;
	struct rlimit limit, none;

	admit(&f->peers[0], "one", 2, 4);
	uint64_t first = lease(&f->peers[0], NULL);
	assert_true(give_back(&f->peers[0], first));
	const struct lab_audit_extent *before =
		extents_of(audited(&f->peers[1]));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_true(pool_scrub(f->pool));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	const struct lab_audit_extent *after =
		extents_of(audited(&f->peers[2]));
	assert_int_not_equal(before[(uint32_t)first].inode, 0);
	assert_int_equal(after[(uint32_t)first].state, LAB_EXTENT_WITHDRAWN);
	assert_int_equal(after[(uint32_t)first].inode, 0);
	assert_int_equal(after[(uint32_t)first].device, 0);
	pool_retry(f->pool);
	while (pool_scrub(f->pool))
		;
	uint64_t device, inode;
	pool_identity(f->pool, (uint32_t)first, &device, &inode);
	assert_int_not_equal(inode, 0);
}

static void refuses_without_a_file(void **state)
{
	struct fixture *f = *state;
	struct lab_lease_msg m = message(&f->peers[0], LAB_LEASE_AUDIT);
	struct rlimit limit, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_false(sent(&f->peers[0], &m));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_refused(&f->peers[0], EMFILE, "make a file for the audit");
}

/* Whom the kernel calls another user; root alone can play one. */
static void refuses_another_user(void **state)
{
	struct fixture *f = *state;
	struct peer *peer = &f->peers[0];

	if (geteuid() != 0)
		return;
	close(peer->socket);
	session_free(peer->session);
	assert_int_equal(seteuid(65534), 0);
	connect_peer(f, 0);
	assert_int_equal(seteuid(0), 0);
	struct lab_lease_msg m = message(peer, LAB_LEASE_AUDIT);
	assert_false(sent(peer, &m));
	assert_refused(peer, EPERM, "not user 65534");
}

static void a_guest_may_not(void **state)
{
	struct fixture *f = *state;

	admit(&f->peers[0], "one", 1, 1);
	struct lab_lease_msg m = message(&f->peers[0], LAB_LEASE_AUDIT);
	assert_false(sent(&f->peers[0], &m));
	assert_silent(&f->peers[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_an_empty_pool),     TEST(tells_each_extent),
		TEST(tells_the_file_of_today), TEST(refuses_without_a_file),
		TEST(refuses_another_user),    TEST(a_guest_may_not),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
