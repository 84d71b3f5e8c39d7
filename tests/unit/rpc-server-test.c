/* SPDX-License-Identifier: MIT */
/* The server on real sockets: framing, limits, and peers who misbehave. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <libvirt/virterror.h>

#include "base/fd.h"
#include "rpc-peer.h"
#include "rpc-view.h"

static struct peers peers;
static struct packet packet;

static int start(void **state)
{
	(void)state;
	peers_start(&peers);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rpc_view_guests = 0;
	peers_stop(&peers);
	return 0;
}

static void send_call(int fd, int procedure, uint32_t serial)
{
	packet_call(&packet, procedure, serial, NULL, NULL);
	peer_send(&peers, fd, packet.bytes, packet.header.length);
}

/* The error code of the reply that must be there. */
static int read_error(int fd)
{
	const uint8_t *reply;
	size_t bytes = peer_read(fd, &reply);

	assert_true(bytes > 0);
	return packet_error(reply, bytes);
}

static mode_t mode_of(const char *name)
{
	char path[128];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", peers.directory, name);
	assert_int_equal(stat(path, &status), 0);
	assert_true(S_ISSOCK(status.st_mode));
	return status.st_mode & 07777;
}

static void its_sockets_are_open_to_the_right_people(void **state)
{
	(void)state;
	mode_t rw = mode_of(RPC_SOCKET_RW);
	assert_true(rw == 0600 || rw == 0660);
	assert_int_equal(mode_of(RPC_SOCKET_RO), 0666);
}

static void takes_half_packets(void **state)
{
	int fd = peer_connect(&peers, RPC_SOCKET_RW);

	(void)state;
	packet_open(&packet, 0, 0);
	for (uint32_t i = 0; i < packet.header.length; i++) {
		assert_true(peer_is_quiet(fd));
		peer_send(&peers, fd, packet.bytes + i, 1);
	}
	assert_int_equal(read_error(fd), 0);
	peer_expect_service(&peers, fd);
	close(fd);
}

static void takes_many_packets_at_once(void **state)
{
	static uint8_t bytes[100 * VIRNET_HEADER_BYTES];
	int fd = peer_open(&peers, RPC_SOCKET_RW);
	struct virnet_header header;
	const uint8_t *reply;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		packet_call(&packet, RMT_CONNECT_GET_TYPE, i, NULL, NULL);
		memcpy(bytes + i * VIRNET_HEADER_BYTES, packet.bytes,
		       VIRNET_HEADER_BYTES);
	}
	peer_send(&peers, fd, bytes, sizeof(bytes));
	for (uint32_t i = 0; i < 100; i++) {
		size_t length = peer_read(fd, &reply);
		assert_int_equal(packet_error(reply, length), 0);
		assert_int_equal(virnet_decode(reply, 1 << 20, &header), 0);
		assert_int_equal(header.serial, i);
	}
	assert_true(peer_is_quiet(fd));
	close(fd);
}

static void takes_the_largest_packet_only(void **state)
{
	static uint8_t zeros[1 << 20];
	int fd = peer_open(&peers, RPC_SOCKET_RW);

	(void)state;
	packet_call(&packet, RMT_CONNECT_GET_TYPE, 1, NULL, NULL);
	packet.header.length = 1 << 20;
	virnet_encode(&packet.header, packet.bytes);
	peer_send(&peers, fd, packet.bytes, VIRNET_HEADER_BYTES);
	peer_send(&peers, fd, zeros, sizeof(zeros) - VIRNET_HEADER_BYTES);
	assert_int_equal(read_error(fd), VIR_ERR_RPC);
	packet.header.length++;
	virnet_encode(&packet.header, packet.bytes);
	peer_send(&peers, fd, packet.bytes, VIRNET_HEADER_BYTES);
	assert_true(peer_is_cut(fd));
	close(fd);
}

/* Send the header as it is, on a connection of its own: it must be cut. */
static void expect_cut(struct virnet_header header)
{
	uint8_t bytes[VIRNET_HEADER_BYTES];
	int fd = peer_open(&peers, RPC_SOCKET_RW);

	virnet_encode(&header, bytes);
	peer_send(&peers, fd, bytes, sizeof(bytes));
	assert_true(peer_is_cut(fd));
	close(fd);
}

static void hangs_up_on_junk(void **state)
{
	const struct virnet_header good = {
		.length = VIRNET_HEADER_BYTES,
		.program = VIRNET_PROGRAM_REMOTE,
		.version = 1,
		.procedure = RMT_CONNECT_GET_TYPE,
	};
	struct virnet_header bad = good;
	int bystander = peer_open(&peers, RPC_SOCKET_RW);

	(void)state;
	for (int type = VIRNET_REPLY; type <= VIRNET_STREAM_HOLE + 1; type++) {
		bad.type = (enum virnet_type)type;
		expect_cut(bad);
	}
	bad = good;
	bad.status = VIRNET_ERROR;
	expect_cut(bad);
	bad = good;
	bad.length = 0;
	expect_cut(bad);
	bad.length = UINT32_MAX;
	expect_cut(bad);
	bad = good;
	bad.program = VIRNET_PROGRAM_KEEPALIVE; /* and a CALL is answered */
	bad.type = VIRNET_MESSAGE;
	bad.procedure = 3;
	expect_cut(bad);
	peer_expect_service(&peers, bystander);
	close(bystander);
}

static void answers_pings(void **state)
{
	struct virnet_header ping = {
		.length = VIRNET_HEADER_BYTES,
		.program = VIRNET_PROGRAM_KEEPALIVE,
		.version = 1,
		.procedure = VIRNET_KEEPALIVE_PING,
		.type = VIRNET_MESSAGE,
	};
	struct virnet_header pong;
	uint8_t bytes[VIRNET_HEADER_BYTES];
	const uint8_t *reply;
	int fd = peer_open(&peers, RPC_SOCKET_RW);

	(void)state;
	virnet_encode(&ping, bytes);
	peer_send(&peers, fd, bytes, sizeof(bytes));
	assert_int_equal(peer_read(fd, &reply), VIRNET_HEADER_BYTES);
	assert_int_equal(virnet_decode(reply, 1 << 20, &pong), 0);
	assert_int_equal(pong.program, VIRNET_PROGRAM_KEEPALIVE);
	assert_int_equal(pong.version, 1);
	assert_int_equal(pong.procedure, VIRNET_KEEPALIVE_PONG);
	assert_int_equal(pong.type, VIRNET_MESSAGE);
	assert_int_equal(pong.serial, 0);
	assert_int_equal(pong.status, VIRNET_OK);
	close(fd);
}

/* Let time pass until the server hangs up on fd, which sends nothing. */
static void turn_until_cut(int fd)
{
	while (!peer_is_cut(fd))
		assert_true(sd_event_run(peers.event, UINT64_MAX) >= 0);
}

static void pings_those_who_answer_and_gives_up(void **state)
{
	struct rpc_limits limits = rpc_server_limits(peers.server);
	int fd = peer_connect(&peers, RPC_SOCKET_RW);
	int feature = 10;
	size_t pings = 0;
	uint8_t bytes[VIRNET_HEADER_BYTES];
	struct virnet_header header;

	(void)state;
	packet_call(&packet, RMT_CONNECT_SUPPORTS_FEATURE, 0,
		    (xdrproc_t)xdr_int, &feature);
	peer_send(&peers, fd, packet.bytes, packet.header.length);
	assert_int_equal(read_error(fd), 0);
	limits.keepalive_usec = 1;
	rpc_server_limit(peers.server, &limits);
	packet_open(&packet, 1, 0);
	assert_true(send(fd, packet.bytes, packet.header.length, 0) > 0);
	while (sd_event_run(peers.event, UINT64_MAX) > 0 && peer_is_quiet(fd))
		;
	assert_int_equal(read_error(fd), 0);
	for (;;) {
		ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
		if (got == 0)
			break;
		if (got < 0) {
			sd_event_run(peers.event, UINT64_MAX);
			continue;
		}
		assert_int_equal(got, sizeof(bytes));
		assert_int_equal(virnet_decode(bytes, 28, &header), 0);
		assert_int_equal(header.program, VIRNET_PROGRAM_KEEPALIVE);
		assert_int_equal(header.procedure, VIRNET_KEEPALIVE_PING);
		pings++;
	}
	assert_int_equal(pings, limits.keepalive_misses);
	close(fd);
}

static void closes_when_asked(void **state)
{
	int fd = peer_open(&peers, RPC_SOCKET_RW);

	(void)state;
	send_call(fd, RMT_CONNECT_CLOSE, 1);
	assert_int_equal(read_error(fd), 0);
	assert_true(peer_is_cut(fd));
	close(fd);
}

static void the_other_socket_is_read_only(void **state)
{
	rmt_pool_flags refresh = {.pool.name = (char[]){"default"}};
	int fd = peer_open(&peers, RPC_SOCKET_RO);

	(void)state;
	packet_call(&packet, RMT_POOL_REFRESH, 1, (xdrproc_t)xdr_rmt_pool_flags,
		    &refresh);
	peer_send(&peers, fd, packet.bytes, packet.header.length);
	assert_int_equal(read_error(fd), VIR_ERR_OPERATION_DENIED);
	close(fd);
}

/* Not even where everybody may connect; the kernel may say so before us. */
static void descriptors_are_not_taken(void **state)
{
	int fd = peer_open(&peers, RPC_SOCKET_RO);
	int bystander = peer_open(&peers, RPC_SOCKET_RO);

	(void)state;
	int r = fd_send(fd, "x", 1, STDERR_FILENO, 0);
	peers_turn(&peers);
	if (r == 0)
		assert_true(peer_is_cut(fd));
	else
		assert_int_equal(r, -EPERM);
	peer_expect_service(&peers, bystander);
	close(fd);
	close(bystander);
}

/* Ask for a long list again and again, and read nothing. */
static void ask_without_reading(int fd)
{
	rmt_list_args args = {.need_results = 1};
	size_t asked = 0;

	packet_call(&packet, RMT_CONNECT_LIST_ALL_DOMAINS, 1,
		    (xdrproc_t)xdr_rmt_list_args, &args);
	while (send(fd, packet.bytes, packet.header.length, MSG_NOSIGNAL) ==
	       (ssize_t)packet.header.length) {
		peers_turn(&peers);
		/* Were they taken in, this would be gigabytes by now. */
		assert_true(++asked < 100000);
	}
	assert_int_equal(errno, EAGAIN);
}

static void one_who_never_reads_harms_nobody(void **state)
{
	struct rpc_limits limits = rpc_server_limits(peers.server);
	int fd = peer_open(&peers, RPC_SOCKET_RW);
	int bystander = peer_open(&peers, RPC_SOCKET_RW);

	(void)state;
	rpc_view_guests = RMT_LIST_MAX;
	ask_without_reading(fd);
	peer_expect_service(&peers, bystander);
	close(fd);

	/* And has a time after which it is cut off. */
	fd = peer_open(&peers, RPC_SOCKET_RW);
	limits.stall_usec = 1;
	rpc_server_limit(peers.server, &limits);
	rmt_list_args args = {.need_results = 1};
	packet_call(&packet, RMT_CONNECT_LIST_ALL_DOMAINS, 1,
		    (xdrproc_t)xdr_rmt_list_args, &args);
	assert_true(send(fd, packet.bytes, packet.header.length, 0) > 0);
	do {
		assert_true(sd_event_run(peers.event, UINT64_MAX) >= 0);
	} while (send(fd, packet.bytes, 4, MSG_NOSIGNAL) > 0);
	assert_int_equal(errno, EPIPE);
	peer_expect_service(&peers, bystander);
	close(fd);
	close(bystander);
}

static void those_who_do_not_open_are_few(void **state)
{
	struct rpc_limits limits = rpc_server_limits(peers.server);
	int fds[3];

	(void)state;
	limits.anonymous = 2;
	rpc_server_limit(peers.server, &limits);
	for (int i = 0; i < 3; i++) {
		fds[i] = peer_connect(&peers, RPC_SOCKET_RO);
		send_call(fds[i], RMT_AUTH_LIST, 0);
	}
	assert_int_equal(read_error(fds[0]), 0);
	assert_int_equal(read_error(fds[1]), 0);
	assert_true(peer_is_quiet(fds[2]));
	/* The other socket has places of its own. */
	int other = peer_open(&peers, RPC_SOCKET_RW);
	peer_expect_service(&peers, other);
	/* One opens: a place is free. */
	packet_open(&packet, 1, 0);
	peer_send(&peers, fds[0], packet.bytes, packet.header.length);
	assert_int_equal(read_error(fds[0]), 0);
	assert_int_equal(read_error(fds[2]), 0);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	close(other);
}

static void clients_are_counted(void **state)
{
	struct rpc_limits limits = rpc_server_limits(peers.server);

	(void)state;
	limits.clients = 2;
	rpc_server_limit(peers.server, &limits);
	int first = peer_open(&peers, RPC_SOCKET_RW);
	int second = peer_open(&peers, RPC_SOCKET_RW);
	int third = peer_connect(&peers, RPC_SOCKET_RW);
	send_call(third, RMT_AUTH_LIST, 0);
	assert_true(peer_is_quiet(third));
	close(first);
	peers_turn(&peers);
	assert_int_equal(read_error(third), 0);
	close(second);
	close(third);
}

static void opening_has_a_deadline(void **state)
{
	struct rpc_limits limits = rpc_server_limits(peers.server);

	(void)state;
	limits.open_usec = 1;
	rpc_server_limit(peers.server, &limits);
	int fd = peer_connect(&peers, RPC_SOCKET_RW);
	turn_until_cut(fd);
	close(fd);
}

static void a_living_daemon_is_not_replaced(void **state)
{
	struct rpc_server *second;
	struct err err;

	(void)state;
	assert_int_equal(rpc_server_new(&second, peers.event, peers.directory,
					&rpc_view_source, &err),
			 -EADDRINUSE);
	assert_non_null(strstr(err.text, RPC_SOCKET_RW));
	int fd = peer_open(&peers, RPC_SOCKET_RW);
	peer_expect_service(&peers, fd);
	close(fd);
}

static void a_stale_socket_is_replaced(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct err err;

	(void)state;
	rpc_server_free(peers.server);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s",
		 peers.directory, RPC_SOCKET_RW);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
			 0);
	close(fd);
	assert_int_equal(rpc_server_new(&peers.server, peers.event,
					peers.directory, &rpc_view_source,
					&err),
			 0);
	fd = peer_open(&peers, RPC_SOCKET_RW);
	peer_expect_service(&peers, fd);
	close(fd);
}

static void a_file_in_the_way_is_left_alone(void **state)
{
	char path[128];
	struct err err;
	struct rpc_server *server;

	(void)state;
	rpc_server_free(peers.server);
	peers.server = NULL;
	snprintf(path, sizeof(path), "%s/%s", peers.directory, RPC_SOCKET_RO);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(rpc_server_new(&server, peers.event, peers.directory,
					&rpc_view_source, &err),
			 -EEXIST);
	assert_int_equal(unlink(path), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_sockets_are_open_to_the_right_people),
		TEST(takes_half_packets),
		TEST(takes_many_packets_at_once),
		TEST(takes_the_largest_packet_only),
		TEST(hangs_up_on_junk),
		TEST(answers_pings),
		TEST(pings_those_who_answer_and_gives_up),
		TEST(closes_when_asked),
		TEST(the_other_socket_is_read_only),
		TEST(descriptors_are_not_taken),
		TEST(one_who_never_reads_harms_nobody),
		TEST(those_who_do_not_open_are_few),
		TEST(clients_are_counted),
		TEST(opening_has_a_deadline),
		TEST(a_living_daemon_is_not_replaced),
		TEST(a_stale_socket_is_replaced),
		TEST(a_file_in_the_way_is_left_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
