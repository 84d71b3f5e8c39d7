/* SPDX-License-Identifier: MIT */
/*
 * A broker's sessions with clients that bring real files of VMs: which become
 * leases, and what becomes of them. For a kernel whose KVM can map such files.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "broker/guest_memfd.h"
#include "broker/proof.h"
#include "guest-memfd-support.h"
#include "hanging.h"
#include "shortage-support.h"
#include "stuck-vm.h"

static bool offered(struct peer *peer, int fd)
{
	struct lab_lease_msg m = message(peer, LAB_LEASE_LEASE);

	return sent_with(peer, &m, fd);
}

static int prepare(void **state)
{
	struct err err;

	return open_kvm(state) != 0 || guest_memfd_prepare(&err) < 0;
}

/* Lease a file: the answer brings none. */
static uint64_t leased(struct peer *peer, int fd)
{
	assert_true(offered(peer, fd));
	struct lab_lease_msg m = received(peer, NULL);
	assert_int_equal(m.type, LAB_LEASE_LEASED);
	return m.leased.lease;
}

/* A guest that holds one lease, of this file. */
static uint64_t holds(struct fixture *f, int i, const char *name, int fd)
{
	listen_as(&f->peers[i], name, 1, 8);
	return leased(&f->peers[i], fd);
}

static void makes_it_resident_and_takes_it_back(void **state)
{
	struct fixture *f = *state;
	int fd = new_file(new_vm());
	uint64_t id = holds(f, 0, "guest", fd);

	assert_int_equal(guest_memfd_pages(fd), PAGES);
	uint8_t *at = map(fd);
	assert_zero(at);
	memset(at, 0x5a, LAB_EXTENT_SIZE);
	assert_true(give_back(&f->peers[0], id));
	assert_int_equal(guest_memfd_pages(fd), 0);
	munmap(at, LAB_EXTENT_SIZE);
	/* An empty one serves again, zeroed; the extent has another owner. */
	assert_int_not_equal(leased(&f->peers[0], fd), id);
	at = map(fd);
	assert_zero(at);
	munmap(at, LAB_EXTENT_SIZE);
	close(fd);
}

static void knows_it_by_its_inode(void **state)
{
	struct fixture *f = *state;
	int fd = new_file(new_vm());
	uint64_t id = holds(f, 0, "guest", fd), device, inode;
	struct stat stat;

	assert_int_equal(fstat(fd, &stat), 0);
	pool_identity(f->pool, (uint32_t)id, &device, &inode);
	assert_int_equal(device, stat.st_dev);
	assert_int_equal(inode, stat.st_ino);
	close(fd);
}

/* What keeps the room of a blank one lies on another device. */
static void each_is_known_by_its_own_device(void **state)
{
	struct fixture *f = *state;
	int first = new_file(new_vm()), second = new_file(new_vm());
	uint64_t kept = holds(f, 0, "guest", first);
	uint64_t id = leased(&f->peers[0], second);
	uint64_t device, blank_device, inode;

	assert_true(give_back(&f->peers[0], id));
	while (pool_scrub(f->pool))
		;
	pool_identity(f->pool, (uint32_t)kept, &device, &inode);
	pool_identity(f->pool, (uint32_t)id, &blank_device, &inode);
	struct stat stat;
	assert_int_equal(fstat(first, &stat), 0);
	assert_int_equal(device, stat.st_dev);
	assert_int_not_equal(blank_device, device);
	assert_int_equal(fstat(pool_file(f->pool, (uint32_t)id), &stat), 0);
	assert_int_equal(blank_device, stat.st_dev);
	close(first);
	close(second);
}

static void takes_no_file_twice(void **state)
{
	struct fixture *f = *state;
	int fd = new_file(new_vm());

	holds(f, 0, "guest", fd);
	assert_false(offered(&f->peers[0], fd));
	close(fd);
}

static void takes_no_file_of_another_guest(void **state)
{
	struct fixture *f = *state;
	int fd = new_file(new_vm());

	holds(f, 0, "owner", fd);
	listen_as(&f->peers[1], "other", 1, 7);
	assert_false(offered(&f->peers[1], fd));
	assert_int_equal(guest_memfd_pages(fd), PAGES);
	close(fd);
}

/* Two guests wait, each with the same file: it has one owner. */
static void takes_no_file_that_became_anothers(void **state)
{
	struct fixture *f = *state;
	const char *const names[] = {"rich", "one", "other"};
	int file = new_file(new_vm()), last = -1;
	uint64_t ids[3];

	for (int i = 0; i < 3; i++)
		listen_as(&f->peers[i], names[i], 1, 8);
	for (int i = 0; i < POOL_LEASES; i++)
		ids[i < 6 ? 0 : i - 5] = leased(&f->peers[i < 6 ? 0 : i - 5],
						last = new_file(new_vm()));
	for (int i = 1; i < 3; i++) {
		struct lab_lease_msg m = message(&f->peers[i], LAB_LEASE_LEASE);
		m.lease.wait_ms = 60000;
		assert_true(sent_with(&f->peers[i], &m, file));
	}
	assert_true(give_back(&f->peers[0], ids[0]));
	assert_true(pool_scrub(f->pool));
	session_serve(f->pool, f->now);
	assert_int_equal(received(&f->peers[1], NULL).type, LAB_LEASE_LEASED);
	assert_true(give_back(&f->peers[1], ids[1]));
	assert_true(pool_scrub(f->pool));
	session_serve(f->pool, f->now);
	assert_refused(&f->peers[2], EEXIST, "the file that came");
	close(last);
}

static void takes_no_file_with_bytes_in_it(void **state)
{
	struct fixture *f = *state;
	int fd = new_file(new_vm());
	uint8_t *at = map(fd);

	at[LAB_EXTENT_SIZE - 1] = 1;
	listen_as(&f->peers[0], "guest", 1, 8);
	assert_false(offered(&f->peers[0], fd));
	munmap(at, LAB_EXTENT_SIZE);
	close(fd);
}

static void takes_no_other_size(void **state)
{
	const uint64_t sizes[] = {LAB_PAGE_SIZE, LAB_EXTENT_SIZE / 2,
				  2 * LAB_EXTENT_SIZE};
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		int fd = try_file(new_vm(), sizes[i], MAPPABLE);
		char name[8];
		snprintf(name, sizeof(name), "guest%d", i);
		listen_as(&f->peers[i], name, 1, 8);
		assert_true(fd >= 0);
		assert_false(offered(&f->peers[i], fd));
		assert_int_equal(guest_memfd_pages(fd), 0);
		close(fd);
	}
}

static void waits_for_no_file_system(void **state)
{
	struct fixture *f = *state;
	char path[] = "/run/guest-memfd-XXXXXX";
	int point = mkstemp(path);

	assert_true(point >= 0);
	close(point);
	int fd = hanging_file(path);
	listen_as(&f->peers[0], "guest", 1, 8);
	alarm(60); /* so that a test that fails ends */
	assert_false(offered(&f->peers[0], fd));
	alarm(0);
	remove_hanging(path, fd);
}

/* The last close of a VM's file waits for that VM: not in the broker's loop. */
static void waits_for_no_vm(void **state)
{
	struct fixture *f = *state;
	struct stuck_vm vm;

	stuck_prepare(&vm);
	int fd = new_file(vm.vm);
	uint64_t id = holds(f, 0, "guest", fd);
	close(fd);
	alarm(60); /* so that a test that fails ends */
	stuck_begin(&vm);
	assert_true(give_back(&f->peers[0], id));
	while (pool_scrub(f->pool))
		;
	assert_int_equal(ledger_count(f->ledger, EXTENT_BLANK), POOL_LEASES);
	stuck_end(&vm);
	alarm(0);
}

/* Taken: the guest has it until its VMM says that it has let go. */
static void a_taken_one_goes_with_its_return(void **state)
{
	struct fixture *f = *state;
	int first = new_file(new_vm()), second = new_file(new_vm());
	uint64_t kept = holds(f, 0, "guest", first);
	uint64_t id = leased(&f->peers[0], second);

	session_take(f->peers[0].session, LAB_REVOKE_ADMIN);
	assert_int_equal(event(&f->peers[0], LAB_LEASE_REVOKED).revoked.lease,
			 id);
	assert_int_equal(guest_memfd_pages(second), PAGES);
	/* It is not taken again, but the one before it. */
	session_take(f->peers[0].session, LAB_REVOKE_ADMIN);
	assert_int_equal(event(&f->peers[0], LAB_LEASE_REVOKED).revoked.lease,
			 kept);
	session_take(f->peers[0].session, LAB_REVOKE_ADMIN);
	assert_silent(&f->peers[0]);
	assert_true(give_back(&f->peers[0], id));
	assert_int_equal(guest_memfd_pages(second), 0);
	assert_int_equal(guest_memfd_pages(first), PAGES);
	assert_true(give_back(&f->peers[0], kept));
	assert_int_equal(guest_memfd_pages(first), 0);
	assert_false(give_back(&f->peers[0], kept));
	close(first);
	close(second);
}

static void who_does_not_return_it_is_ended(void **state)
{
	struct fixture *f = *state;
	int fd = new_file(new_vm());

	holds(f, 0, "guest", fd);
	f->now = 1000 * MS;
	session_take(f->peers[0].session, LAB_REVOKE_ADMIN);
	uint64_t end = settle(f);
	assert_int_equal(end, f->now + SESSION_RETURN_DEADLINE);
	f->now = end - 1;
	assert_int_equal(settle(f), end);
	assert_int_equal(guest_memfd_pages(fd), PAGES);
	f->now = end;
	settle(f);
	assert_false(session_receive(f->peers[0].session, f->now));
	session_end(f->peers[0].session);
	assert_int_equal(guest_memfd_pages(fd), 0);
	close(fd);
}

/* The third peer's question: all above the first's guarantee, at once. */
static void demand(struct fixture *f, uint64_t leases)
{
	struct lab_lease_msg m = message(&f->peers[2], LAB_LEASE_REVOKE);

	strcpy(m.revoke.name, "guest");
	m.revoke.leases = leases;
	assert_true(sent(&f->peers[2], &m));
	settle(f);
}

static void an_administrator_hears_when_it_is_gone(void **state)
{
	struct fixture *f = *state;
	int files[3];
	uint64_t ids[3];

	for (int i = 0; i < 3; i++)
		files[i] = new_file(new_vm());
	f->now = 1000 * MS;
	ids[0] = holds(f, 0, "guest", files[0]);
	ids[1] = leased(&f->peers[0], files[1]);
	ids[2] = leased(&f->peers[0], files[2]);
	demand(f, 0);
	for (int i = 2; i > 0; i--)
		assert_int_equal(
			event(&f->peers[0], LAB_LEASE_REVOKED).revoked.lease,
			ids[i]);
	assert_true(give_back(&f->peers[0], ids[1]));
	settle(f);
	assert_silent(&f->peers[2]);
	assert_true(give_back(&f->peers[0], ids[2]));
	settle(f);
	struct lab_lease_msg m = received(&f->peers[2], NULL);
	assert_int_equal(m.type, LAB_LEASE_TAKEN);
	assert_int_equal(m.taken.leases, 2);
	assert_int_equal(guest_memfd_pages(files[2]), 0);
	assert_int_equal(guest_memfd_pages(files[0]), PAGES);
	for (int i = 0; i < 3; i++)
		close(files[i]);
}

/* Of what is to be returned already nobody is told that it will be taken. */
static void a_taken_one_is_not_named_again(void **state)
{
	struct fixture *f = *state;
	int first = new_file(new_vm()), second = new_file(new_vm());
	uint64_t kept = holds(f, 0, "guest", first);
	uint64_t id = leased(&f->peers[0], second);

	session_take(f->peers[0].session, LAB_REVOKE_RECLAIM);
	assert_int_equal(event(&f->peers[0], LAB_LEASE_REVOKED).revoked.lease,
			 id);
	session_warn(f->peers[0].session, LAB_REVOKE_ADMIN, 1000 * MS, 0);
	session_press(f->peers[0].session, 0);
	assert_int_equal(event(&f->peers[0], LAB_LEASE_REVOKING).revoking.lease,
			 kept);
	close(first);
	close(second);
}

/* What the next broker finds in a process: here in this one. */
#define MOST 1000

struct search {
	struct proof_file file; /* the wanted one, as extent 5 */
	int found;		/* its descriptor, or -1 */
};

static const struct proof_file *wanted(void *context, uint32_t extent)
{
	(void)context, (void)extent;
	return NULL; /* nothing by a name */
}

static bool find(void *context, const struct proof_file *file, uint32_t *extent)
{
	const struct search *self = context;

	*extent = 5;
	return self->found < 0 && file->device == self->file.device &&
	       file->inode == self->file.inode;
}

static void proven(void *context, uint32_t extent, int fd)
{
	struct search *self = context;

	assert_int_equal(extent, 5);
	self->found = fd;
}

static int search(struct search *self)
{
	const struct proof_ops ops = {.wanted = wanted,
				      .find = find,
				      .proven = proven,
				      .context = self};
	struct err err;

	return proof_search(getpid(), "pool", MOST, &ops, &err);
}

static void is_found_by_its_descriptor(void **state)
{
	struct search self = {.found = -1};
	int fd = new_file(new_vm());
	uint8_t *at = map(fd);
	(void)state;

	*at = 0x5a;
	assert_int_equal(guest_memfd_identity(fd, "", &self.file.device,
					      &self.file.inode),
			 0);
	assert_int_equal(search(&self), 0);
	assert_true(self.found >= 0);
	/* It can be revoked by that. */
	assert_int_equal(guest_memfd_cut(self.found), 0);
	assert_int_equal(guest_memfd_pages(fd), 0);
	close(self.found);
	/* A mapping alone proves that it is there, and cannot be revoked. */
	close(fd);
	self.found = -1;
	assert_int_equal(search(&self), -ENXIO);
	munmap(at, LAB_EXTENT_SIZE);
	assert_int_equal(search(&self), 0);
	assert_int_equal(self.found, -1);
}

static void an_end_takes_all(void **state)
{
	struct fixture *f = *state;
	int one = new_file(new_vm()), two = new_file(new_vm());

	holds(f, 0, "guest", one);
	leased(&f->peers[0], two);
	session_end(f->peers[0].session);
	assert_int_equal(guest_memfd_pages(one), 0);
	assert_int_equal(guest_memfd_pages(two), 0);
	close(one);
	close(two);
}

#define OFFER(name) \
	cmocka_unit_test_setup_teardown(name, setup_guest_memfd, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFER(makes_it_resident_and_takes_it_back),
		OFFER(knows_it_by_its_inode),
		OFFER(each_is_known_by_its_own_device),
		OFFER(takes_no_file_twice),
		OFFER(takes_no_file_of_another_guest),
		OFFER(takes_no_file_that_became_anothers),
		OFFER(takes_no_file_with_bytes_in_it),
		OFFER(takes_no_other_size),
		OFFER(waits_for_no_file_system),
		OFFER(waits_for_no_vm),
		OFFER(a_taken_one_goes_with_its_return),
		OFFER(who_does_not_return_it_is_ended),
		OFFER(an_administrator_hears_when_it_is_gone),
		OFFER(a_taken_one_is_not_named_again),
		OFFER(an_end_takes_all),
		cmocka_unit_test(is_found_by_its_descriptor),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, prepare, NULL);
}
