/* SPDX-License-Identifier: MIT */
/* The broker on its event loop, against clients in processes of their own. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"
#include "broker-support.h"
#include "broker/broker.h"
#include "broker/session.h"
#include "lease/client.h"

#define POOL_LEASES 8

struct fixture {
	char dir[32];
	sd_event *event;
	struct broker *broker;
	struct ledger *ledger;
};

static struct broker *start_broker(struct fixture *f)
{
	const struct pool_spec spec = {.name = "pool", .leases = POOL_LEASES};
	struct broker *broker = NULL;
	struct err err = {.text = ""};

	if (broker_new(&broker, f->event, &err) < 0 ||
	    broker_claim(broker, f->dir, &err) < 0 ||
	    broker_add_pools(broker, &spec, 1, &err) < 0 ||
	    broker_listen(broker, -1, &err) < 0)
		fail_msg("%s", err.text);
	f->ledger = pool_ledger(broker_registry(broker)->pools[0]);
	return broker;
}

static int setup(void **state)
{
	static struct fixture fixture;

	strcpy(fixture.dir, "/tmp/labyrinth-XXXXXX");
	assert_non_null(mkdtemp(fixture.dir));
	assert_true(sd_event_new(&fixture.event) >= 0);
	fixture.broker = start_broker(&fixture);
	*state = &fixture;
	return 0;
}

static void path_of(const struct fixture *f, const char *name, char path[64])
{
	snprintf(path, 64, "%s/%s", f->dir, name);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[64];

	broker_free(f->broker);
	sd_event_unref(f->event);
	path_of(f, BROKER_SOCKET_NAME, path);
	assert_int_equal(access(path, F_OK), -1);
	path_of(f, BROKER_LOCK_NAME, path);
	unlink(path);
	return rmdir(f->dir);
}

/* Run the broker until it is so, validating after every event. */
static void run_until(struct fixture *f, bool (*so)(struct fixture *, int),
		      int context)
{
	while (!so(f, context)) {
		assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
		assert_valid(f->ledger);
	}
}

static bool is_whole(struct fixture *f, int context)
{
	(void)context;
	return broker_registry(f->broker)->first == NULL &&
	       ledger_count(f->ledger, EXTENT_BLANK) == POOL_LEASES;
}

static bool holds(struct fixture *f, int leases)
{
	return ledger_count(f->ledger, EXTENT_LEASED) == (uint32_t)leases;
}

/* A client in a child: greets, then does as its body says. */
static pid_t start_client(struct fixture *f, const char *name, int guarantee,
			  int limit, int (*body)(struct lease_source *, int),
			  int context)
{
	char path[64];

	path_of(f, BROKER_SOCKET_NAME, path);
	fflush(NULL);
	pid_t pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid != 0)
		return pid;
	const struct client_request request = {.name = name,
					       .pool = "pool",
					       .memory = 1,
					       .guarantee = (uint64_t)guarantee,
					       .limit = (uint64_t)limit,
					       .cpus = 1};
	struct client client;
	struct client_welcome welcome;
	struct err err;
	if (client_connect(&client, path, &err) < 0 ||
	    client_hello(&client, &request, &welcome, &err) < 0)
		_exit(99);
	struct lease_source source = client_source(&client);
	_exit(body(&source, context));
}

static int status_of(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Take and use, give back some, for ever. */
static int churn(struct lease_source *source, int seed)
{
	struct lease held[POOL_LEASES];
	uint32_t random = (uint32_t)seed;
	int n = 0;

	for (;;) {
		random = random * 1664525 + 1013904223;
		if (n < POOL_LEASES && (random >> 16) % 3 != 0) {
			if (source->get(source->context, &held[n]) == 0)
				n++;
		} else if (n > 0) {
			n--;
			close(held[n].fd);
			source->put(source->context, held[n].id);
		}
	}
	return 0;
}

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

static int take(struct lease_source *source, int leases)
{
	struct lease lease;

	for (int i = 0; i < leases; i++) {
		if (source->get(source->context, &lease) < 0)
			return 1;
		close(lease.fd);
	}
	pause();
	return 0;
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

/*
 * Ask without an end, and without waiting: every question is legal, every
 * answer is read, and there are always more on the way.
 */
static int flood(struct lease_source *source, int ahead)
{
	struct client *client = source->context;
	struct lab_lease_msg m = {.magic = LAB_LEASE_MAGIC,
				  .version = LAB_LEASE_VERSION,
				  .type = LAB_LEASE_LEASE,
				  .seq = client->seq};
	struct lab_lease_msg got;

	for (int on_the_way = 0;; on_the_way--) {
		for (; on_the_way < ahead; on_the_way++) {
			m.seq++;
			if (fd_send(client->socket, &m, sizeof(m), -1, 0) < 0)
				return 1;
		}
		int fd;
		if (fd_receive(client->socket, &got, sizeof(got), &fd, 0) <= 0)
			return 2;
	}
}

static void a_flood_starves_nobody(void **state)
{
	struct fixture *f = *state;
	pid_t flooders[2] = {start_client(f, "flood-1", 1, 1, flood, 8),
			     start_client(f, "flood-2", 1, 1, flood, 8)};

	run_until(f, holds, 2);
	pid_t pid = start_client(f, "modest", 6, 6, take, 6);
	run_until(f, holds, 8);
	kill(pid, SIGKILL);
	assert_int_equal(status_of(pid), -SIGKILL);
	/* The scrubs get their turn, too. */
	run_until(f, holds, 2);
	while (ledger_count(f->ledger, EXTENT_BLANK) < 6)
		assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
	for (int i = 0; i < 2; i++) {
		kill(flooders[i], SIGKILL);
		assert_int_equal(status_of(flooders[i]), -SIGKILL);
	}
	run_until(f, is_whole, 0);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(killed_clients_leave_it_whole),
		TEST(views_tell_the_truth),
		TEST(a_lease_waits_for_its_scrub),
		TEST(a_flood_starves_nobody),
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
