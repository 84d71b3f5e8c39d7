/* SPDX-License-Identifier: MIT */
/* The broker on its event loop, against clients in processes of their own. */
#include <config.h>

#include "loop-support.h"

static void killed_clients_leave_it_whole(void **state)
{
	struct fixture *f = *state;

	for (int round = 0; round < 100; round++) {
		pid_t pid =
			start_client(f, "victim", 2, POOL_LEASES, churn, round);
		/* At whatever instruction the client is by then. */
		for (int events = 0; events < 3 + round; events++)
			assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(status_of(pid), -SIGKILL);
		run_until(f, is_whole, 0);
	}
}

static void views_tell_the_truth(void **state)
{
	struct fixture *f = *state;
	pid_t pid = start_client(f, "viewed", 2, 5, take, 3);

	run_until(f, holds, 3);
	struct view *view = broker_view_take(f->broker);
	assert_non_null(view);
	assert_int_equal(view->npools, 1);
	assert_string_equal(view->pools[0].name, "pool");
	assert_int_equal(view->pools[0].total, POOL_LEASES);
	assert_int_equal(view->pools[0].leased, 3);
	assert_int_equal(view->pools[0].blank, POOL_LEASES - 3);
	assert_int_equal(view->pools[0].guaranteed, 2);
	assert_int_equal(view->pools[0].available, POOL_LEASES - 3);
	assert_int_equal(view->pools[0].min, 1);
	assert_int_equal(view->pools[0].low, 2);
	assert_int_equal(view->pools[0].high, 3);
	assert_int_equal(view->pools[0].level, LAB_LEASE_LEVEL_NONE);
	assert_int_equal(view->nguests, 1);
	assert_string_equal(view->guests[0].name, "viewed");
	assert_int_equal(view->guests[0].pool, 0);
	assert_int_equal(view->guests[0].pid, pid);
	assert_int_equal(view->guests[0].memory, 1);
	assert_int_equal(view->guests[0].guarantee, 2);
	assert_int_equal(view->guests[0].limit, 5);
	assert_int_equal(view->guests[0].leases, 3);
	view_free(view);
	view_free(NULL);
	kill(pid, SIGKILL);
	assert_int_equal(status_of(pid), -SIGKILL);
	run_until(f, is_whole, 0);
}

/* Empty the pool; when told to, ask for one more. */
static int ask_again(struct lease_source *source, int go_on)
{
	struct lease lease;
	char byte;

	for (int i = 0; i < POOL_LEASES; i++) {
		if (source->get(source->context, &lease) < 0)
			return 1;
	}
	if (read(go_on, &byte, 1) != 1)
		return 2;
	return source->get(source->context, &lease) < 0 ? 3 : 0;
}

/* One lease is dirty when the next is asked for, and only scrubbed then. */
static void a_lease_waits_for_its_scrub(void **state)
{
	struct fixture *f = *state;
	int go_on[2];

	assert_int_equal(pipe(go_on), 0);
	pid_t pid = start_client(f, "patient", POOL_LEASES, POOL_LEASES,
				 ask_again, go_on[0]);
	run_until(f, holds, POOL_LEASES);
	while (sd_event_run(f->event, 0) > 0)
		; /* nothing is left that would wake the scrubber */
	struct guest *guest = broker_registry(f->broker)->first;
	pool_revoke(guest->pool, guest->account.leases.first, &guest->account);
	assert_int_equal(ledger_count(f->ledger, EXTENT_DIRTY), 1);
	assert_int_equal(ledger_count(f->ledger, EXTENT_BLANK), 0);
	assert_int_equal(write(go_on[1], "x", 1), 1);
	run_until(f, holds, POOL_LEASES);
	run_until(f, is_whole, 0);
	assert_int_equal(status_of(pid), 0);
	close(go_on[0]);
	close(go_on[1]);
}

static void one_broker_to_a_directory(void **state)
{
	struct fixture *f = *state;
	struct broker *second = NULL;
	struct err err;

	assert_int_equal(broker_new(&second, f->event, &err), 0);
	assert_int_equal(broker_claim(second, f->dir, &err), -EBUSY);
	assert_said(&err, f->dir);
	assert_said(&err, "already");
	broker_free(second);
}

static void replaces_a_stale_socket_only(void **state)
{
	struct fixture *f = *state;
	char path[64];
	struct stat stat;
	struct err err;

	/* As a killed broker leaves it: the file is there, nobody listens. */
	broker_free(f->broker);
	path_of(f, BROKER_SOCKET_NAME, path);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
			 0);
	close(fd);
	f->broker = start_broker(f);
	assert_int_equal(lstat(path, &stat), 0);
	assert_int_equal(stat.st_mode & 0777, 0660);

	broker_free(f->broker);
	fd = creat(path, 0600);
	close(fd);
	assert_int_equal(broker_new(&f->broker, f->event, &err), 0);
	assert_int_equal(broker_claim(f->broker, f->dir, &err), 0);
	assert_int_equal(broker_listen(f->broker, -1, &err), -EEXIST);
	assert_said(&err, "is not a socket");
	assert_int_equal(unlink(path), 0);
}

/* Waiting, on the loop's own clock */

static int wait_for_one(struct lease_source *source, int wait_ms)
{
	struct lease lease;

	if (source->get(source->context, &lease) < 0 || /* the guarantee */
	    source->ask(source->context, (uint32_t)wait_ms) < 0)
		return 1;
	return -source->get(source->context, &lease);
}

static bool waits(struct fixture *f, int who)
{
	struct guest *guest = broker_registry(f->broker)->first;

	while (guest != NULL && strcmp(guest->name, "waits") != 0)
		guest = guest->next;
	(void)who;
	return guest != NULL && session_waiting(guest->session);
}

static bool is_alone(struct fixture *f, int context)
{
	(void)context;
	return broker_registry(f->broker)->first->next == NULL;
}

static void a_wait_ends_by_itself(void **state)
{
	struct fixture *f = *state;
	pid_t holder = start_client(f, "holder", 7, 7, take, 7);

	run_until(f, holds, 7);
	pid_t pid = start_client(f, "waits", 1, 2, wait_for_one, 20);
	run_until(f, waits, 0);
	run_until(f, is_alone, 0);
	assert_int_equal(status_of(pid), ENOMEM);
	kill(holder, SIGKILL);
	assert_int_equal(status_of(holder), -SIGKILL);
	run_until(f, is_whole, 0);
}

static void a_wait_ends_with_a_lease(void **state)
{
	struct fixture *f = *state;
	pid_t holder = start_client(f, "holder", 7, 7, take, 7);

	run_until(f, holds, 7);
	pid_t pid = start_client(f, "waits", 1, 2, wait_for_one, 100000);
	run_until(f, waits, 0);
	kill(holder, SIGKILL);
	assert_int_equal(status_of(holder), -SIGKILL);
	run_until(f, is_whole, 0);
	assert_int_equal(status_of(pid), 0);
}

static void a_wait_ends_with_who_waits(void **state)
{
	struct fixture *f = *state;
	pid_t holder = start_client(f, "holder", 7, 7, take, 7);

	run_until(f, holds, 7);
	pid_t pid = start_client(f, "waits", 1, 2, wait_for_one, 100000);
	run_until(f, waits, 0);
	kill(pid, SIGKILL);
	assert_int_equal(status_of(pid), -SIGKILL);
	run_until(f, is_alone, 0);
	kill(holder, SIGKILL);
	assert_int_equal(status_of(holder), -SIGKILL);
	run_until(f, is_whole, 0);
}

/* The private broker's way: one socket, and the loop ends with it. */
static void ends_with_its_only_client(void **state)
{
	struct fixture *f = *state;
	struct err err = {.text = ""};
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	if (broker_adopt_connection(f->broker, pair[1], &err) < 0)
		fail_msg("%s", err.text);
	broker_exit_when_alone(f->broker);
	close(pair[0]);
	assert_int_equal(sd_event_loop(f->event), 0);
}

/* Guests outlive the broker: what they mapped stays. */
static int outlive(struct lease_source *source, int go_on)
{
	struct lease lease;
	char byte;

	if (source->get(source->context, &lease) < 0)
		return 1;
	uint8_t *pages = map_lease(lease.fd);
	if (read(go_on, &byte, 1) != 1)
		return 2;
	pages[4096] = 1;
	if (source->get(source->context, &lease) != -EPIPE)
		return 3;
	return pages[4096] == 1 ? 0 : 4;
}

static void guests_outlive_it(void **state)
{
	struct fixture *f = *state;
	int go_on[2];

	assert_int_equal(pipe(go_on), 0);
	pid_t pid = start_client(f, "survivor", 1, 2, outlive, go_on[0]);
	run_until(f, holds, 1);
	broker_free(f->broker);
	assert_int_equal(write(go_on[1], "x", 1), 1);
	assert_int_equal(status_of(pid), 0);
	close(go_on[0]);
	close(go_on[1]);
	f->broker = start_broker(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(killed_clients_leave_it_whole),
		TEST(views_tell_the_truth),
		TEST(a_lease_waits_for_its_scrub),
		TEST(a_wait_ends_by_itself),
		TEST(a_wait_ends_with_a_lease),
		TEST(a_wait_ends_with_who_waits),
		TEST(one_broker_to_a_directory),
		TEST(replaces_a_stale_socket_only),
		TEST(ends_with_its_only_client),
		TEST(guests_outlive_it),
	};

	alarm(300); /* a broker that forgets somebody ends here */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
