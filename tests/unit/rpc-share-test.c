/* SPDX-License-Identifier: MIT */
/* What viewers leave to others: turns of the loop, and descriptors. */
#include <config.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc-peer.h"
#include "rpc-view.h"

static struct peers peers;
static struct packet packet;

/* A guest that never rests: always something to read, and a count of turns. */
struct guest {
	sd_event_source *source;
	int pair[2];
	unsigned turns;
};

static int start(void **state)
{
	(void)state;
	packet_call(&packet, RMT_CONNECT_NUM_DOMAINS, 1, NULL, NULL);
	peers_start(&peers);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	peers_stop(&peers);
	return 0;
}

static int on_guest(sd_event_source *source, int fd, uint32_t events,
		    void *context)
{
	struct guest *self = context;
	(void)source, (void)fd, (void)events;

	self->turns++;
	return 0;
}

static void guest_start(struct guest *self)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, self->pair), 0);
	assert_int_equal(write(self->pair[1], "", 1), 1);
	assert_true(sd_event_add_io(peers.event, &self->source, self->pair[0],
				    EPOLLIN, on_guest, self) >= 0);
	self->turns = 0;
}

static void guest_stop(struct guest *self)
{
	sd_event_source_disable_unref(self->source);
	close(self->pair[0]);
	close(self->pair[1]);
}

static void turn(unsigned turns)
{
	while (turns-- > 0)
		assert_true(sd_event_run(peers.event, 0) > 0);
}

static void expect_answer(int fd)
{
	const uint8_t *reply;
	size_t bytes = peer_read(fd, &reply);

	assert_int_equal(packet_error(reply, bytes), 0);
}

static void a_busy_guest_does_not_keep_viewers_waiting(void **state)
{
	struct guest guest;
	int fd = peer_open(&peers, RPC_SOCKET_RO);

	(void)state;
	guest_start(&guest);
	assert_true(send(fd, packet.bytes, packet.header.length, 0) > 0);
	turn(10);
	expect_answer(fd);
	guest_stop(&guest);
	close(fd);
}

static void many_busy_viewers_count_as_one_guest(void **state)
{
	enum { VIEWERS = 10, CALLS = 20 };
	struct guest guest;
	int fds[VIEWERS];

	(void)state;
	for (int i = 0; i < VIEWERS; i++)
		fds[i] = peer_open(&peers, RPC_SOCKET_RO);
	for (int i = 0; i < VIEWERS * CALLS; i++)
		assert_true(send(fds[i % VIEWERS], packet.bytes,
				 packet.header.length, 0) > 0);
	guest_start(&guest);
	turn(100);
	assert_in_range(guest.turns, 40, 60);
	guest_stop(&guest);
	peers_turn(&peers);
	for (int i = 0; i < VIEWERS; i++) {
		for (int call = 0; call < CALLS; call++)
			expect_answer(fds[i]);
		close(fds[i]);
	}
}

/* Let time pass until the server hangs up on fd, which sends nothing. */
static void turn_until_cut(int fd)
{
	while (!peer_is_cut(fd))
		assert_true(sd_event_run(peers.event, UINT64_MAX) >= 0);
	close(fd);
}

static void clocks_that_run_out_together_are_all_heard(void **state)
{
	struct rpc_limits limits = rpc_server_limits(peers.server);

	(void)state;
	limits.open_usec = 0;
	rpc_server_limit(peers.server, &limits);
	int first = peer_connect(&peers, RPC_SOCKET_RO);
	int second = peer_connect(&peers, RPC_SOCKET_RO);
	turn_until_cut(first);
	turn_until_cut(second);
}

/* The broker has used most descriptors: viewers get a share of the rest. */
static void descriptors_in_use_are_not_given_away(void **state)
{
	enum { LIMIT = 400, USED = 300 };
	struct rlimit before, small;
	int used[USED];
	struct err err;

	(void)state;
	rpc_server_free(peers.server);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	small = (struct rlimit){LIMIT, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
	for (int i = 0; i < USED; i++) {
		used[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(used[i] >= 0);
	}
	assert_int_equal(rpc_server_new(&peers.server, peers.event,
					peers.directory, &rpc_view_source,
					&err),
			 0);
	unsigned clients = rpc_server_limits(peers.server).clients;
	for (int i = 0; i < USED; i++)
		close(used[i]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_in_range(clients, 1, (LIMIT - USED) / 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_busy_guest_does_not_keep_viewers_waiting),
		TEST(many_busy_viewers_count_as_one_guest),
		TEST(clocks_that_run_out_together_are_all_heard),
		TEST(descriptors_in_use_are_not_given_away),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
