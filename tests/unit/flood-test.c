/* SPDX-License-Identifier: MIT */
/* Clients that are too many, or ask too much: the others have their turns. */
#include <config.h>

#include "loop-support.h"

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

/* One message of a client in this process: a number, from 1. */
static void say(struct client *client, struct lab_lease_msg *m,
		enum lab_lease_type type)
{
	m->magic = LAB_LEASE_MAGIC;
	m->version = LAB_LEASE_VERSION;
	m->type = (uint16_t)type;
	m->seq = ++client->seq;
	assert_int_equal(fd_send(client->socket, m, sizeof(*m), -1, 0), 0);
}

/* How many times the loop turns until the answer is there. */
static int turns_to_answer(struct fixture *f, struct client *client,
			   struct lab_lease_msg *m)
{
	int turns = 0, fd = -1;

	while (fd_receive(client->socket, m, sizeof(*m), &fd, MSG_DONTWAIT) ==
	       -EAGAIN) {
		assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
		turns++;
	}
	if (fd >= 0)
		close(fd);
	return turns;
}

/*
 * However much others ask, each has one message taken before the next answer,
 * and one lease is scrubbed: that is a turn each, and another to look what is
 * due after it. The door, the clock, the asker and what scrubs (a step that is
 * asked for, one that is not, and the clock of these) have theirs, and the clocks
 * come a few times in a round: up to 22 turns were seen where 14 would do.
 */
static void an_answer_takes_one_round(void **state)
{
	struct fixture *f = *state;
	pid_t others[] = {start_client(f, "flood-1", 1, 1, flood, 8),
			  start_client(f, "flood-2", 1, 1, flood, 8),
			  start_client(f, "churn", 3, 3, churn, 1)};
	const int count = sizeof(others) / sizeof(others[0]);
	const int round = 2 * (count + 11);
	struct lab_lease_msg m = {.hello = {.name = "modest",
					    .pool = "pool",
					    .memory = 1,
					    .guarantee = 2,
					    .limit = 2,
					    .cpus = 1}};
	struct client client;
	char path[64];
	struct err err;

	run_until(f, holds, 3);
	path_of(f, BROKER_SOCKET_NAME, path);
	assert_int_equal(client_connect(&client, path, &err), 0);
	say(&client, &m, LAB_LEASE_HELLO);
	turns_to_answer(f, &client, &m);
	assert_int_equal(m.type, LAB_LEASE_WELCOME);
	for (int i = 0; i < 200; i++) {
		m = (struct lab_lease_msg){0};
		say(&client, &m, LAB_LEASE_LEASE);
		assert_in_range(turns_to_answer(f, &client, &m), 0, round);
		assert_int_equal(m.type, LAB_LEASE_LEASED);
		say(&client, &m, LAB_LEASE_RETURN);
	}
	close(client.socket);
	for (int i = 0; i < count; i++) {
		kill(others[i], SIGKILL);
		assert_int_equal(status_of(others[i]), -SIGKILL);
	}
	run_until(f, is_whole, 0);
}

static int connect_silently(struct fixture *f)
{
	struct client client;
	char path[64];
	struct err err;

	path_of(f, BROKER_SOCKET_NAME, path);
	assert_int_equal(client_connect(&client, path, &err), 0);
	while (sd_event_run(f->event, 0) > 0)
		;
	return client.socket;
}

/* Who says nothing keeps nobody out, and nobody who has spoken goes. */
static void the_silent_give_way(void **state)
{
	struct fixture *f = *state;
	int silent[BROKER_SILENT_MAX + 3];
	const int count = sizeof(silent) / sizeof(silent[0]);
	struct lab_lease_msg m;

	pid_t one = start_client(f, "one", 2, 2, take, 2);
	run_until(f, holds, 2);
	for (int i = 0; i < count; i++)
		silent[i] = connect_silently(f);
	pid_t two = start_client(f, "two", 2, 2, take, 2);
	run_until(f, holds, 4);
	for (int i = 0; i < count; i++) {
		/* Three for the last three, and one for who spoke. */
		assert_int_equal(fd_receive(silent[i], &m, sizeof(m), NULL,
					    MSG_DONTWAIT),
				 i < 4 ? 0 : -EAGAIN);
		close(silent[i]);
	}
	kill(one, SIGKILL);
	kill(two, SIGKILL);
	assert_int_equal(status_of(one), -SIGKILL);
	assert_int_equal(status_of(two), -SIGKILL);
	run_until(f, is_whole, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_flood_starves_nobody),
		TEST(an_answer_takes_one_round),
		TEST(the_silent_give_way),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
